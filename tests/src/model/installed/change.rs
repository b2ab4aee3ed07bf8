//! Previews changes of an installation, makes them, and makes them in the model.

use api::entitlement::v1::{
    ApplyGrantChangesRequest, CreateGrantRequest, Grant as ApiGrant, GrantChange, PreviewRequest,
    PreviewResponse, RevokeGrantRequest, Scope as ApiScope, UpdateGrantRequest,
    grant_change::Change,
};
use prost_types::FieldMask;

use super::{clock_now, timestamp};
use crate::{
    faults::Random,
    model::{
        Grant, Place, Scope, World,
        condition::{Circumstances, Condition},
    },
    rig::Rig,
};

/// Previews changes, makes them, and makes them in the model.
pub(super) async fn change(rig: &Rig, world: &mut World, random: &mut Random) {
    let parent = world.name(&Place::Organization);
    let before = world.clone();
    let mut changes = Vec::new();
    if !world.grants.is_empty() {
        let grant = world.grants.remove(random.below(world.grants.len()));
        changes.push(Change::Revoke(RevokeGrantRequest {
            name: format!("{parent}/grants/{}", grant.id),
            ..RevokeGrantRequest::default()
        }));
    }
    if !world.grants.is_empty() {
        let scope = world.random_scope(random);
        let at = random.below(world.grants.len());
        world.grants[at].scope = scope.clone();
        let condition = (random.below(2) == 0).then(|| Condition::random(random, 1));
        world.grants[at].condition.clone_from(&condition);
        changes.push(Change::Update(UpdateGrantRequest {
            grant: Some(ApiGrant {
                name: format!("{parent}/grants/{}", world.grants[at].id),
                scope: Some(scope_of(world, &scope)),
                condition: text(condition.as_ref()),
                ..ApiGrant::default()
            }),
            update_mask: Some(FieldMask {
                paths: vec!["scope".to_owned(), "condition".to_owned()],
            }),
            ..UpdateGrantRequest::default()
        }));
    }
    if let Some(grant) = world.random_grant(random, "h0") {
        changes.push(Change::Create(create(world, &grant)));
        world.grants.push(grant);
    }
    if changes.is_empty() {
        return;
    }
    let changes: Vec<GrantChange> = changes
        .into_iter()
        .map(|change| GrantChange {
            change: Some(change),
        })
        .collect();
    let request = PreviewRequest {
        parent: parent.clone(),
        changes: changes.clone(),
        ..PreviewRequest::default()
    };
    let preview = rig.root().authorization().preview(request).await;
    let preview = preview.expect("a preview").into_inner();
    compare(&before, world, &preview, clock_now(rig));
    let request = ApplyGrantChangesRequest {
        parent,
        changes,
        preview_digest: preview.digest,
        ..ApplyGrantChangesRequest::default()
    };
    let applied = rig.root().grants().apply_grant_changes(request).await;
    applied.expect("what was previewed is applied");
}

/// Checks that the preview of a permission, unconditional and under each condition, equals the
/// actual change.
fn compare(before: &World, after: &World, preview: &PreviewResponse, now: i64) {
    let always = [before, after].map(World::without_conditions);
    let mut conditions = before.conditions();
    conditions.extend(after.conditions());
    conditions.insert(String::new());
    let nothing = Circumstances::default();
    for subject in &after.subjects {
        let own = preview.differences.iter();
        let own = own.filter(|own| own.subject == subject.name);
        let told: Vec<_> = own.flat_map(|own| &own.permissions).collect();
        for permission in after.permissions() {
            let asked = (subject.name.as_str(), permission.as_str());
            for condition in &conditions {
                let reach = |world: &World, always: &World| {
                    if condition.is_empty() {
                        always.reach(asked.0, asked.1, (now, &nothing))
                    } else {
                        world.reach_under(always, asked, condition, now)
                    }
                };
                let old = reach(before, &always[0]);
                let new = reach(after, &always[1]);
                let at = || format!("{asked:?} {condition}\n{before:?}\n{after:?}");
                let found = told.iter().find(|own| {
                    own.condition == *condition && own.permissions.contains(&permission)
                });
                let Some(found) = found else {
                    assert_eq!(old, new, "{}", at());
                    continue;
                };
                assert_ne!(old, new, "{}", at());
                assert_eq!(places(after, found.before.as_ref()), old, "{}", at());
                assert_eq!(places(after, found.after.as_ref()), new, "{}", at());
            }
        }
    }
}

/// Returns the locations that a scope in an answer covers.
fn places(world: &World, scope: Option<&ApiScope>) -> Vec<Place> {
    let Some(scope) = scope else {
        return Vec::new();
    };
    let ids = |names: &[String]| {
        let names = names.iter().filter_map(|name| name.rsplit('/').next());
        names.map(str::to_owned).collect()
    };
    let scope = if scope.all {
        Scope::All
    } else {
        Scope::Only(ids(&scope.units), ids(&scope.resources))
    };
    let all = world.places().into_iter();
    all.filter(|place| world.covers(&scope, place)).collect()
}

fn scope_of(world: &World, scope: &Scope) -> ApiScope {
    let Scope::Only(units, resources) = scope else {
        return ApiScope {
            all: true,
            ..ApiScope::default()
        };
    };
    let unit = |id: &String| world.name(&Place::Unit(id.clone()));
    let resource = |id: &String| world.name(&Place::Resource(id.clone()));
    ApiScope {
        applications: Vec::new(),
        all: false,
        units: units.iter().map(unit).collect(),
        resources: resources.iter().map(resource).collect(),
    }
}

fn create(world: &World, grant: &Grant) -> CreateGrantRequest {
    let time = |at: i64| (at != i64::MIN && at != i64::MAX).then(|| timestamp(at));
    CreateGrantRequest {
        grant: Some(ApiGrant {
            subject: grant.subject.clone(),
            role: world.role_name(&grant.role),
            scope: Some(scope_of(world, &grant.scope)),
            start_time: time(grant.start),
            end_time: time(grant.end),
            condition: text(grant.condition.as_ref()),
            ..ApiGrant::default()
        }),
        grant_id: grant.id.clone(),
        ..CreateGrantRequest::default()
    }
}

/// Returns a condition as text for a request.
fn text(condition: Option<&Condition>) -> String {
    condition.map(Condition::text).unwrap_or_default()
}
