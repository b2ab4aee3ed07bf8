//! Decisions that the client reads from Redis.

use std::time::{Duration, Instant};

use cache::{Cache, Entry};
use freshness::{Contract, Decided};
use mandate_client::{Client, Error, Question};
use tests::{Rig, Setting, faults::RedisServer};
use types::{Epoch, Id, OrganizationId};

use crate::{
    network::eventually,
    world::{World, view},
};

/// The lease, and the additional time of a slow machine.
const LEASE: Duration = Duration::from_secs(1);
const SLOW_MACHINE_SLACK: Duration = Duration::from_millis(500);

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

    /// Repeats a question until the answer comes from Redis.
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
    eventually("all decisions are in Redis", async || {
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
    // On a slow machine, a late answer of Redis makes the client call the service; then the
    // question repeats.
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
                    // Some callers cancel while others wait for answers in the same message.
                    if number % 5 == 0 {
                        // The call may or may not end in time; neither may affect the others.
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
    // The service still runs and renews the decisions in Redis.
    let tried = Instant::now();
    let mut begin = tried;
    while begin.elapsed() < LEASE + SLOW_MACHINE_SLACK {
        match setup.client.check(&question).await {
            Ok(decision) => assert!(decision.is_allowed()),
            // On a slow machine, a late answer of Redis makes the client call the service, which is
            // out of reach. The measurement then restarts.
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
        assert!(
            begin.elapsed() < LEASE + SLOW_MACHINE_SLACK,
            "an answer after the lease"
        );
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

/// Returns the Redis key of the question whether `ben` may view the bills of unit `k2`, which is
/// denied.
fn key(setup: &Setup) -> String {
    let sealer = &setup.world.rig.secrets().sealer;
    let contract = Contract::new(&sealer.namespace(entitlement::DECISIONS));
    contract.decision_key(&freshness::Question {
        organization: &OrganizationId::parse("acme").unwrap(),
        subject: "users/ben",
        permission: "desk.billing.view",
        place: "units/k2",
    })
}

/// Returns the decision in Redis.
fn held(setup: &Setup) -> Decided {
    let answer = setup.redis.ask(&format!("GET \"{}\"", key(setup)), "\r\n");
    Decided::read(answer.lines().nth(1).unwrap()).unwrap()
}

/// Replaces the deny in Redis with an allow, and asks the question. Returns true if it is allowed.
async fn is_forgery_believed(setup: &Setup, by: (i64, i64)) -> bool {
    let Decided { epoch, decision } = held(setup);
    let (epoch, revision) = (epoch.0 + by.0, decision.revision + by.1);
    let value = format!("{epoch} {revision} 1 ALLOW ALLOWED - organizations/acme/grants/x");
    let put = format!("SET \"{}\" \"{value}\" EX 60", key(setup));
    setup.redis.ask(&put, "+OK");
    let question = view("ben", "acme/units/k2");
    let asked = setup.client.check(&question).await;
    let allowed = asked.unwrap().is_allowed();
    let deny = format!("{} {} 1 DENY NO_GRANT - -", epoch - by.0, decision.revision);
    let put = format!("SET \"{}\" \"{deny}\" EX 60", key(setup));
    setup.redis.ask(&put, "+OK");
    allowed
}

#[tokio::test(flavor = "multi_thread")]
async fn k_epoch_a_reader_uses_no_decision_of_another_history() {
    let setup = Setup::start().await;
    setup.shared(&view("ben", "acme/units/k2")).await;
    eventually("the client reads Redis", async || {
        is_forgery_believed(&setup, (0, 0)).await
    })
    .await;
    for by in [(-1, 0), (1, 0), (0, 1_000_000)] {
        for _ in 0..20 {
            assert!(!is_forgery_believed(&setup, by).await, "{by:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k_epoch_a_writer_of_an_earlier_epoch_replaces_no_later_entry() {
    let redis = RedisServer::start();
    let cache = Cache::open(redis.url().as_str()).unwrap().unwrap();
    eventually("there is a connection", async || {
        cache.time_ms().await.is_ok()
    })
    .await;
    let now = cache.time_ms().await.unwrap();
    let put = async |epoch: i64, revision: i64, left: i64| {
        let expire_ms = now + left;
        let entry = Entry {
            key: "k".to_owned(),
            value: format!("{} {revision} {expire_ms} DENY NO_GRANT - -", Epoch(epoch)),
            expire_ms,
            longest_ms: 60_000,
        };
        cache.put(&[entry]).await.unwrap() == 1
    };
    // The epochs differ by one, which Lua's floating-point numbers cannot represent.
    let (early, late) = (1_876_954_112_000_123_456, 1_876_954_112_000_123_457);
    assert!(put(early, 90, 50_000).await);
    assert!(put(late, 5, 20_000).await, "a later epoch replaces all");
    assert!(
        !put(early, 91, 50_000).await,
        "an earlier epoch replaces nothing"
    );
    assert!(
        !put(late, 4, 50_000).await,
        "an earlier revision replaces nothing"
    );
    assert!(
        !put(late, 5, 20_000).await,
        "an entry that ends earlier replaces nothing"
    );
    assert!(put(late, 5, 30_000).await && put(late, 6, 20_000).await);
    assert!(
        !put(999_999_999_999_999_999, 99, 50_000).await,
        "a shorter epoch replaces nothing"
    );
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
async fn a_failing_redis_slows_no_answer() {
    let setup = Setup::start().await;
    let question = view("ben", "acme/units/k1");
    setup.shared(&question).await;
    let paused = setup.redis.pause();
    assert_quick_answers(&setup.client, &question).await;
    drop(paused);
    setup.shared(&question).await;
    setup.redis.kill();
    assert_quick_answers(&setup.client, &question).await;
    setup.world.compare(&setup.client).await;
}

/// Asserts that 200 successive answers arrive quickly.
async fn assert_quick_answers(client: &Client, question: &Question) {
    let begin = Instant::now();
    for _ in 0..200 {
        let call = Instant::now();
        assert!(client.check(question).await.unwrap().is_allowed());
        assert!(call.elapsed() < Duration::from_millis(500), "a slow answer");
    }
    // Waiting for Redis each time would take 4 s in total.
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
}
