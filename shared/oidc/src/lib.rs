//! Tokens of one OpenID Connect issuer, such as Kubernetes: verified here, with the keys that the
//! issuer publishes, so that a call never waits for the issuer.
//!
//! A token proves an identity, that is, an issuer's subject; the identity service knows its
//! account. Issuer and audience are required: a token for another service proves nothing here. The
//! algorithm is determined by the key, never by the token, and keys are never symmetric: a
//! published key must not be able to sign.

mod fetch;
mod key_set;
mod settings;
mod token;
mod tokens;

pub use settings::{Settings, SettingsError};
pub use token::Verified;
pub use tokens::{KeysUnread, Tokens};
