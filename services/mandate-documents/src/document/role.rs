//! Role names in documents.

/// A role: `application.role`, or `custom:application.role` for a custom role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleText<'a> {
    /// True for a custom role.
    pub custom: bool,
    /// The application.
    pub application: &'a str,
    /// The id of the role.
    pub role: &'a str,
}

impl<'a> RoleText<'a> {
    /// Parses a role; `None` if the text does not have the form of one.
    pub fn parse(text: &'a str) -> Option<Self> {
        let own = text.strip_prefix("custom:");
        let (application, role) = own.unwrap_or(text).split_once('.')?;
        Some(Self {
            custom: own.is_some(),
            application,
            role,
        })
    }

    /// Returns the resource name, for grants in `organizations/{organization}`.
    pub fn name(self, organization: &str) -> String {
        let name = format!("applications/{}/roles/{}", self.application, self.role);
        if self.custom {
            format!("{organization}/{name}")
        } else {
            name
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_of_the_catalog_or_of_the_organization() {
        let name = |text| RoleText::parse(text).map(|role| role.name("organizations/acme"));
        let expected = "applications/fleet/roles/viewer".to_owned();
        assert_eq!(name("fleet.viewer"), Some(expected));
        let expected = "organizations/acme/applications/fleet/roles/clerk".to_owned();
        assert_eq!(name("custom:fleet.clerk"), Some(expected));
        assert_eq!(name("viewer"), None);
    }
}
