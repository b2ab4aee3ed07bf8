//! The rules of identity, pure: logins, realms, keys, filters, and protected accounts.

mod filter;
mod key;
mod login;
mod protected;

pub use filter::equalities;
pub use key::{InvalidSecret, KeySecret};
pub use login::{InvalidLogin, Login};
pub use protected::{ROOT, is_protected_account};
