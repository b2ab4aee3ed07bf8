//! Names as users type them.

use mandate_documents::document::RoleText;

/// Completes the name of a subject: `jan` is `users/jan`.
pub(super) fn subject(text: &str) -> String {
    if text.contains('/') {
        text.to_owned()
    } else {
        format!("users/{text}")
    }
}

/// Completes the name of a resource: `acme/units/k1` is `organizations/acme/units/k1`.
pub(super) fn in_organization(text: &str) -> String {
    if text.starts_with("organizations/") {
        text.to_owned()
    } else {
        format!("organizations/{text}")
    }
}

/// Parses a role in the syntax of documents.
pub(super) fn role(text: &str) -> Result<RoleText<'_>, String> {
    RoleText::parse(text).ok_or_else(|| format!("`{text}` is not a role: write `application.role`"))
}

/// Returns the name of a role for grants in an organization.
pub(super) fn role_name(organization: &str, text: &str) -> Result<String, String> {
    if text.contains('/') {
        return Ok(text.to_owned());
    }
    Ok(role(text)?.name(organization))
}

/// Returns the name of an enum value without the prefix of its enum.
pub(super) fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_completed_and_full_ones_stay() {
        assert_eq!(subject("jan"), "users/jan");
        assert_eq!(subject("users/jan"), "users/jan");
        assert_eq!(subject("serviceAccounts/x"), "serviceAccounts/x");
        assert_eq!(in_organization("acme"), "organizations/acme");
        assert_eq!(
            in_organization("acme/units/k1"),
            "organizations/acme/units/k1"
        );
        assert_eq!(in_organization("organizations/acme"), "organizations/acme");
    }
}
