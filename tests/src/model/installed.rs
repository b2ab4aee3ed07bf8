//! Compares a whole installation with the model, over several worlds.

mod change;

use std::{collections::BTreeSet, ops::Range, time::Duration};

use api::{
    common::v1::{Consistency, consistency::Requirement},
    entitlement::v1::{
        CheckBatchRequest, CheckRequest, Decision, ExplainRequest, ListPermissionsRequest,
        ListResourcesRequest, ListSubjectsRequest, Question as Asked, list_subjects_request::Held,
    },
    identity::v1::{UpdateUserRequest, User},
    membership::v1::{Organization, UpdateOrganizationRequest},
};
use futures_util::future::join_all;
use prost_types::{FieldMask, Timestamp};
use tonic::{Response, Status};
use types::UnixTime;

use self::change::change;
use super::{Place, When, World, condition::Circumstances, document::document, random_world::NOW};
use crate::{faults::Random, rig::Rig, setting::Setting};

/// Number of lists and explanations of each kind that are compared for each world.
const COMPARED_LISTS_PER_WORLD: usize = 6;

/// Starts an installation whose clock stands at the time of the worlds.
pub async fn installation(setting: Setting) -> Rig {
    Rig::at(setting, UnixTime(NOW)).await
}

/// Applies the worlds of some seeds to an installation, changes them, and compares the answers for
/// the present and for an earlier time.
///
/// # Panics
/// Panics if the installation and the model differ. The message names the difference.
pub async fn compare(rig: &Rig, seeds: Range<u64>) {
    let mut worlds: Vec<_> = seeds.map(world).collect();
    rig.apply(&document(worlds.iter().map(|(world, _)| world)))
        .await;
    settle(rig, &worlds).await;
    let clock = rig.clock.as_ref().expect("a clock that is moved");
    let before = clock_now(rig);
    let asked = worlds
        .iter_mut()
        .map(|(world, random)| compare_now(rig, world, random, before));
    join_all(asked).await;
    clock.advance(Duration::from_secs(1));
    let now = clock_now(rig);
    let changed = worlds.iter_mut().map(async |(world, random)| {
        let past = world.clone();
        change(rig, world, random).await;
        compare_now(rig, world, random, now).await;
        compare_past(rig, &past, random, before).await;
    });
    join_all(changed).await;
}

/// Returns the world of a seed, and the generator for the numbers that follow.
fn world(seed: u64) -> (World, Random) {
    let mut random = Random::new(seed);
    let mut world = World::random(&mut random, &format!("w{seed}-"));
    for subject in &mut world.subjects {
        // A document cannot set the state of a service account.
        subject.active |= subject.name.starts_with("serviceAccounts/");
    }
    (world, random)
}

fn clock_now(rig: &Rig) -> i64 {
    use clock::Clock;
    rig.clock.as_ref().expect("a clock that is moved").now().0
}

/// Waits until the facts include the worlds.
async fn settle(rig: &Rig, worlds: &[(World, Random)]) {
    let Some((world, _)) = worlds.last() else {
        return;
    };
    let clients = rig.root();
    let mask = |path: &str| {
        Some(FieldMask {
            paths: vec![path.to_owned()],
        })
    };
    let request = UpdateOrganizationRequest {
        organization: Some(Organization {
            name: world.name(&Place::Organization),
            display_name: "There".to_owned(),
            ..Organization::default()
        }),
        update_mask: mask("display_name"),
        ..UpdateOrganizationRequest::default()
    };
    let changed = clients.organizations().update_organization(request).await;
    let mut tokens = vec![changed.expect("a change").into_inner().consistency_token];
    let mut subjects = worlds.iter().flat_map(|(world, _)| &world.subjects);
    let user = subjects.find(|own| own.name.starts_with("users/"));
    if let Some(user) = user {
        let request = UpdateUserRequest {
            user: Some(User {
                name: user.name.clone(),
                family_name: "There".to_owned(),
                ..User::default()
            }),
            update_mask: mask("family_name"),
            ..UpdateUserRequest::default()
        };
        let changed = clients.users().update_user(request).await;
        tokens.push(changed.expect("a change").into_inner().consistency_token);
    }
    for token in tokens {
        let request = CheckRequest {
            subject: "serviceAccounts/root".to_owned(),
            permission: "mandate.decisions.check".to_owned(),
            resource: "organizations/operator".to_owned(),
            consistency: Some(Consistency {
                requirement: Some(Requirement::AtLeastAsFresh(token)),
            }),
            read_time: None,
            context: None,
        };
        clients
            .authorization()
            .check(request)
            .await
            .expect("an answer");
    }
}

fn reason(decision: &Decision) -> String {
    let reason = decision.reason().as_str_name();
    reason.trim_start_matches("DECISION_REASON_").to_owned()
}

/// Returns the answer of the model, in the form of a decision.
fn expected(world: &World, asked: &Asked, place: &Place, when: When<'_>) -> (String, String) {
    match world.check(&asked.subject, &asked.permission, place, when) {
        Ok(grant) => {
            let organization = world.name(&Place::Organization);
            (
                "ALLOWED".to_owned(),
                format!("{organization}/grants/{}", grant.id),
            )
        }
        Err(reason) => (reason.to_owned(), String::new()),
    }
}

