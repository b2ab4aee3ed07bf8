//! The facts that are asked about: the customers of a large operator, as one document, and
//! questions with their right answers.

use std::fmt::Write;

use api::entitlement::v1::Effect;

use crate::scope::{Scope, UNITS, above, unit_of};

/// Sizes of the document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portfolio {
    /// Organizations.
    pub(crate) organizations: usize,
    /// Resources of each, in the lowest units.
    pub(crate) resources: usize,
    /// Users of each, with a membership and a grant.
    pub(crate) users: usize,
}

impl Default for Portfolio {
    fn default() -> Self {
        Self {
            organizations: 100,
            resources: 500,
            users: 50,
        }
    }
}

/// A question and its right answer.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) subject: String,
    pub(crate) permission: &'static str,
    pub(crate) resource: String,
    pub(crate) effect: Effect,
}

impl Portfolio {
    /// The facts that the document says.
    pub(crate) fn facts(&self) -> usize {
        // The organization and its entitlement; the user, the membership and the grant.
        1 + self.organizations * (2 + UNITS + self.resources + 3 * self.users)
    }

    /// The document.
    pub(crate) fn document(&self) -> String {
        let mut text = String::from(APPLICATION);
        text.push_str("users:\n");
        for organization in 0..self.organizations {
            for user in 0..self.users {
                let id = user_id(organization, user);
                put(
                    &mut text,
                    format_args!("  - {{id: {id}, login: {id}, given_name: Number {user}}}"),
                );
            }
        }
        text.push_str("organizations:\n");
        for organization in 0..self.organizations {
            self.organization(&mut text, organization);
        }
        text
    }

    fn organization(&self, text: &mut String, organization: usize) {
        put(text, format_args!("  - id: o{organization}"));
        put(
            text,
            format_args!("    display_name: Customer {organization}"),
        );
        text.push_str("    entitlements: [{application: fleet}]\n    units:\n");
        for unit in 0..UNITS {
            let parent =
                above(unit).map_or_else(String::new, |above| format!(", parent: n{above}"));
            let (id, kind) = (format!("n{unit}"), "department");
            put(
                text,
                format_args!(
                    "      - {{id: {id}, display_name: Unit {unit}, kind: {kind}{parent}}}"
                ),
            );
        }
        text.push_str("    resources:\n");
        for resource in 0..self.resources {
            let unit = unit_of(resource);
            put(
                text,
                format_args!(
                    "      - {{id: r{resource}, type: phone-number, external_id: x{resource}, \
                     display_name: Number {resource}, unit: n{unit}}}"
                ),
            );
        }
        text.push_str("    memberships:\n");
        for user in 0..self.users {
            let (id, scope) = (user_id(organization, user), Scope::of(user).text());
            put(
                text,
                format_args!(
                    "      - {{user: {id}, grants: [{{role: fleet.viewer, scope: {scope}}}]}}"
                ),
            );
        }
    }

    /// The question of a number. Up to `organizations × users × resources` no two are the same,
    /// and neighbours are about different organizations.
    pub(crate) fn question(&self, number: usize) -> Asked {
        let organization = number % self.organizations;
        self.question_in(organization, number / self.organizations)
    }

    /// The question of a number about one organization.
    pub(crate) fn question_in(&self, organization: usize, number: usize) -> Asked {
        let user = number % self.users;
        let resource = (number / self.users + user * 7) % self.resources;
        let permission = if number.is_multiple_of(10) {
            "fleet.vehicles.edit"
        } else {
            "fleet.vehicles.view"
        };
        let allowed = permission.ends_with("view") && Scope::of(user).covers(resource);
        Asked {
            subject: format!("users/{}", user_id(organization, user)),
            permission,
            resource: format!("organizations/o{organization}/resources/r{resource}"),
            effect: if allowed { Effect::Allow } else { Effect::Deny },
        }
    }
}

const APPLICATION: &str = "\
applications:
  - id: fleet
    display_name: Fleet
    modules:
      - {id: vehicles, display_name: Vehicles, verbs: [view, edit]}
    roles:
      - {id: viewer, display_name: Viewer, permissions: [fleet.vehicles.view]}
";

fn user_id(organization: usize, user: usize) -> String {
    format!("u{organization}-{user}")
}

fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{line}");
}
