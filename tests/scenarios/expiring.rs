//! Access that ends by time alone, with a clock that the test moves.

use std::time::Duration;

use api::entitlement::v1::{
    CreateEntitlementRequest, CreateGrantRequest, Decision, DecisionReason, Entitlement, Grant,
};
use api::membership::v1::{BatchCreateResourcesRequest, CreateResourceRequest, Resource};
use prost_types::Timestamp;
use tests::{Rig, Setting};
use types::UnixTime;

use crate::{shared::run, world::World};

const NOW: UnixTime = UnixTime(1_767_225_600_000);
/// A step of the clock in milliseconds, shorter than the allowed feed silence, because the clock of
/// the feeds moves as well.
const MINUTE_MS: i64 = 60_000;

#[expect(clippy::unnecessary_wraps, reason = "a field of a message")]
fn after(millis: i64) -> Option<Timestamp> {
    let at = NOW.0 + millis;
    Some(Timestamp {
        seconds: at.div_euclid(1000),
        nanos: i32::try_from(at.rem_euclid(1000)).unwrap() * 1_000_000,
    })
}

fn advance(rig: &Rig, millis: u64) {
    rig.clock
        .as_ref()
        .unwrap()
        .advance(Duration::from_millis(millis));
}

async fn ask(world: &World<'_>, user: &str) -> Decision {
    world.ask(world.question(user, "units/k1")).await
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "tests are written as closures"
)]
fn in_process(test: impl AsyncFn(&Rig)) {
    run(async {
        for setting in Setting::IN_PROCESS {
            test(&Rig::at(setting, NOW).await).await;
        }
    });
}

async fn give(world: &World<'_>, start: Option<Timestamp>, end: Option<Timestamp>) {
    let request = CreateGrantRequest {
        parent: world.organization(),
        grant: Some(Grant {
            start_time: start,
            end_time: end,
            ..world.grant("eva", "viewer", crate::managed::all())
        }),
        ..CreateGrantRequest::default()
    };
    let mut grants = world.rig.root().grants();
    grants.create_grant(request).await.unwrap();
}

#[test]
fn k_s_a_grant_holds_until_the_last_millisecond_before_its_end() {
    in_process(async |rig| {
        let world = World::load(rig, "grant-ends").await;
        give(&world, None, after(MINUTE_MS)).await;
        let decision = ask(&world, "eva").await;
        assert_eq!(decision.reason(), DecisionReason::Allowed);
        assert_eq!(decision.valid_until_time, after(MINUTE_MS));
        advance(rig, 59_999);
        let decision = ask(&world, "eva").await;
        assert_eq!(decision.reason(), DecisionReason::Allowed);
        assert_eq!(decision.valid_until_time, after(MINUTE_MS));
        advance(rig, 1);
        let decision = ask(&world, "eva").await;
        assert_eq!(
            decision.reason(),
            DecisionReason::NoGrant,
            "{:?}",
            rig.setting
        );
        assert_eq!(decision.valid_until_time, None);
    });
}

#[test]
fn k_s_a_grant_holds_from_its_start_and_not_before() {
    in_process(async |rig| {
        let world = World::load(rig, "grant-starts").await;
        give(&world, after(MINUTE_MS), after(2 * MINUTE_MS)).await;
        let decision = ask(&world, "eva").await;
        assert_eq!(decision.reason(), DecisionReason::NoGrant);
        assert_eq!(decision.valid_until_time, after(MINUTE_MS));
        advance(rig, 59_999);
        assert_eq!(ask(&world, "eva").await.reason(), DecisionReason::NoGrant);
        advance(rig, 1);
        let decision = ask(&world, "eva").await;
        assert_eq!(
            decision.reason(),
            DecisionReason::Allowed,
            "{:?}",
            rig.setting
        );
        assert_eq!(decision.valid_until_time, after(2 * MINUTE_MS));
    });
}

/// An organization whose entitlement has a start and an end; its member has a grant without end.
const WINDOW_DOCUMENT: &str = "
applications:
  - {id: $, display_name: Desk, modules: [{id: billing, verbs: [view]}],
     roles: [{id: viewer, permissions: [$.billing.view]}]}
