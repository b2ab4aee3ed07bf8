//! The rules of identity, pure: logins, realms, keys, and what must stay.

mod key;
mod login;
mod protected;

pub use key::{InvalidSecret, KeySecret};
pub use login::{InvalidLogin, Login};
pub use protected::{ROOT, is_protected_account};
