//! Answers that the client reuses.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use clock::ManualClock;
use mandate_client::Options;
use tests::Setting;
use types::UnixTime;

use crate::{
    fake::{Fake, question},
    network::client,
    world::{World, view},
};

/// The lease, and the additional time of a slow machine.
const LEASE: Duration = Duration::from_secs(1);
const SLOW_MACHINE_SLACK: Duration = Duration::from_millis(500);

#[tokio::test]
async fn k_s_an_answer_is_reused_before_the_end_of_its_lease_only() {
    let fake = Fake::default();
    fake.0.reusable_ms.store(400, Ordering::SeqCst);
    let served = fake.serve().await;
    let clock = ManualClock::at(UnixTime(1_000_000));
    let client = client(served.url()).local_cache(100);
    let client = client.clock(Arc::new(clock.clone())).build().unwrap();
    let ask = async || client.check(&question(1)).await.unwrap();
    ask().await;
    ask().await;
    clock.advance(Duration::from_millis(399));
    ask().await;
    assert_eq!((fake.asked(), client.counts().local), (1, 2));
    clock.advance(Duration::from_millis(1));
    ask().await;
    assert_eq!((fake.asked(), client.counts().local), (2, 2));
    // Reuse does not prolong the lifetime of an answer.
    for _ in 0..8 {
        clock.advance(Duration::from_millis(50));
        ask().await;
    }
    assert_eq!(fake.asked(), 3);
}

#[tokio::test]
async fn k_s_the_lease_counts_from_before_the_question() {
    let fake = Fake::default();
    fake.0.reusable_ms.store(400, Ordering::SeqCst);
    fake.set(|settings| &settings.silent, true);
    let served = fake.serve().await;
    let clock = ManualClock::at(UnixTime(1_000_000));
    let client = client(served.url()).local_cache(100);
    let client = client.clock(Arc::new(clock.clone())).build().unwrap();
    fake.set(|settings| &settings.silent, false);
    fake.0.delay_ms.store(100, Ordering::SeqCst);
    let asked = client.clone();
    let asked = tokio::spawn(async move { asked.check(&question(1)).await });
    crate::network::eventually("the question has arrived", async || fake.asked() == 1).await;
    // The answer was in transit for 300 ms of its 400 ms.
    clock.advance(Duration::from_millis(300));
    asked.await.unwrap().unwrap();
    clock.advance(Duration::from_millis(99));
    client.check(&question(1)).await.unwrap();
    assert_eq!(client.counts().local, 1);
    clock.advance(Duration::from_millis(1));
    client.check(&question(1)).await.unwrap();
    assert_eq!(client.counts().local, 1);
}

#[tokio::test]
async fn a_consistency_requirement_bypasses_the_local_cache() {
    let fake = Fake::default();
    fake.0.reusable_ms.store(60_000, Ordering::SeqCst);
    let served = fake.serve().await;
    let client = client(served.url()).local_cache(100).build().unwrap();
    client.check(&question(1)).await.unwrap();
    for options in [Options::fully_consistent(), Options::at_least_as_fresh("t")] {
        client.check_with(&question(1), &options).await.unwrap();
    }
    assert_eq!((fake.asked(), client.counts().local), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_seen_within_the_lease_and_with_its_token_immediately() {
    for setting in Setting::IN_PROCESS {
        let world = World::start(setting).await;
        let client = world.client().local_cache(1000).build().unwrap();
        for (user, with_token) in [("ann", false), ("ben", true)] {
            let question = view(user, "acme/units/k1");
            crate::network::eventually("the question is allowed", async || {
                client.check(&question).await.unwrap().is_allowed()
            })
            .await;
            let token = world.revoke(user).await.consistency_token;
            let begin = Instant::now();
            if with_token {
                let fresh = Options::at_least_as_fresh(token);
                let decision = client.check_with(&question, &fresh).await.unwrap();
                assert!(!decision.is_allowed());
                // The cached allow does not come back after the denial.
                assert!(!client.check(&question).await.unwrap().is_allowed());
            }
            while client.check(&question).await.unwrap().is_allowed() {
                assert!(
                    begin.elapsed() < LEASE + SLOW_MACHINE_SLACK,
                    "allowed after the lease"
                );
            }
        }
        assert!(client.counts().local > 0);
    }
}
