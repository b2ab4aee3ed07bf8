//! The facts of the benchmarks: the customers of a large operator as one document, and questions
//! with their right answers.

use std::fmt::Write;

use api::entitlement::v1::Effect;

use crate::scope::{Scope, UNITS, above, unit_of};

/// Dimensions of the document.
#[derive(Debug, Clone, Copy)]
pub struct Portfolio {
    /// Number of organizations.
    pub organizations: usize,
    /// Number of resources of each organization, in the lowest units.
    pub resources: usize,
    /// Number of users of each organization, with a membership and a grant each.
    pub users: usize,
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
pub struct Asked {
    /// `users/{user}`.
    pub subject: String,
    /// `fleet.vehicles.{verb}`.
    pub permission: &'static str,
    /// The resource name.
    pub resource: String,
    /// The right answer.
    pub effect: Effect,
    /// The same question as numbers, for systems with other names.
    pub numbers: Numbers,
}

/// The subject and the resource of a question, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// The number of the organization.
    pub organization: usize,
    /// The number of the user within the organization.
    pub user: usize,
    /// The number of the resource within the organization.
    pub resource: usize,
}

impl Asked {
    /// Returns the verb of the permission, its last part.
    pub fn verb(&self) -> &'static str {
        self.permission.rsplit('.').next().unwrap_or_default()
    }
}

impl Portfolio {
    /// Returns the number of facts in the document.
    pub fn facts(&self) -> usize {
        // The organization and its entitlement; and per user, the user, the membership and the
        // grant.
        1 + self.organizations * (2 + UNITS + self.resources + 3 * self.users)
    }

    /// Returns the document.
    pub fn document(&self) -> String {
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

    /// Returns a question by number. The first `organizations × users × resources` questions all
    /// differ, and successive questions are about different organizations.
    pub fn question(&self, number: usize) -> Asked {
        let organization = number % self.organizations;
        self.question_in(organization, number / self.organizations)
    }

    /// Returns a question about one organization, by number.
    pub fn question_in(&self, organization: usize, number: usize) -> Asked {
        let user = number % self.users;
        let numbers = Numbers {
            organization,
            user,
            resource: (number / self.users + user * 7) % self.resources,
        };
        let edits = number.is_multiple_of(10);
        Asked::new(numbers, if edits { EDIT } else { VIEW })
    }

    /// Returns questions about one user and many resources, as a list in a portal needs them.
    pub fn list(&self, organization: usize, count: usize) -> Vec<Asked> {
        let user = organization % self.users;
        let numbers = |number: usize| Numbers {
            organization,
            user,
            resource: (number + user * 7) % self.resources,
        };
        (0..count)
            .map(|number| {
                let edits = number % 10 == 9;
                Asked::new(numbers(number), if edits { EDIT } else { VIEW })
            })
            .collect()
    }

    /// Returns a question that a grant on a unit allows.
    pub fn allowed_by_unit(&self, organization: usize) -> Option<Asked> {
        (0..self.resources)
            .map(|resource| Numbers {
                organization,
                user: 1,
                resource,
            })
            .map(|numbers| Asked::new(numbers, VIEW))
            .find(|asked| asked.effect == Effect::Allow)
    }
}

impl Asked {
    fn new(numbers: Numbers, permission: &'static str) -> Self {
        let Numbers {
            organization,
            user,
            resource,
        } = numbers;
        let allowed = permission == VIEW && Scope::of(user).covers(resource);
        Self {
            subject: format!("users/{}", user_id(organization, user)),
            permission,
            resource: format!("organizations/o{organization}/resources/r{resource}"),
            effect: if allowed { Effect::Allow } else { Effect::Deny },
            numbers,
        }
    }
}

/// The permission that every grant includes, and the one that none includes.
const VIEW: &str = "fleet.vehicles.view";
const EDIT: &str = "fleet.vehicles.edit";

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
