//! Questions about an earlier time, which are answered from the facts of that time.

use std::time::Duration;

use api::{
    entitlement::v1::{
        CheckRequest, CreateGrantRequest, Decision, DecisionReason, ExplainRequest, Grant,
        ListPermissionsRequest, ListResourcesRequest, ListSubjectsRequest, PlaceKind,
        ReactivateEntitlementRequest, RevokeGrantRequest, SuspendEntitlementRequest,
        UpdateGrantRequest, list_subjects_request::Held,
    },
    identity::v1::DeactivateUserRequest,
    membership::v1::{
        CreateResourceRequest, DeleteMembershipRequest, DeleteResourceRequest,
        ReactivateMembershipRequest, Resource, SuspendMembershipRequest, Unit, UpdateUnitRequest,
    },
};
use prost_types::{FieldMask, Timestamp};
use tests::{Rig, Setting};
use tonic::Code;
use types::UnixTime;

use crate::{
    feeds::heard,
    listing::{resources, subjects},
    refusal::assert_refused,
    shared::run,
    world::World,
};

const NOW: UnixTime = UnixTime(1_767_225_600_000);
const USERS: [&str; 6] = ["ann", "ben", "cas", "dan", "eva", "fay"];
const PLACES: [&str; 8] = [
    "units/k1",
    "units/k1a",
    "units/k2",
    "resources/n1",
    "resources/n2",
    "resources/n3",
    "resources/n5",
    "units/none",
];
const STEP_MS: i64 = 1000;

fn at(moment: i64) -> Timestamp {
    Timestamp {
        seconds: moment.div_euclid(1000),
        nanos: i32::try_from(moment.rem_euclid(1000)).unwrap() * 1_000_000,
    }
}

/// Returns the answers to every kind of question about a world, as of a time or for the present.
async fn picture(world: &World<'_>, moment: Option<i64>) -> Vec<String> {
    let read_time = moment.map(at);
    let clients = world.rig.root();
    let permission = world.permission("billing.view");
    let mut found = Vec::new();
    let mut places = vec![world.organization()];
    places.extend(PLACES.map(|place| world.at(place)));
    for user in USERS.map(|user| world.user(user)) {
        for place in &places {
            let request = CheckRequest {
                subject: user.clone(),
                permission: permission.clone(),
                resource: place.clone(),
                consistency: None,
                read_time,
                context: None,
            };
            let decision = world.ask(request).await;
            if moment.is_some() {
                assert_eq!(decision.reusable_ms, 0);
            }
            found.push(told(&user, place, &decision));
            let request = ExplainRequest {
                subject: user.clone(),
                permission: permission.clone(),
                resource: place.clone(),
                consistency: None,
                read_time,
                context: None,
            };
            let explained = clients.authorization().explain(request).await;
            let explained = explained.unwrap().into_inner();
            found.push(format!("{:?} {:?}", explained.conditions, explained.grants));
            let request = ListPermissionsRequest {
                subject: user.clone(),
                resource: place.clone(),
                read_time,
                ..ListPermissionsRequest::default()
            };
            let held = clients.authorization().list_permissions(request).await;
            found.push(format!("{:?}", held.unwrap().into_inner().permissions));
        }
        let request = ListResourcesRequest {
            parent: world.organization(),
            subject: user,
            permission: permission.clone(),
            page_size: 2,
            read_time,
            ..ListResourcesRequest::default()
        };
        let all = resources(&clients, request.clone()).await;
        let of_kind = ListResourcesRequest {
            kind: PlaceKind::Unit.into(),
            ..request
        };
        let mut units = all.clone();
        units.retain(|place| place.contains("/units/"));
        assert_eq!(resources(&clients, of_kind).await, units);
        found.push(format!("{all:?}"));
    }
    for place in places {
        let request = ListSubjectsRequest {
            resource: place,
            held: Some(Held::Permission(permission.clone())),
            page_size: 2,
            read_time,
            ..ListSubjectsRequest::default()
        };
        found.push(format!("{:?}", subjects(&clients, request).await));
    }
    found
}

