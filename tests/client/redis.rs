//! Decisions that the client reads in Redis.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    time::{Duration, Instant},
};

use mandate_client::{Client, Error, Question};
use testkit::Redis;
use tests::{Rig, Setting};

use crate::{
    network::eventually,
    world::{World, view},
};

/// The lease, and what a slow machine adds to it.
const LEASE: Duration = Duration::from_secs(1);
const SLACK: Duration = Duration::from_millis(500);

/// Asks Redis by hand; the answer is read until `until` is in it.
fn command(redis: &Redis, command: &str, until: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", redis.server().port)).unwrap();
    stream
        .write_all(format!("{command}\r\n").as_bytes())
        .unwrap();
    let (mut answer, mut buffer) = (String::new(), [0; 8192]);
    while !answer.contains(until) {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "{answer}");
        answer.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    answer
}

/// The process of the server.
fn process(redis: &Redis) -> String {
    let answer = command(redis, "INFO server", "config_file");
    let line = answer
        .lines()
        .find_map(|line| line.strip_prefix("process_id:"));
    line.unwrap().trim().to_owned()
}

fn signal(process: &str, signal: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{signal}"), process])
        .status();
    assert!(sent.unwrap().success());
}

struct Setup {
    redis: Redis,
    world: World,
    client: Client,
}

impl Setup {
    async fn start() -> Self {
        let redis = Redis::start().unwrap();
        let world = World::on(Rig::with_redis(Setting::Postgres, &redis).await).await;
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
    let begin = Instant::now();
    while begin.elapsed() < LEASE + SLACK {
        assert!(setup.client.check(&question).await.unwrap().is_allowed());
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
    command(&setup.redis, "FLUSHALL", "OK");
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
    let process = process(&setup.redis);
    for trouble in ["STOP", "KILL"] {
        signal(&process, trouble);
        let begin = Instant::now();
        for _ in 0..200 {
            let call = Instant::now();
            assert!(setup.client.check(&question).await.unwrap().is_allowed());
            assert!(call.elapsed() < Duration::from_millis(500), "a slow answer");
        }
        // 200 times the patience would be 4 s.
        assert!(
            begin.elapsed() < Duration::from_secs(2),
            "{:?}",
            begin.elapsed()
        );
        if trouble == "STOP" {
            signal(&process, "CONT");
            setup.shared(&question).await;
        }
    }
    setup.world.compare(&setup.client).await;
}
