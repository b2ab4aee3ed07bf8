//! The database cost of answers, counted in statements.

use std::time::{Duration, Instant};

use api::entitlement::v1::DecisionReason;
use tests::{Rig, Setting, faults::RedisServer};

use crate::{feeds::heard, shared::run, world::World};

const USERS: [&str; 6] = ["ann", "ben", "cas", "dan", "eva", "fay"];
const PLACES: [&str; 6] = [
    "units/k1",
    "units/k1a",
    "units/k2",
    "resources/n1",
    "resources/n2",
    "resources/n4",
];
/// Maximum time until decisions are in Redis.
const PATIENCE: Duration = Duration::from_secs(10);

/// Checks users at every location. Returns the reasons, and the number of statements that this
/// took.
async fn ask(world: &World<'_>, users: &[&str]) -> (Vec<DecisionReason>, u64) {
    let before = world.rig.statements();
    let mut reasons = Vec::new();
    for user in users {
        for place in PLACES {
            reasons.push(world.reason(&world.user(user), &world.at(place)).await);
        }
    }
    (reasons, world.rig.statements() - before)
}

/// Waits until Redis holds the decisions about all users at every location of an organization.
async fn shared(redis: &RedisServer, organization: &str) {
    let (begin, count) = (Instant::now(), USERS.len() * PLACES.len());
    let script = format!("return #redis.call('KEYS', '*{{{organization}}}:d:*')");
    loop {
        let held = redis.ask(&format!("EVAL \"{script}\" 0"), "\r\n");
        if held.trim() == format!(":{count}") {
            return;
        }
        assert!(begin.elapsed() < PATIENCE, "Redis holds {held}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn another_replica_answers_what_was_answered_without_a_statement() {
    run(async {
        let redis = RedisServer::start();
        let rig = Rig::with_redis(Setting::Postgres, redis.url()).await;
        let second = rig.replica().await;
        let world = World::load(&rig, "statements-shared").await;
        let (first, cost) = ask(&world, &USERS).await;
        assert!(cost > 0, "the organization was loaded");
        shared(&redis, "statements-shared").await;
        // One replica already existed, and one starts now.
        let third = rig.replica().await;
        for replica in [&second, &third] {
            heard(replica).await;
            let (again, cost) = ask(&world.seen_by(replica), &USERS).await;
            assert_eq!((again, cost), (first.clone(), 0));
        }
    });
}

#[test]
fn a_question_never_asked_about_an_organization_in_memory_costs_no_statement() {
    run(async {
        for setting in Setting::IN_PROCESS {
            let rig = Rig::start(setting).await;
            let world = World::load(&rig, "statements-fresh").await;
            assert!(world.allows("ann", "units/k1").await);
            let (stranger, members) = USERS.split_last().unwrap();
            let (reasons, cost) = ask(&world, members).await;
            assert!(reasons.contains(&DecisionReason::Allowed));
            assert_eq!(cost, 0, "{setting:?}");
            // The existence of a user is read once, because the organization's facts do not include
            // strangers.
            let (_, cost) = ask(&world, &[stranger]).await;
            assert_eq!(cost, 1, "{setting:?}");
            let (_, cost) = ask(&world, &[stranger]).await;
            assert_eq!(cost, 0, "{setting:?}");
        }
    });
}

#[test]
fn a_change_of_one_user_leaves_the_answers_about_the_others_hot() {
    run(async {
        let redis = RedisServer::start();
        let rig = Rig::with_redis(Setting::Postgres, redis.url()).await;
        let world = World::load(&rig, "statements-write").await;
        let (before, _) = ask(&world, &USERS).await;
        shared(&redis, "statements-write").await;
        world.revoke("ann").await;
        heard(&rig).await;
        let others = &USERS[1..];
        let (reasons, cost) = ask(&world, others).await;
        assert_eq!((&*reasons, cost), (&before[PLACES.len()..], 0));
        // The decisions about the others in Redis stay valid, and those about Ann do not.
        let second = rig.replica().await;
        heard(&second).await;
        let there = world.seen_by(&second);
        let (reasons, cost) = ask(&there, others).await;
        assert_eq!((&*reasons, cost), (&before[PLACES.len()..], 0));
        let (reasons, cost) = ask(&there, &["ann"]).await;
        assert_eq!(reasons, [DecisionReason::NoGrant; PLACES.len()]);
        assert!(cost > 0, "her facts were read");
    });
}
