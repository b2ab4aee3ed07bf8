//! The rules of membership, pure: the tree of units, states, contacts, change requests, fields.

mod contact;
mod field;
mod member;
mod protected;
mod request;
mod state;
mod tree;

pub use contact::{IsPrimary, MAX_CONTACTS, Representatives};
pub use field::{InvalidField, check_external_id, check_kind, check_number, check_type, check_uri};
pub use member::membership_id;
pub use protected::{ROOT, is_protected_membership, is_protected_organization};
pub use request::{MAX_UNDECIDED, Misstep, RequestState, RequestStep, has_content};
pub use state::{State, Verb, WrongState};
pub use tree::{MAX_DEPTH, Misplaced, Tree};