async fn compare_now(rig: &Rig, world: &World, random: &mut Random, now: i64) {
    let questions: Vec<_> = (0..super::engine::QUESTIONS)
        .map(|_| (world.random_question(random), Circumstances::random(random)))
        .collect();
    let asked: Vec<Asked> = questions
        .iter()
        .map(|((subject, permission, place), said)| Asked {
            subject: subject.clone(),
            permission: permission.clone(),
            resource: world.name(place),
            context: said.context(),
        })
        .collect();
    let request = CheckBatchRequest {
        questions: asked.clone(),
        consistency: None,
    };
    let answers = rig.root().authorization().check_batch(request).await;
    let answers = answers.expect("answers").into_inner().decisions;
    for ((asked, question), answer) in asked.iter().zip(&questions).zip(&answers) {
        let ((subject, permission, place), said) = question;
        let found = (reason(answer), answer.grant.clone());
        let expected = expected(world, asked, place, (now, said));
        assert_eq!(found, expected, "{asked:?}\n{world:?}");
        let missing = world.missing(subject, permission, place, (now, said));
        assert_eq!(answer.missing_context, missing, "{asked:?}\n{world:?}");
    }
    compare_lists(rig, world, random, (now, None)).await;
}

/// Compares answers as of an earlier time.
async fn compare_past(rig: &Rig, world: &World, random: &mut Random, at: i64) {
    let read_time = Some(timestamp(at));
    for _ in 0..COMPARED_LISTS_PER_WORLD {
        let (subject, permission, place) = world.random_question(random);
        let said = Circumstances::random(random);
        let asked = Asked {
            subject,
            permission,
            resource: world.name(&place),
            context: said.context(),
        };
        let request = CheckRequest {
            subject: asked.subject.clone(),
            permission: asked.permission.clone(),
            resource: asked.resource.clone(),
            consistency: None,
            read_time,
            context: said.context(),
        };
        let answer = rig.root().authorization().check(request).await;
        let answer = answer
            .expect("an answer")
            .into_inner()
            .decision
            .unwrap_or_default();
        let found = (reason(&answer), answer.grant.clone());
        let expected = expected(world, &asked, &place, (at, &said));
        assert_eq!(found, expected, "{asked:?} at {at}\n{world:?}");
    }
    compare_lists(rig, world, random, (at, read_time)).await;
}

/// Compares lists, which leave one part of the question open, and explanations.
async fn compare_lists(
    rig: &Rig,
    world: &World,
    random: &mut Random,
    (now, read_time): (i64, Option<Timestamp>),
) {
    let mut client = rig.root().authorization();
    for _ in 0..COMPARED_LISTS_PER_WORLD {
        let (subject, permission, place) = world.random_question(random);
        let said = Circumstances::random(random);
        let (when, context) = ((now, &said), said.context());
        // Formatted only for a difference, because a world is long.
        let at =
            || format!("{subject} {permission} {place:?} at {when:?} {read_time:?}\n{world:?}");
        let request = ListResourcesRequest {
            parent: world.name(&Place::Organization),
            subject: subject.clone(),
            permission: permission.clone(),
            page_size: 1000,
            read_time,
            context: context.clone(),
            ..ListResourcesRequest::default()
        };
        let found = answered(client.list_resources(request).await, at);
        let reach = world.reach(&subject, &permission, when);
        let expected: Vec<String> = reach.iter().map(|place| world.name(place)).collect();
        assert_eq!(found.resources, expected, "{}", at());

        let request = ListSubjectsRequest {
            resource: world.name(&place),
            held: Some(Held::Permission(permission.clone())),
            page_size: 1000,
            read_time,
            context: context.clone(),
            ..ListSubjectsRequest::default()
        };
        let found = answered(client.list_subjects(request).await, at);
        let may = |subject: &&String| world.check(subject, &permission, &place, when).is_ok();
        let all: BTreeSet<&String> = world.subjects.iter().map(|own| &own.name).collect();
        let expected: Vec<String> = all.into_iter().filter(may).cloned().collect();
        assert_eq!(found.subjects, expected, "{}", at());

        let request = ListPermissionsRequest {
            subject: subject.clone(),
            resource: world.name(&place),
            page_size: 1000,
            read_time,
            context: context.clone(),
            ..ListPermissionsRequest::default()
        };
        let found = answered(client.list_permissions(request).await, at);
        let mut expected = world.permissions();
        expected.retain(|permission| world.check(&subject, permission, &place, when).is_ok());
        assert_eq!(found.permissions, expected, "{}", at());

        let request = ExplainRequest {
            subject: subject.clone(),
            permission: permission.clone(),
            resource: world.name(&place),
            read_time,
            context,
            ..ExplainRequest::default()
        };
        let found = answered(client.explain(request).await, at);
        let is_member = world
            .subjects
            .iter()
            .any(|own| own.name == subject && own.member.is_some());
        let own = world
            .grants
            .iter()
            .filter(|grant| grant.subject == subject && is_member);
        let expected: Vec<_> = own
            .map(|grant| {
                let name = format!("{}/grants/{}", world.name(&Place::Organization), grant.id);
                let in_force = grant.start <= now && now < grant.end;
                let holds = world.role_holds(&grant.role, &permission);
                let met = world.is_met(grant, &subject, &place, &said);
                let covers = world.covers(&grant.scope, &place);
                (name, holds, in_force, covers, met)
            })
            .collect();
        let found: Vec<_> = found
            .grants
            .into_iter()
            .map(|own| {
                (
                    own.grant,
                    own.holds_permission,
                    own.in_force,
                    own.covers_resource,
                    own.condition_met,
                )
            })
            .collect();
        assert_eq!(found, expected, "{}", at());
    }
}

/// Returns the answer. Panics with the location if the call failed.
fn answered<T>(answer: Result<Response<T>, Status>, at: impl Fn() -> String) -> T {
    let answer = answer.unwrap_or_else(|status| panic!("{status}: {}", at()));
    answer.into_inner()
}

fn timestamp(at: i64) -> Timestamp {
    service::timestamp(UnixTime(at)).expect("a moment")
}
