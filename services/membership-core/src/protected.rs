//! Protected entities, through which the installation is governed: without them nobody could grant
//! anything, and nobody could undo that.

use types::{Id, In, MembershipId, OrganizationId};

/// The id of the first service account, and of its membership in the operator organization.
pub const ROOT: &str = "root";

/// True for the operator organization, in which access must always be in force.
pub fn is_protected_organization(organization: &OrganizationId) -> bool {
    *organization == OrganizationId::operator()
}

/// True for the membership of the first service account in the operator organization.
pub fn is_protected_membership(name: &In<MembershipId>) -> bool {
    is_protected_organization(&name.organization) && name.id.as_str() == ROOT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_of_the_operator_is_protected() {
        for (name, protected) in [
            ("organizations/operator/memberships/root", true),
            ("organizations/operator/memberships/jan", false),
            ("organizations/acme/memberships/root", false),
        ] {
            let name = In::parse_name(name).unwrap();
            assert_eq!(is_protected_membership(&name), protected, "{name}");
        }
    }
}
