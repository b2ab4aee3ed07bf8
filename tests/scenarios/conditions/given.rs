//! Answers that depend on conditions.

use std::{collections::BTreeSet, time::Duration};

use api::entitlement::v1::{
    CheckBatchRequest, CheckRequest, DecisionReason, Grant, ListPermissionsRequest,
    ListResourcesRequest, ListSubjectsRequest, Question, UpdateGrantRequest,
    list_subjects_request::Held,
};
use clock::Clock;
use prost_types::FieldMask;
use tests::{BoundedWait, Rig, Setting, faults::RedisServer};
use types::UnixTime;

use super::circumstances::{OFFICE, ask, context, create, load, office, question};
use crate::{
    shared::{everywhere, run},
    world::World,
};

const NOW: UnixTime = UnixTime(1_767_225_600_000);

#[test]
fn a_conditional_grant_allows_when_its_condition_is_met() {
    everywhere(async |rig| {
        let world = load(rig, "if-met").await;
        let allowed = ask(&world, "eva", "units/k2", office()).await;
        assert_eq!(allowed.reason(), DecisionReason::Allowed);
        assert_eq!(allowed.grant, world.at("grants/eva-if"));
        assert!(allowed.missing_context.is_empty());
        let home = ask(&world, "eva", "units/k2", context(&[("network", "home")])).await;
        assert_eq!(home.reason(), DecisionReason::ConditionNotMet);
        assert!(home.missing_context.is_empty() && home.grant.is_empty());
        let nowhere = ask(&world, "eva", "units/k2", None).await;
        assert_eq!(nowhere.reason(), DecisionReason::ConditionNotMet);
        assert_eq!(nowhere.missing_context, ["network"]);
        // A number, a unit, and a resource that is out of scope in every context.
        let number = ask(&world, "cas", "resources/n1", office()).await;
        assert_eq!(number.reason(), DecisionReason::Allowed);
        let unit = ask(&world, "cas", "units/k1", office()).await;
        assert_eq!(unit.reason(), DecisionReason::ConditionNotMet);
        let outside = ask(&world, "cas", "resources/n4", office()).await;
        assert_eq!(outside.reason(), DecisionReason::OutOfScope);
        // The unconditional grant of `cas` is unaffected.
        let always = ask(&world, "cas", "resources/n3", None).await;
        assert_eq!(always.grant, world.at("grants/cas"));
    });
}

#[test]
fn k_a_a_conditional_answer_is_not_reused() {
    run(async {
        let redis = RedisServer::start();
        let rig = Rig::with_redis(Setting::Postgres, redis.url()).await;
        let world = load(&rig, "if-once").await;
        let home = || context(&[("network", "home"), ("amount", "50")]);
        let reason = async |rig: &Rig, user, place, said| {
            let world = world.seen_by(rig);
            ask(&world, user, place, said).await.reason()
        };
        for place in ["units/k1", "resources/n1", "resources/n3"] {
            for (user, said) in [("eva", office()), ("cas", office()), ("eva", None)] {
                let answer = ask(&world, user, place, said).await;
                let always = user == "cas" && place == "resources/n3";
                assert_eq!(answer.reusable_ms > 0, always, "{user} {place}");
            }
        }
        // Another replica would trust shared decisions.
        let second = rig.replica().await;
        for _ in 0..2 {
            for replica in [&second, &rig] {
                for (said, expected) in [
                    (home(), DecisionReason::ConditionNotMet),
                    (office(), DecisionReason::Allowed),
                    (None, DecisionReason::ConditionNotMet),
                ] {
                    for (user, place) in [("eva", "units/k1"), ("cas", "resources/n1")] {
                        let found = reason(replica, user, place, said.clone()).await;
                        assert_eq!(found, expected, "{user} {said:?}");
                    }
                }
            }
        }
        // Redis holds no conditional decision. It holds unconditional ones, even for questions with
        // a context.
        let shared = ask(&world, "ann", "units/k1", home()).await;
        assert!(shared.reusable_ms > 0);
        let count = |pattern: &str| {
            let count = format!("EVAL \"return #redis.call('KEYS', '{pattern}')\" 0");
            redis.ask(&count, "\r\n")
        };
        let patience = BoundedWait::with("shared decisions in Redis");
        while count("*users/if-once-ann*") == ":0\r\n" {
            patience.pause().await;
        }
        for pattern in ["*users/if-once-eva*", "*users/if-once-cas*resources/n1"] {
            assert_eq!(count(pattern), ":0\r\n", "{pattern}");
        }
    });
}

#[test]
fn k_n_a_condition_over_values_of_different_kinds_or_rounded_numbers_is_not_met() {
    everywhere(async |rig| {
        let world = World::load(rig, "if-kinds").await;
        for (id, condition) in [
            ("other-kind", "context.level != 'guest'"),
            ("rounded", "context.id == context.owner_id"),
        ] {
            let grant = Grant {
                condition: condition.to_owned(),
                ..world.grant("eva", "viewer", crate::managed::all())
            };
            create(&world, id, grant).await.unwrap();
        }
        for (said, expected) in [
            (vec![("level", "staff")], DecisionReason::Allowed),
            (vec![("level", "guest")], DecisionReason::ConditionNotMet),
            (vec![("level", "3")], DecisionReason::ConditionNotMet),
            (
                vec![("id", "17"), ("owner_id", "17")],
                DecisionReason::Allowed,
            ),
            (
                vec![("id", "9007199254740993"), ("owner_id", "9007199254740992")],
                DecisionReason::ConditionNotMet,
            ),
        ] {
            let answer = ask(&world, "eva", "units/k1", context(&said)).await;
            assert_eq!(answer.reason(), expected, "{said:?}");
        }
    });
}

