//! The rules of entitlement, pure: the catalog, the facts, the decision.
//!
//! Nothing here waits, reads a clock, or knows the source of facts. [`decide`] answers one query;
//! [`explain`] and [`access`] report more about the same facts and agree with it.

mod access;
pub mod authority;
mod catalog;
pub mod condition;
mod decide;
mod difference;
mod explain;
mod facts;
mod keeping;
pub mod management;
mod permission;
mod role;
mod scope;
mod separation;
mod widening;

pub use access::{ApplicationAccess, PermissionAccess, access, entitled};
pub use catalog::{
    ApplicationDefinition, ApplicationIndex, Catalog, CatalogError, ModuleDefinition,
    OptionDefinition, PermissionIndex, RoleDefinition,
};
pub use condition::{Condition, Given};
pub use decide::{Decision, Facts, Reason, decide, missing};
pub use difference::{RoleDifference, difference, held};
pub use explain::{Explanation, GrantConsideration, Step, explain, holds_throughout};
pub use facts::{
    Bounds, CompactId, Entitlement, Grant, Member, Organization, Subject, SubjectKind, Validity,
};
pub use keeping::lasts_until;
pub use permission::{InvalidPattern, Pattern, is_permission};
pub use role::{RoleIndex, RoleSet, Roles};
pub use scope::{Node, Part, Scope, Target, Tree};
pub use separation::{parts, violation};
pub use widening::{Hold, widens};

/// A map keyed by ids that customers choose: seeded, so that nobody can choose ids that collide.
pub type Map<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;
