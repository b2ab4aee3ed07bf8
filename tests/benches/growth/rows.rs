//! The rows of the tables of the entitlement service, in the `COPY` format of PostgreSQL.
//!
//! The rows bypass the API, which would need an hour for ten million grants and is measured
//! elsewhere.

use std::fmt::Write;

use api::entitlement::v1::Scope as Written;
use benches::scope::{Scope, above, unit_of};
use prost::Message;

use crate::shape::{content, grant_id, organization_id, scope, units, user_name};

/// The tables, in the order of [`Rows`].
pub(crate) const TABLES: [&str; 8] = [
    "p_organizations",
    "entitlements",
    "p_units",
    "p_resources",
    "p_subjects",
    "p_members",
    "grants",
    "outbox",
];
/// The first and the last time, as the service stores them.
const UNLIMITED_VALIDITY: (i64, i64) = (types::UnixTime::MIN.0, types::UnixTime::MAX.0);

/// Lines for each table.
pub(crate) type Rows = [String; TABLES.len()];

/// Adds the rows of an organization, with its changes at `position` of the log.
pub(crate) fn organization(number: usize, position: i64, rows: &mut Rows) {
    let (members, each, resources) = content(number);
    shared(number, resources, position, rows);
    for member in 0..members {
        add_member(number, member, each, position, rows);
    }
}

fn shared(number: usize, count: usize, position: i64, rows: &mut Rows) {
    let id = organization_id(number);
    let [
        organizations,
        entitlements,
        own_units,
        resources,
        _,
        _,
        _,
        outbox,
    ] = rows;
    let (start, end) = UNLIMITED_VALIDITY;
    line(organizations, format_args!("{id}\tt\tf"));
    line(
        entitlements,
        format_args!("{id}\tfleet\tt\t0\t{start}\t{end}\t0\t0\t1"),
    );
    line(outbox, format_args!("o/{id}\t{position}\t\\\\x"));
    for unit in units() {
        let parent = above(unit).map_or_else(String::new, |above| format!("n{above}"));
        line(own_units, format_args!("{id}\tn{unit}\t{parent}"));
    }
    for resource in 0..count {
        let unit = unit_of(resource);
        line(resources, format_args!("{id}\tr{resource}\tn{unit}\t\\N"));
        line(
            outbox,
            format_args!("r/{id}/r{resource}\t{position}\t\\\\x"),
        );
    }
}

fn add_member(number: usize, member: usize, each: usize, position: i64, rows: &mut Rows) {
    let (id, user) = (organization_id(number), user_name(number, member));
    let [_, _, _, _, subjects, members, grants, outbox] = rows;
    line(subjects, format_args!("{user}\tt"));
    line(members, format_args!("{id}\tm{member}\t{user}\tt\tf"));
    line(outbox, format_args!("s/{user}\t{position}\t\\\\x"));
    line(outbox, format_args!("m/{id}/{user}\t{position}\t\\\\x"));
    let (start, end) = UNLIMITED_VALIDITY;
    for grant in 0..each {
        let own = grant_id(member, grant);
        let scope = written(&id, scope(member, grant)).encode_to_vec();
        let hex = scope.iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string does not fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        line(
            grants,
            format_args!(
                "{id}\t{own}\t{user}\tfleet\tr{grant}\t\\\\x{hex}\t{start}\t{end}\tf\tf\t{end}\t\tsystem\t0\t0\t1\tf\t\\N"
            ),
        );
    }
}

fn written(organization: &str, scope: Scope) -> Written {
    let unit = |unit: usize| format!("organizations/{organization}/units/n{unit}");
    let resource = |resource: usize| format!("organizations/{organization}/resources/r{resource}");
    match scope {
        Scope::All => Written {
            all: true,
            ..Written::default()
        },
        Scope::Unit(own) => Written {
            units: vec![unit(own)],
            ..Written::default()
        },
        Scope::Resources(own) => Written {
            resources: own.map(resource).into(),
            ..Written::default()
        },
    }
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{line}");
}
