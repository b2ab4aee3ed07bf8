//! The facts that the load queries.

use api::entitlement::v1::{CheckRequest, CreateGrantRequest, Grant, Scope};

use super::random::Random;

/// Number of users whose grants come and go. One more user always holds a grant, and one more never
/// does.
pub const USERS: usize = 8;
/// Number of organizations that only tests query, not the load. Each has one user with access and
/// one without.
pub const COLD: usize = 40;

pub(super) const ORGANIZATION: &str = "hot";
/// The permission in every question.
pub const PERMISSION: &str = "desk.bills.view";
const ROLE: &str = "applications/desk/roles/viewer";
const PLACES: [&str; 4] = ["", "/units/north", "/units/port", "/resources/n1"];

/// Returns the name of a user.
pub fn user(number: usize) -> String {
    format!("users/u{number}")
}

/// Returns the name of a location in an organization, by number.
pub fn place(organization: &str, number: usize) -> String {
    let place = PLACES.iter().cycle().nth(number).expect("a place");
    format!("organizations/{organization}{place}")
}

/// Returns a question about a user in the hot organization.
pub(super) fn question(number: usize, random: &mut Random) -> CheckRequest {
    CheckRequest {
        subject: user(number),
        permission: PERMISSION.to_owned(),
        resource: place(ORGANIZATION, random.below(PLACES.len())),
        consistency: None,
        read_time: None,
        context: None,
    }
}

/// Returns the request that creates a grant in the hot organization.
pub(super) fn grant(number: usize, id: &str) -> CreateGrantRequest {
    CreateGrantRequest {
        parent: format!("organizations/{ORGANIZATION}"),
        grant_id: id.to_owned(),
        grant: Some(Grant {
            subject: user(number),
            role: ROLE.to_owned(),
            scope: Some(Scope {
                all: true,
                ..Scope::default()
            }),
            ..Grant::default()
        }),
        request_id: format!("make-{id}"),
        ..CreateGrantRequest::default()
    }
}

/// The user who always holds access.
pub(super) const ALWAYS: usize = USERS;
/// The user who never holds access.
pub(super) const NEVER: usize = USERS + 1;

/// Returns the document with all facts.
pub(super) fn document() -> String {
    let mut text = String::from(
        "
applications:
  - id: desk
    display_name: Desk
    modules: [{id: bills, verbs: [view, print]}]
    roles: [{id: viewer, permissions: [desk.bills.view]}]
service_accounts: [{id: stranger}]
users:
",
    );
    let users = (0..=NEVER).map(|n| format!("  - {{id: u{n}, login: u{n}, given_name: U}}\n"));
    text += &users.collect::<String>();
    text += "organizations:\n";
    let members: Vec<String> = (0..=NEVER)
        .map(|number| {
            let grants = if number == ALWAYS {
                "{id: always, role: desk.viewer, scope: ALL}"
            } else {
                ""
            };
            format!("      - {{user: u{number}, grants: [{grants}]}}\n")
        })
        .collect();
    text += &organization(ORGANIZATION, &members.concat());
    for number in 0..COLD {
        let members = "      - {user: u0, grants: [{id: g0, role: desk.viewer, scope: ALL}]}
      - {user: u1, grants: []}\n";
        text += &organization(&format!("cold{number}"), members);
    }
    text
}

fn organization(id: &str, members: &str) -> String {
    format!(
        "  - id: {id}
    display_name: Acme
    entitlements: [{{application: desk}}]
    units:
      - {{id: north, display_name: North}}
      - {{id: port, display_name: Port, parent: north}}
    resources: [{{id: n1, type: number, unit: port}}]
    memberships:
{members}"
    )
}
