//! The documents that `mandate apply` reads: YAML that declares the desired state.

mod grant_id;
mod mapping;
mod model;
mod parse;
mod place;
mod role;
mod scope;
mod text;
mod validate;
mod whereabouts;

pub(crate) use grant_id::grant_id;
pub use model::{
    ApplicationEntry, ContactEntry, CustomRoleEntry, EntitlementEntry, GrantEntry, MembershipEntry,
    ModuleEntry, Names, OidcEntry, OptionEntry, OrganizationEntry, ResourceEntry, RoleEntry, Root,
    ServiceAccountEntry, UnitEntry, UserEntry,
};
pub use parse::parse_str;
pub use place::{At, Problem};
pub use role::RoleText;
pub use scope::{Places, ScopeEntry};
pub use text::Text;
pub use validate::{Deferred, Reference, Validated, validate};
pub(crate) use validate::{management_mode, placement};
pub(crate) use whereabouts::Positions;

/// A parsed document.
#[derive(Debug, Clone)]
pub struct Document {
    /// The file, as named in problems.
    pub file: String,
    /// The content.
    pub root: Root,
}

/// Five example portals, by file name.
pub const PORTALS: [(&str, &str); 5] = [
    ("business.yaml", include_str!("../portals/business.yaml")),
    (
        "enterprise.yaml",
        include_str!("../portals/enterprise.yaml"),
    ),
    ("fleet.yaml", include_str!("../portals/fleet.yaml")),
    ("hosting.yaml", include_str!("../portals/hosting.yaml")),
    ("reseller.yaml", include_str!("../portals/reseller.yaml")),
];

#[cfg(test)]
mod tests;
