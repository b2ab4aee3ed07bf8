//! Decisions that the client reads in Redis.

use std::time::{Duration, Instant};

use mandate_client::{Client, Error, Question};
use tests::{Rig, Setting, faults::RedisServer};

use crate::{
    network::eventually,
    world::{World, view},
};

/// The lease, and what a slow machine adds to it.
const LEASE: Duration = Duration::from_secs(1);
const SLACK: Duration = Duration::from_millis(500);

struct Setup {
    redis: RedisServer,
    world: World,
    client: Client,
}

impl Setup {
    async fn start() -> Self {
        let redis = RedisServer::start();
        let world = World::on(Rig::with_redis(Setting::Postgres, redis.url()).await).await;
        let client = world.reader(&redis.url());
        Self {
            redis,
            world,
            client,
        }
    }

    /// Asks until the answer comes from Redis.
    async fn shared(&self, question: &Question) {
        eventually("the decision is in Redis", async || {
            let before = self.client.counts().redis;
            self.client.check(question).await.unwrap();
            self.client.counts().redis > before
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hot_decisions_come_from_redis_and_are_those_of_the_service() {
    let setup = Setup::start().await;
    let (world, client) = (&setup.world, &setup.client);
    eventually("all are in Redis", async || {
        let before = client.counts().redis;
        world.compare(client).await;
        client.counts().redis - before == 32
    })
    .await;
    let invalid = Question::new("ann", "a.b.c", "organizations/acme");
    let answer = client.check(&invalid).await;
    assert!(matches!(answer, Err(Error::Invalid { .. })), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn k_q_many_callers_and_organizations_each_get_their_own() {
    let setup = Setup::start().await;
    let allowed = [("ann", "acme"), ("ben", "acme/units/k1"), ("eva", "else")];
    let denied = [("ann", "else"), ("ben", "acme/units/k2"), ("eva", "acme")];
    for (user, place) in allowed.into_iter().chain(denied) {
        setup.shared(&view(user, place)).await;
    }
    let begin = Instant::now();
    // Where the machine is slow, Redis is late and the service is asked; then once more.
    while setup.client.counts().redis < 1_000 {
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "nothing is in Redis"
        );
        let mut callers = tokio::task::JoinSet::new();
        for caller in 0..100 {
            let client = setup.client.clone();
            callers.spawn(async move {
                for number in caller..caller + 30 {
                    let (user, place) = allowed[number % 3];
                    let question = view(user, place);
                    let call = client.check(&question);
                    // Some go while others wait for what travels with theirs.
                    if number % 5 == 0 {
                        let _ = tokio::time::timeout(Duration::from_micros(50), call).await;
                    } else {
                        assert!(call.await.unwrap().is_allowed());
                    }
                    let (user, place) = denied[number % 3];
                    assert!(!client.check(&view(user, place)).await.unwrap().is_allowed());
                }
            });
        }
        callers.join_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k_s_without_the_service_redis_answers_for_the_lease_and_no_longer() {
    let mut setup = Setup::start().await;
    let question = view("ann", "acme/units/k1");
    setup.shared(&question).await;
    setup.world.wire.cut().await;
    // The service lives and renews what Redis holds.
    let tried = Instant::now();
    let mut begin = tried;
    while begin.elapsed() < LEASE + SLACK {
        match setup.client.check(&question).await {
            Ok(decision) => assert!(decision.is_allowed()),
            // Where the machine is slow, Redis is late and the service is out of reach: anew, from
            // the beginning.
            Err(error) => {
                assert!(tried.elapsed() < Duration::from_secs(20), "{error:?}");
                begin = Instant::now();
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    setup.world.rig.stop();
    let begin = Instant::now();
    let mut served = 0;
    while let Ok(decision) = setup.client.check(&question).await {
        assert!(decision.is_allowed());
        assert!(begin.elapsed() < LEASE + SLACK, "an answer after the lease");
        served += 1;
    }
    assert!(served > 0, "nothing came from Redis");
    let answer = setup.client.check(&question).await;
    assert!(
        matches!(answer, Err(Error::Unavailable { .. })),
        "{answer:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_seen_in_redis() {
    let setup = Setup::start().await;
    for user in ["ann", "ben"] {
        let question = view(user, "acme/units/k1");
        setup.shared(&question).await;
        setup.world.revoke(user).await;
        let begin = Instant::now();
        while setup.client.check(&question).await.unwrap().is_allowed() {
            assert!(begin.elapsed() < LEASE, "allowed after the lease");
        }
        setup.shared(&question).await;
        assert!(!setup.client.check(&question).await.unwrap().is_allowed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_redis_costs_a_call_and_no_answer() {
    let setup = Setup::start().await;
    let question = view("ann", "acme/units/k1");
    setup.shared(&question).await;
    let before = setup.client.counts();
    setup.redis.ask("FLUSHALL", "OK");
    setup.world.compare(&setup.client).await;
    assert!(setup.client.counts().redis_missed > before.redis_missed);
    setup.world.revoke("ann").await;
    let begin = Instant::now();
    while setup.client.check(&question).await.unwrap().is_allowed() {
        assert!(begin.elapsed() < LEASE, "allowed after the lease");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_in_trouble_slows_no_answer() {
    let setup = Setup::start().await;
    let question = view("ben", "acme/units/k1");
    setup.shared(&question).await;
    let paused = setup.redis.pause();
    quick(&setup.client, &question).await;
    drop(paused);
    setup.shared(&question).await;
    setup.redis.kill();
    quick(&setup.client, &question).await;
    setup.world.compare(&setup.client).await;
}

/// That many answers come soon, one after another.
async fn quick(client: &Client, question: &Question) {
    let begin = Instant::now();
    for _ in 0..200 {
        let call = Instant::now();
        assert!(client.check(question).await.unwrap().is_allowed());
        assert!(call.elapsed() < Duration::from_millis(500), "a slow answer");
    }
    // 200 times the patience would be 4 s.
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
}
