//! The rules of identity, pure: logins, realms, keys.

mod key;
mod login;

pub use key::{InvalidSecret, KeySecret};
pub use login::{InvalidLogin, Login};
