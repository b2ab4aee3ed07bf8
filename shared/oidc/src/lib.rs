//! Tokens of one OpenID Connect issuer, of Kubernetes for one: verified here, with the keys that the
//! issuer publishes, so that no call waits for it.
//!
//! A token proves an identity, an issuer's subject; whose that is, identity knows. Issuer and
//! audience are required: a token that was made for another service proves nothing here. The
//! algorithm is the key's, never the token's choice, and no key is symmetric: what everybody can read
//! cannot sign.

mod fetch;
mod key_set;
mod settings;
mod token;
mod tokens;

pub use settings::{Settings, SettingsError};
pub use token::Verified;
pub use tokens::{KeysUnread, Tokens};
