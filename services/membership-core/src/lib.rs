//! The rules of membership, pure: the tree of units, states, fields.

mod field;
mod member;
mod protected;
mod state;
mod tree;

pub use field::{InvalidField, check_external_id, check_kind, check_number, check_type};
pub use member::membership_id;
pub use protected::{ROOT, is_protected_membership, is_protected_organization};
pub use state::{State, Verb, WrongState};
pub use tree::{MAX_DEPTH, Misplaced, Tree};
