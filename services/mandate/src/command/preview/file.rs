//! Grant changes in a file.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use api::entitlement::v1::{
    CreateGrantRequest, Grant, GrantChange, RevokeGrantRequest, Scope, UpdateGrantRequest,
    grant_change::Change,
};
use mandate_documents::{
    document::{ScopeEntry, Text},
    moment,
};
use prost_types::{FieldMask, Timestamp};
use serde::Deserialize;

use crate::{
    command::names::{in_organization, role_name, subject},
    exit::Failure,
};

/// A file of changes in one organization.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    organization: String,
    changes: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Entry {
    Create(Create),
    Update(Update),
    Revoke(Revoke),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    #[serde(default)]
    id: String,
    subject: String,
    role: String,
    scope: Option<ScopeEntry>,
    /// The applications for which a management role holds.
    #[serde(default)]
    applications: Vec<String>,
    start_time: Option<String>,
    end_time: Option<String>,
    can_delegate: Option<bool>,
    condition: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    id: String,
    scope: Option<ScopeEntry>,
    /// The applications for which a management role holds.
    #[serde(default)]
    applications: Vec<String>,
    start_time: Option<String>,
    end_time: Option<String>,
    can_delegate: Option<bool>,
    condition: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoke {
    id: String,
}

/// Reads a file, or the standard input for `-`: the organization and the changes.
pub(super) fn read(file: &Path) -> Result<(String, Vec<GrantChange>), Failure> {
    let wrong =
        |error: &dyn std::fmt::Display| Failure::usage(format!("`{}`: {error}", file.display()));
    let text = text(file).map_err(|error| wrong(&error))?;
    parse(&text).map_err(|error| wrong(&error))
}

fn text(file: &Path) -> io::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text)?;
        return Ok(text);
    }
    fs::read_to_string(file)
}

fn parse(text: &str) -> Result<(String, Vec<GrantChange>), String> {
    let read: Changes = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let organization = in_organization(&read.organization);
    let changes = read.changes.into_iter();
    let changes = changes.map(|entry| change(&organization, entry));
    Ok((organization.clone(), changes.collect::<Result<_, _>>()?))
}

fn change(organization: &str, entry: Entry) -> Result<GrantChange, String> {
    let name = |id: &str| format!("{organization}/grants/{id}");
    let change = match entry {
        Entry::Create(create) => Change::Create(CreateGrantRequest {
            grant: Some(Grant {
                subject: subject(&create.subject),
                role: role_name(organization, &create.role)?,
                scope: scope(organization, create.scope, &create.applications)?,
                can_delegate: create.can_delegate.unwrap_or_default(),
                condition: create.condition.unwrap_or_default(),
                start_time: time(create.start_time.as_deref())?,
                end_time: time(create.end_time.as_deref())?,
                ..Grant::default()
            }),
            grant_id: create.id,
            ..CreateGrantRequest::default()
        }),
        Entry::Update(update) => {
            let named = [
                ("scope", update.scope.is_some()),
                ("start_time", update.start_time.is_some()),
                ("end_time", update.end_time.is_some()),
                ("can_delegate", update.can_delegate.is_some()),
                ("condition", update.condition.is_some()),
            ];
            let paths = named.into_iter().filter(|(_, named)| *named);
            Change::Update(UpdateGrantRequest {
                update_mask: Some(FieldMask {
                    paths: paths.map(|(path, _)| path.to_owned()).collect(),
                }),
                grant: Some(Grant {
                    name: name(&update.id),
                    scope: scope(organization, update.scope, &update.applications)?,
                    can_delegate: update.can_delegate.unwrap_or_default(),
                    condition: update.condition.unwrap_or_default(),
                    start_time: time(update.start_time.as_deref())?,
                    end_time: time(update.end_time.as_deref())?,
                    ..Grant::default()
                }),
                ..UpdateGrantRequest::default()
            })
        }
        Entry::Revoke(revoke) => Change::Revoke(RevokeGrantRequest {
            name: name(&revoke.id),
            ..RevokeGrantRequest::default()
        }),
    };
    Ok(GrantChange {
        change: Some(change),
    })
}

fn scope(
    organization: &str,
    entry: Option<ScopeEntry>,
    applications: &[String],
) -> Result<Option<Scope>, String> {
    let applications = applications.iter();
    let applications = applications
        .map(|application| format!("applications/{application}"))
        .collect::<Vec<_>>();
    let places = match entry {
        None if applications.is_empty() => return Ok(None),
        None => return Err("`applications` needs a `scope` to narrow".to_owned()),
        Some(ScopeEntry::All) => {
            return Ok(Some(Scope {
                all: true,
                applications,
                ..Scope::default()
            }));
        }
        Some(ScopeEntry::Places(places)) => places,
        Some(ScopeEntry::Unknown(word)) => return Err(format!("`{word}` is not a scope")),
    };
    let names = |kind: &str, ids: &[Text]| {
        let names = ids.iter();
        names
            .map(|id| format!("{organization}/{kind}/{}", id.as_str()))
            .collect()
    };
    Ok(Some(Scope {
        all: false,
        units: names("units", &places.units),
        resources: names("resources", &places.resources),
        applications,
    }))
}

fn time(text: Option<&str>) -> Result<Option<Timestamp>, String> {
    text.map(|text| moment::timestamp(text).ok_or_else(|| format!("`{text}` is not a time")))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_every_kind_are_read() {
        let text = "
organization: acme
changes:
  - create: {subject: jan, role: fleet.viewer, scope: {units: [k1], resources: [+324]}}
  - create:
      id: g2
      subject: serviceAccounts/x
      role: mandate.application-admin
      scope: ALL
      applications: [fleet]
      can_delegate: true
  - update: {id: g3, end_time: 2030-01-01T00:00:00Z}
  - revoke: {id: g4}
";
        let (organization, changes) = parse(text).unwrap();
        assert_eq!(organization, "organizations/acme");
        let [first, second, third, fourth] = &changes[..] else {
            panic!("{changes:?}");
        };
        let Some(Change::Create(create)) = &first.change else {
            panic!("{first:?}");
        };
        let grant = create.grant.as_ref().unwrap();
        assert_eq!(grant.subject, "users/jan");
        assert_eq!(grant.role, "applications/fleet/roles/viewer");
        let scope = grant.scope.as_ref().unwrap();
        assert_eq!(scope.units, ["organizations/acme/units/k1"]);
        assert_eq!(scope.resources, ["organizations/acme/resources/+324"]);
        let Some(Change::Create(create)) = &second.change else {
            panic!("{second:?}");
        };
        let grant = create.grant.as_ref().unwrap();
        assert_eq!((&*create.grant_id, grant.can_delegate), ("g2", true));
        let scope = grant.scope.as_ref().unwrap();
        assert!(scope.all && scope.applications == ["applications/fleet"]);
        let Some(Change::Update(update)) = &third.change else {
            panic!("{third:?}");
        };
        assert_eq!(update.update_mask.as_ref().unwrap().paths, ["end_time"]);
        assert!(matches!(&fourth.change, Some(Change::Revoke(revoke))
            if revoke.name == "organizations/acme/grants/g4"));
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        for text in [
            "changes: []",
            "{organization: a, changes: [{grant: {id: g}}]}",
            "{organization: a, changes: [{revoke: {id: g, scop: ALL}}]}",
            "{organization: a, changes: [{update: {id: g, scope: SOME}}]}",
            "{organization: a, changes: [{update: {id: g, end_time: soon}}]}",
            "{organization: a, changes: [{update: {id: g, applications: [fleet]}}]}",
            "{organization: a, changes: [{create: {subject: jan, role: viewer}}]}",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