/// Covers every question about the world, with a context.
#[test]
fn k_e_lists_and_batches_agree_with_checks_in_the_same_context() {
    everywhere(async |rig| {
        let world = load(rig, "if-lists").await;
        let permission = world.permission("billing.view");
        let places = ["units/k1", "units/k1a", "units/k2"];
        let numbers = [
            "resources/n1",
            "resources/n2",
            "resources/n3",
            "resources/n4",
        ];
        let mut client = rig.root().authorization();
        for said in [
            None,
            office(),
            context(&[("network", "home"), ("amount", "3")]),
        ] {
            for user in ["ann", "cas", "eva"] {
                let mut expected = BTreeSet::new();
                for place in places.into_iter().chain(numbers) {
                    let answer = ask(&world, user, place, said.clone()).await;
                    if answer.reason() == DecisionReason::Allowed {
                        expected.insert(world.at(place));
                    }
                    let request = ListPermissionsRequest {
                        subject: world.user(user),
                        resource: world.at(place),
                        context: said.clone(),
                        ..ListPermissionsRequest::default()
                    };
                    let listed = client.list_permissions(request).await.unwrap().into_inner();
                    let allowed = answer.reason() == DecisionReason::Allowed;
                    assert_eq!(listed.permissions.contains(&permission), allowed);
                    let request = ListSubjectsRequest {
                        resource: world.at(place),
                        held: Some(Held::Permission(permission.clone())),
                        context: said.clone(),
                        ..ListSubjectsRequest::default()
                    };
                    let listed = client.list_subjects(request).await.unwrap().into_inner();
                    assert_eq!(listed.subjects.contains(&world.user(user)), allowed);
                    let question = Question {
                        subject: world.user(user),
                        permission: permission.clone(),
                        resource: world.at(place),
                        context: said.clone(),
                    };
                    // The batch also asks the same question with another context.
                    let other = Question {
                        context: context(&[("network", "none")]),
                        ..question.clone()
                    };
                    let request = CheckBatchRequest {
                        questions: vec![other, question],
                        consistency: None,
                    };
                    let batch = client.check_batch(request).await.unwrap().into_inner();
                    assert_eq!(batch.decisions[1].reason(), answer.reason());
                }
                let request = ListResourcesRequest {
                    parent: world.organization(),
                    subject: world.user(user),
                    permission: permission.clone(),
                    context: said.clone(),
                    ..ListResourcesRequest::default()
                };
                let listed = client.list_resources(request).await.unwrap().into_inner();
                let listed = listed.resources.into_iter();
                let listed: BTreeSet<_> = listed
                    .filter(|name| *name != world.organization())
                    .collect();
                assert_eq!(listed, expected, "{user} {said:?}");
            }
        }
    });
}

#[test]
fn a_condition_can_be_set_and_removed_and_is_in_the_history() {
    run(async {
        for setting in Setting::IN_PROCESS {
            let rig = Rig::at(setting, NOW).await;
            let world = load(&rig, "if-changed").await;
            let clock = rig.clock.as_ref().unwrap();
            let mut moments = Vec::new();
            for condition in [None, Some(OFFICE), Some("")] {
                if let Some(condition) = condition {
                    assert_eq!(update(&world, "ben", condition).await.condition, condition);
                }
                let is_open = condition.is_none_or(str::is_empty);
                let expected = if is_open {
                    DecisionReason::Allowed
                } else {
                    DecisionReason::ConditionNotMet
                };
                let now = ask(&world, "ben", "units/k1", None).await;
                assert_eq!(now.reason(), expected);
                assert_eq!(now.missing_context.is_empty(), is_open);
                let office = ask(&world, "ben", "units/k1", office()).await;
                assert_eq!(office.reason(), DecisionReason::Allowed);
                moments.push((service::timestamp(clock.now()), expected));
                clock.advance(Duration::from_secs(1));
            }
            for (read_time, expected) in moments {
                let then = CheckRequest {
                    read_time,
                    ..question(&world, "ben", "units/k1", None)
                };
                assert_eq!(world.ask(then).await.reason(), expected, "{read_time:?}");
            }
        }
    });
}

async fn update(world: &World<'_>, grant: &str, condition: &str) -> Grant {
    let request = UpdateGrantRequest {
        grant: Some(Grant {
            name: world.at(&format!("grants/{grant}")),
            condition: condition.to_owned(),
            ..Grant::default()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["condition".to_owned()],
        }),
        ..UpdateGrantRequest::default()
    };
    let changed = world.rig.root().grants().update_grant(request).await;
    changed.unwrap().into_inner().grant.unwrap()
}
