//! Asks Mandate.
