//! Redis in order and out of order: killed, paused, emptied.

use std::time::{Duration, Instant};

use api::entitlement::v1::DecisionReason;
use tests::{
    Rig, Setting,
    faults::{Paused, RedisServer},
};

use crate::{replicas::denied_within_lease, shared::run, tokens::at_least, world::World};

/// Returns a number from the `INFO` of Redis.
fn info(redis: &RedisServer, section: &str, name: &str, last: &str) -> u64 {
    let answer = redis.ask(&format!("INFO {section}"), last);
    let line = answer.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap()
        .trim_start_matches(':')
        .trim()
        .parse()
        .unwrap()
}

#[test]
fn a_decision_is_found_again_by_another_replica() {
    run(async {
        let redis = RedisServer::start();
        let rig = Rig::with_redis(Setting::Postgres, redis.url()).await;
        let world = World::load(&rig, "found-again").await;
        let mut answers = Vec::new();
        for user in ["ann", "ben", "eva", "fay"] {
            answers.push(world.ask(world.question(user, "units/k1")).await);
        }
        let before = info(&redis, "stats", "keyspace_hits", "keyspace_misses");
        let second = rig.replica().await;
        let there = world.seen_by(&second);
        for (user, first) in ["ann", "ben", "eva", "fay"].into_iter().zip(&answers) {
            let again = there.ask(there.question(user, "units/k1")).await;
            assert_eq!(again.reason(), first.reason(), "{user}");
            assert_eq!(again.grant, first.grant);
            assert!(again.revision >= first.revision);
        }
        let after = info(&redis, "stats", "keyspace_hits", "keyspace_misses");
        assert!(after > before, "{before} hits, and then {after}");
    });
}

#[test]
fn k_t_a_decision_in_redis_does_not_outlive_its_grant() {
    run(async {
        let redis = RedisServer::start();
        let rig = Rig::with_redis(Setting::Postgres, redis.url()).await;
        let world = World::load(&rig, "outlive").await;
        for user in ["ann", "ben", "dan"] {
            assert!(world.allows(user, "units/k1").await);
            world.revoke(user).await;
        }
        // An empty replica might trust the decisions in Redis.
        let second = rig.replica().await;
        let there = world.seen_by(&second);
        for user in ["ann", "ben", "dan"] {
            assert!(!there.allows(user, "units/k1").await, "{user}");
        }
    });
}

/// Revokes grants one after the other while Redis has a fault, and checks on two replicas.
async fn revoke_throughout(name: &'static str, trouble: impl Fn(&RedisServer) -> Option<Paused>) {
    let redis = RedisServer::start();
    let rig = Rig::with_redis(Setting::Postgres, redis.url()).await;
    let second = rig.replica().await;
    let world = World::load(&rig, name).await;
    let there = world.seen_by(&second);
    assert!(world.allows("ann", "units/k1").await);
    assert!(there.allows("ann", "units/k1").await);
    world.revoke("ann").await;
    let stopped = trouble(&redis);
    // The first question about `ben` comes during the fault.
    for world in [&world, &there] {
        let begin = Instant::now();
        let reason = world
            .reason(&world.user("ben"), &world.at("units/k1"))
            .await;
        assert_eq!(reason, DecisionReason::Allowed);
        assert!(begin.elapsed() < Duration::from_secs(1), "a slow answer");
        assert!(!world.allows("ben", "units/k2").await);
        assert!(world.allows("cas", "resources/n3").await);
    }
    denied_within_lease(&there, "ann", "units/k1").await;
    let token = world.revoke("ben").await.consistency_token;
    assert!(!world.allows("ben", "units/k1").await);
    let mut question = there.question("ben", "units/k1");
    question.consistency = Some(at_least(&token));
    assert_eq!(there.ask(question).await.reason(), DecisionReason::NoGrant);
    world.revoke("cas").await;
    denied_within_lease(&there, "cas", "resources/n3").await;
    drop(stopped);
    let third = rig.replica().await;
    let there = world.seen_by(&third);
    for (user, place) in [
        ("ann", "units/k1"),
        ("ben", "units/k1"),
        ("cas", "resources/n3"),
    ] {
        assert!(!there.allows(user, place).await, "{user}");
    }
    assert!(there.allows("dan", "units/k1").await);
}

#[test]
fn k_t_revocations_hold_when_redis_is_killed() {
    run(revoke_throughout("redis-killed", |redis| {
        redis.kill();
        None
    }));
}

#[test]
fn k_t_revocations_hold_when_redis_is_paused_and_goes_on() {
    run(revoke_throughout("redis-paused", |redis| {
        Some(redis.pause())
    }));
}

#[test]
fn k_t_revocations_hold_when_redis_is_emptied() {
    run(revoke_throughout("redis-emptied", |redis| {
        redis.ask("FLUSHALL", "OK");
        None
    }));
}