users: [{id: $-ann, login: $.ann, given_name: Ann}]
organizations:
  - id: $
    display_name: Acme
    units: [{id: k1, display_name: North}]
    memberships: [{user: $-ann}]
";

#[test]
fn k_s_an_entitlement_holds_within_its_window() {
    in_process(async |rig| {
        let name = "entitlement-window";
        rig.apply(&WINDOW_DOCUMENT.replace('$', name)).await;
        crate::feeds::heard(rig).await;
        let world = World::named(rig, name);
        let request = CreateEntitlementRequest {
            parent: world.organization(),
            entitlement: Some(Entitlement {
                application: world.application(),
                start_time: after(MINUTE_MS),
                end_time: after(2 * MINUTE_MS),
                ..Entitlement::default()
            }),
            ..CreateEntitlementRequest::default()
        };
        let mut grants = rig.root().grants();
        grants.create_entitlement(request).await.unwrap();
        let request = CreateGrantRequest {
            parent: world.organization(),
            grant: Some(world.grant("ann", "viewer", crate::managed::all())),
            ..CreateGrantRequest::default()
        };
        grants.create_grant(request).await.unwrap();
        for (step, reason, until) in [
            (0, DecisionReason::ApplicationNotEntitled, after(MINUTE_MS)),
            (
                59_999,
                DecisionReason::ApplicationNotEntitled,
                after(MINUTE_MS),
            ),
            (1, DecisionReason::Allowed, after(2 * MINUTE_MS)),
            (59_999, DecisionReason::Allowed, after(2 * MINUTE_MS)),
            (1, DecisionReason::ApplicationNotEntitled, None),
        ] {
            advance(rig, step);
            let decision = ask(&world, "ann").await;
            assert_eq!(decision.reason(), reason, "{:?}", rig.setting);
            assert_eq!(decision.valid_until_time, until, "{:?}", rig.setting);
        }
    });
}

/// Maximum number of resources of an organization that is kept in memory as a whole.
const MAX_RESIDENT_RESOURCES: usize = 20_000;

async fn crowd(world: &World<'_>) {
    let names: Vec<usize> = (0..MAX_RESIDENT_RESOURCES).collect();
    for names in names.chunks(1000) {
        let requests = names.iter().map(|name| CreateResourceRequest {
            resource_id: format!("c{name}"),
            resource: Some(Resource {
                r#type: "number".to_owned(),
                unit: world.at("units/k1"),
                ..Resource::default()
            }),
            ..CreateResourceRequest::default()
        });
        let request = BatchCreateResourcesRequest {
            parent: world.organization(),
            requests: requests.collect(),
            ..BatchCreateResourcesRequest::default()
        };
        let mut organizations = world.rig.root().organizations();
        let created = organizations.batch_create_resources(request).await.unwrap();
        let mut question = world.question("eva", "units/k1");
        let token = created.into_inner().consistency_token;
        question.consistency = Some(super::tokens::at_least(&token));
        world.ask(question).await;
    }
}

#[test]
fn k_d_k_s_a_shared_decision_is_not_served_after_its_end() {
    run(async {
        let rig = Rig::at(Setting::Postgres, NOW).await;
        let world = World::load(&rig, "shared-end").await;
        crowd(&world).await;
        give(&world, None, after(MINUTE_MS)).await;
        // A replica without the resource in memory reads the shared cache first.
        let ask = async |rig: &Rig| {
            let world = world.seen_by(rig);
            world.ask(world.question("eva", "resources/c7")).await
        };
        let first = rig.replica().await;
        let decision = ask(&first).await;
        assert_eq!(decision.reason(), DecisionReason::Allowed);
        assert_eq!(decision.valid_until_time, after(MINUTE_MS));
        advance(&rig, 60_000);
        let second = rig.replica().await;
        let decision = ask(&second).await;
        assert_eq!(decision.reason(), DecisionReason::NoGrant);
    });
}