fn told(user: &str, place: &str, decision: &Decision) -> String {
    let reason = decision.reason();
    let (grant, until) = (&decision.grant, &decision.valid_until_time);
    format!("{user} {place} {reason:?} {grant} {until:?}")
}

/// Makes change number `step`; the steps cover every kind of fact.
async fn change(world: &World<'_>, step: usize) -> bool {
    let clients = world.rig.root();
    macro_rules! done {
        ($client:ident.$method:ident($request:ident { $($field:ident: $value:expr),* $(,)? })) => {{
            let request = $request { $($field: $value,)* ..$request::default() };
            clients.$client().$method(request).await.unwrap();
        }};
    }
    let mask = |path: &str| {
        Some(FieldMask {
            paths: vec![path.to_owned()],
        })
    };
    match step {
        0 => done!(grants.revoke_grant(RevokeGrantRequest {
            name: world.at("grants/ann")
        })),
        1 => {
            let grant = Grant {
                start_time: Some(at(NOW.0 + 4 * STEP_MS + 500)),
                end_time: Some(at(NOW.0 + 8 * STEP_MS + 500)),
                ..world.grant("eva", "viewer", None)
            };
            done!(grants.create_grant(CreateGrantRequest {
                parent: world.organization(),
                grant: Some(grant),
            }));
        }
        2 => {
            let mut grant = world.grant("ben", "viewer", None);
            grant.name = world.at("grants/ben");
            let mut scope = api::entitlement::v1::Scope::default();
            scope.units.push(world.at("units/k2"));
            grant.scope = Some(scope);
            done!(grants.update_grant(UpdateGrantRequest {
                grant: Some(grant),
                update_mask: mask("scope"),
            }));
        }
        3 => done!(members.suspend_membership(SuspendMembershipRequest {
            name: world.membership("dan"),
        })),
        4 => done!(members.reactivate_membership(ReactivateMembershipRequest {
            name: world.membership("dan"),
        })),
        5 => done!(organizations.delete_resource(DeleteResourceRequest {
            name: world.at("resources/n3"),
        })),
        6 => {
            let resource = Resource {
                r#type: "number".to_owned(),
                unit: world.at("units/k2"),
                ..Resource::default()
            };
            done!(organizations.create_resource(CreateResourceRequest {
                parent: world.organization(),
                resource: Some(resource),
                resource_id: "n5".to_owned(),
            }));
        }
        7 => {
            let unit = Unit {
                name: world.at("units/k1a"),
                parent_unit: world.at("units/k2"),
                ..Unit::default()
            };
            done!(organizations.update_unit(UpdateUnitRequest {
                unit: Some(unit),
                update_mask: mask("parent_unit"),
            }));
        }
        8 => {
            let name = world.at(&format!("entitlements/{}", world.permission("")));
            let name = name.trim_end_matches('.').to_owned();
            done!(grants.suspend_entitlement(SuspendEntitlementRequest { name: name.clone() }));
        }
        9 => {
            let name = world.at(&format!("entitlements/{}", world.permission("")));
            let name = name.trim_end_matches('.').to_owned();
            done!(grants.reactivate_entitlement(ReactivateEntitlementRequest { name: name }));
        }
        10 => done!(users.deactivate_user(DeactivateUserRequest {
            name: world.user("ben")
        })),
        11 => done!(members.delete_membership(DeleteMembershipRequest {
            name: world.membership("dan"),
        })),
        _ => return false,
    }
    true
}

