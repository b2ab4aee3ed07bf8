//! Keys of questions: only questions with well-formed names have one.

use types::{Id, OrganizationId, ResourceId, ServiceAccountId, UnitId, UserId};

use crate::question::Question;

/// Returns the organization of a question, and the rest of its resource name: `units/…`,
/// `resources/…` or nothing. `None` if the question breaks a rule, which the service then reports.
pub(super) fn place(question: &Question) -> Option<(OrganizationId, &str)> {
    if !is_subject(&question.subject) || !is_permission(&question.permission) {
        return None;
    }
    let rest = question.resource.strip_prefix("organizations/")?;
    let (organization, place) = rest.split_once('/').unwrap_or((rest, ""));
    let valid = match place.split_once('/') {
        Some(("units", id)) => UnitId::is_valid(id),
        Some(("resources", id)) => ResourceId::is_valid(id),
        Some(_) => false,
        // `organizations/acme/` is not a name.
        None => place.is_empty() && !rest.ends_with('/'),
    };
    let organization = OrganizationId::parse(organization).ok()?;
    valid.then_some((organization, place))
}

fn is_subject(name: &str) -> bool {
    match name.split_once('/') {
        Some(("users", id)) => UserId::is_valid(id),
        Some(("serviceAccounts", id)) => ServiceAccountId::is_valid(id),
        _ => false,
    }
}

/// `application.module.verb` or `application.module.option.verb`; each part is a slug.
fn is_permission(text: &str) -> bool {
    let parts = text.split('.').count();
    (3..=4).contains(&parts) && text.split('.').all(types::ApplicationId::is_valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(subject: &str, permission: &str, resource: &str) -> Option<(String, String)> {
        let question = Question::new(subject, permission, resource);
        let (organization, place) = place(&question)?;
        Some((organization.to_string(), place.to_owned()))
    }

    #[test]
    fn valid_questions_have_a_place() {
        let cases = [
            ("organizations/acme", ""),
            ("organizations/acme/units/k1", "units/k1"),
            ("organizations/acme/resources/+324", "resources/+324"),
        ];
        for (resource, place) in cases {
            let expected = Some(("acme".to_owned(), place.to_owned()));
            assert_eq!(read("users/jan", "fleet.billing.view", resource), expected);
            assert_eq!(read("serviceAccounts/bot", "a.b.c.d", resource), expected);
        }
    }

    #[test]
    fn what_breaks_a_rule_has_none() {
        let (subject, permission, resource) = ("users/jan", "a.b.c", "organizations/acme");
        for subject in ["", "jan", "users/", "users/j:n", "users/a/b", "groups/a"] {
            assert_eq!(read(subject, permission, resource), None, "{subject}");
        }
        for permission in ["", "a.b", "a.b.c.d.e", "a..c", "A.b.c", "a.b.c "] {
            assert_eq!(read(subject, permission, resource), None, "{permission}");
        }
        for resource in [
            "",
            "organizations/",
            "organizations/acme/",
            "organizations/acme/units",
            "organizations/acme/units/",
            "organizations/acme/units/k1/",
            "organizations/acme/grants/g1",
            "organizations/a}{b",
            "units/k1",
        ] {
            assert_eq!(read(subject, permission, resource), None, "{resource}");
        }
    }
}
