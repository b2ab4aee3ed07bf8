//! The difference that grant changes make to the access of subjects.

use std::collections::{BTreeMap, BTreeSet};

use ::store::WriteTx;
use api::entitlement::v1::{
    AccessDifference, PermissionsDifference, PreviewResponse, PreviewWarning, PreviewWarningKind,
    Scope,
};
use authz::Context;
use entitlement_core::{Facts, access, authority::Granter};
use types::{OrganizationId, UnixTime};

use super::{
    App,
    delegation::{caller, seen_by},
    list_effective_access::{scope, unknown},
};
use crate::{
    error::Error,
    facts::{FactKey, FactSnapshot, SnapshotReader},
    store::view::View,
};

/// Maximum number of locations in an answer.
const MAX_PREVIEW_LOCATIONS: usize = 20_000;

/// Access of subjects, by subject and application.
pub(super) type Reached = BTreeMap<(String, String), Access>;

/// The access of a subject to an application.
pub(super) struct Access {
    permissions: Vec<Held>,
    /// The recommended modules without access.
    missing_recommended: Vec<String>,
}

/// The scope of a permission, under its condition if any.
struct Held {
    permission: String,
    condition: String,
    scope: Scope,
}

/// The identity of a permission in a comparison: its name, its applications and its condition.
type Key<'a> = (&'a str, &'a [String], &'a str);

/// Returns the access of subjects in an organization as a transaction sees it, restricted to grants
/// that the caller may see.
pub(super) async fn reached(
    (app, context): (&App, &Context),
    tx: &WriteTx,
    organization: &OrganizationId,
    subjects: &BTreeSet<String>,
) -> Result<Reached, Error> {
    let mut reading =
        SnapshotReader::begin(&app.store, &app.engine.facts, View::within(tx)).await?;
    let caller = caller(context)?;
    let read = reading.read(|world| {
        let granter_facts = app.engine.granter_facts(world, caller, organization)?;
        let (mut found, mut missing) = (Reached::new(), Vec::new());
        for subject in subjects {
            match reached_by(world, &granter_facts, organization, subject) {
                Ok(reached) => found.extend(reached),
                Err(pieces) => missing.extend(pieces),
            }
        }
        if missing.is_empty() {
            Ok(found)
        } else {
            Err(missing)
        }
    });
    Ok(read.await?)
}

fn reached_by(
    world: &FactSnapshot,
    granter_facts: &Granter<'_>,
    organization: &OrganizationId,
    subject: &str,
) -> Result<Reached, Vec<FactKey>> {
    let facts = world.facts(subject, organization)?;
    seen_by(granter_facts, &facts, |seen| {
        reached_with(seen, organization, subject, granter_facts.now)
    })
}

fn reached_with(
    facts: &Facts<'_>,
    organization: &OrganizationId,
    subject: &str,
    now: UnixTime,
) -> Result<Reached, Vec<FactKey>> {
    let found = access(facts, now);
    let missing = unknown(facts, organization, &found);
    if !missing.is_empty() {
        return Err(missing);
    }
    let Some(tree) = facts.organization.map(|organization| &organization.tree) else {
        return Ok(Reached::new());
    };
    let reached = found.into_iter().map(|found| {
        let id = facts.catalog.application_id(found.application);
        let key = (subject.to_owned(), format!("applications/{id}"));
        let recommended = facts.catalog.modules_of(found.application);
        let access = Access {
            permissions: found
                .permissions
                .iter()
                .map(|held| {
                    let simplest = tree.simplest(&held.scope);
                    Held {
                        permission: held.permission.to_owned(),
                        condition: held.condition.unwrap_or_default().to_owned(),
                        scope: scope(facts, organization, &simplest, held.applications),
                    }
                })
                .filter(|held| !is_nowhere(&held.scope))
                .collect(),
            missing_recommended: recommended
                .filter(|(_, module, recommended)| {
                    let mut reached = found.modules.iter().chain(&found.conditional_modules);
                    *recommended && !reached.any(|own| own == module)
                })
                .map(|(_, module, _)| module.to_owned())
                .collect(),
        };
        (key, access)
    });
    Ok(reached.collect())
}

fn is_nowhere(scope: &Scope) -> bool {
    !scope.all && scope.units.is_empty() && scope.resources.is_empty()
}

/// Returns the differences with their warnings.
pub(super) fn access_diff(before: &Reached, after: &Reached) -> Result<PreviewResponse, Error> {
    let mut response = PreviewResponse::default();
    let mut places = 0;
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let (old, new) = (before.get(key), after.get(key));
        let permissions = permissions(old, new);
        if permissions.is_empty() {
            continue;
        }
        let (subject, application) = key;
        places += permissions.iter().map(weight).sum::<usize>();
        if places > MAX_PREVIEW_LOCATIONS {
            return Err(Error::PreviewTooLarge(MAX_PREVIEW_LOCATIONS));
        }
        response.differences.push(AccessDifference {
            subject: subject.clone(),
            application: application.clone(),
            permissions,
        });
        let missing_recommended = new.into_iter().flat_map(|new| &new.missing_recommended);
        response
            .warnings
            .extend(missing_recommended.map(|module| PreviewWarning {
                kind: PreviewWarningKind::RecommendedModule.into(),
                subject: subject.clone(),
                application: application.clone(),
                module: module.clone(),
            }));
    }
    Ok(response)
}

/// Returns the permissions whose scope differs, grouped by equal change.
fn permissions(old: Option<&Access>, new: Option<&Access>) -> Vec<PermissionsDifference> {
    let (old, new) = (held(old), held(new));
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    let mut found: Vec<PermissionsDifference> = Vec::new();
    for key in keys {
        let (before, after) = (old.get(&key).copied(), new.get(&key).copied());
        if before == after {
            continue;
        }
        let (permission, _, condition) = key;
        let alike = found.iter_mut().find(|own| {
            own.condition == condition
                && own.before.as_ref() == before
                && own.after.as_ref() == after
        });
        match alike {
            Some(alike) => alike.permissions.push(permission.to_owned()),
            None => found.push(PermissionsDifference {
                permissions: vec![permission.to_owned()],
                before: before.cloned(),
                after: after.cloned(),
                condition: condition.to_owned(),
            }),
        }
    }
    found
}

/// Returns the scopes of permissions.
fn held(access: Option<&Access>) -> BTreeMap<Key<'_>, &Scope> {
    let held = access.into_iter().flat_map(|access| &access.permissions);
    held.map(|held| {
        let Held {
            permission,
            condition,
            scope,
        } = held;
        let key: Key<'_> = (permission, &scope.applications, condition);
        (key, scope)
    })
    .collect()
}

/// Returns the number of locations and permissions in a difference.
fn weight(difference: &PermissionsDifference) -> usize {
    let scopes = [&difference.before, &difference.after]
        .into_iter()
        .flatten();
    let places: usize = scopes
        .map(|scope| scope.units.len() + scope.resources.len())
        .sum();
    places + difference.permissions.len()
}