#[test]
fn an_answer_as_of_a_time_equals_the_answer_at_that_time() {
    run(async {
        for setting in Setting::IN_PROCESS {
            let rig = Rig::at(setting, NOW).await;
            let clock = rig.clock.clone().unwrap();
            let world = World::load(&rig, "as-of").await;
            let mut then = Vec::new();
            for step in 0.. {
                clock.advance(Duration::from_millis(500));
                then.push((
                    NOW.0 + i64::try_from(then.len()).unwrap() * STEP_MS + 500,
                    picture(&world, None).await,
                ));
                clock.advance(Duration::from_millis(500));
                if !change(&world, step).await {
                    break;
                }
                heard(&rig).await;
            }
            assert!(then.windows(2).any(|two| two[0].1 != two[1].1));
            // Another replica has only the stored history.
            let replica = rig.replica().await;
            heard(&replica).await;
            let there = world.seen_by(&replica);
            for (moment, expected) in &then {
                let found = picture(&there, Some(*moment)).await;
                assert_eq!(&found, expected, "at {moment} in {setting:?}");
            }
            // The present is unchanged.
            assert_eq!(picture(&world, None).await, picture(&there, None).await);
        }
    });
}

#[test]
fn k_s_answers_as_of_a_time_are_exact_to_the_millisecond() {
    run(async {
        for setting in Setting::IN_PROCESS {
            let rig = Rig::at(setting, NOW).await;
            let clock = rig.clock.clone().unwrap();
            let world = World::load(&rig, "as-of-ms").await;
            clock.advance(Duration::from_millis(1000));
            world.revoke("ann").await;
            clock.advance(Duration::from_millis(1000));
            let reason = async |moment: i64| {
                let request = CheckRequest {
                    read_time: Some(at(NOW.0 + moment)),
                    ..world.question("ann", "units/k1")
                };
                world.ask(request).await.reason()
            };
            assert_eq!(reason(999).await, DecisionReason::Allowed);
            assert_eq!(reason(1000).await, DecisionReason::NoGrant);
            // An allow as of the past is not an allow now, on any replica.
            assert!(!world.allows("ann", "units/k1").await);
            let replica = rig.replica().await;
            heard(&replica).await;
            assert!(!world.seen_by(&replica).allows("ann", "units/k1").await);
            // Before the first change, the permission did not exist.
            let request = CheckRequest {
                read_time: Some(at(NOW.0 - 1000)),
                ..world.question("ann", "units/k1")
            };
            let refused = rig.root().authorization().check(request).await;
            assert_refused(refused, Code::InvalidArgument, "PERMISSION_UNKNOWN");
        }
    });
}

#[test]
fn a_future_or_expired_read_time_is_refused() {
    run(async {
        for setting in Setting::IN_PROCESS {
            let answers = entitlement::Limits {
                history: Duration::from_secs(60),
                ..entitlement::Limits::default()
            };
            let rig = Rig::bounded(setting, answers).await;
            let world = World::load(&rig, "as-of-bounds").await;
            let now = std::time::SystemTime::now();
            let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
            let now = i64::try_from(now.as_millis()).unwrap();
            for (moment, reason) in [
                (now + 60_000, "READ_TIME_IN_FUTURE"),
                (now - 120_000, "READ_TIME_NOT_KEPT"),
            ] {
                let read_time = Some(at(moment));
                let mut client = rig.root().authorization();
                let check = CheckRequest {
                    read_time,
                    ..world.question("ann", "units/k1")
                };
                assert_refused(client.check(check).await, Code::OutOfRange, reason);
                let explain = ExplainRequest {
                    subject: world.user("ann"),
                    permission: world.permission("billing.view"),
                    resource: world.organization(),
                    read_time,
                    ..ExplainRequest::default()
                };
                assert_refused(client.explain(explain).await, Code::OutOfRange, reason);
                let list = ListResourcesRequest {
                    parent: world.organization(),
                    subject: world.user("ann"),
                    permission: world.permission("billing.view"),
                    read_time,
                    ..ListResourcesRequest::default()
                };
                assert_refused(client.list_resources(list).await, Code::OutOfRange, reason);
            }
        }
    });
}
