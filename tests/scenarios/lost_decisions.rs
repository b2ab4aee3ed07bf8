//! Redis with decisions of another history.

use std::time::{Duration, Instant};

use api::entitlement::v1::CheckRequest;
use freshness::{Contract, Decided, Question, Record};
use tests::{Rig, Setting, faults::RedisServer};
use types::{Epoch, Id, OrganizationId};

use crate::{shared::run, world::World};

/// Longer than a starting replica waits before it uses Redis.
const REDIS_ADMISSION_TIME: Duration = Duration::from_millis(600);

/// Maximum wait on a slow machine.
const EVENT_TIMEOUT: Duration = Duration::from_secs(20);

/// An installation with its Redis, and direct writes to Redis that the services would not make.
struct Setup {
    redis: RedisServer,
    rig: Rig,
    contract: Contract,
}

impl Setup {
    async fn start() -> Self {
        let redis = RedisServer::start();
        let rig = Rig::with_redis(Setting::Postgres, redis.url()).await;
        let namespace = rig.secrets().sealer.namespace(entitlement::DECISIONS);
        Self {
            redis,
            rig,
            contract: Contract::new(&namespace),
        }
    }

    /// Returns the value of a key in Redis, if any.
    fn get(&self, key: &str) -> Option<String> {
        let answer = self.redis.ask(&format!("GET \"{key}\""), "\r\n");
        answer.lines().nth(1).map(str::to_owned)
    }

    fn set(&self, key: &str, value: &str) {
        let put = format!("SET \"{key}\" \"{value}\" EX 60");
        self.redis.ask(&put, "+OK");
    }

    fn record(&self) -> Option<Record> {
        Record::read(&self.get(&self.contract.history_key())?)
    }

    fn key(&self, request: &CheckRequest) -> String {
        let mut parts = request.resource.splitn(3, '/').skip(1);
        let organization = OrganizationId::parse(parts.next().unwrap()).unwrap();
        self.contract.decision_key(&Question {
            organization: &organization,
            subject: &request.subject,
            permission: &request.permission,
            place: parts.next().unwrap_or_default(),
        })
    }

    /// Waits until Redis holds a deny, and replaces it with an allow of another epoch or a later
    /// revision.
    async fn forge(&self, world: &World<'_>, request: CheckRequest, by: (i64, i64)) {
        let key = self.key(&request);
        eventually("the deny is in Redis", async || {
            world.ask(request.clone()).await;
            self.get(&key).is_some()
        })
        .await;
        let found = Decided::read(&self.get(&key).unwrap()).unwrap();
        let (epoch, revision) = (found.epoch.0 + by.0, found.decision.revision + by.1);
        let allow = format!("{epoch} {revision} 1 ALLOW ALLOWED - organizations/x/grants/x");
        self.set(&key, &allow);
    }
}

#[test]
fn k_epoch_a_replica_uses_no_decision_of_another_history() {
    run(async {
        let setup = Setup::start().await;
        let world = World::load(&setup.rig, "another-history").await;
        let asked = |place| world.question("eva", place);
        // The unmodified entry shows that a replica does use Redis.
        for (place, by) in [
            ("units/k1", (0, 0)),
            ("units/k2", (-1, 0)),
            ("units/k1a", (1, 0)),
            ("resources/n1", (0, 1_000_000)),
        ] {
            setup.forge(&world, asked(place), by).await;
        }
        for (place, allowed) in [
            ("units/k1", true),
            ("units/k2", false),
            ("units/k1a", false),
            ("resources/n1", false),
        ] {
            let second = setup.rig.replica().await;
            tokio::time::sleep(REDIS_ADMISSION_TIME).await;
            let there = world.seen_by(&second);
            assert_eq!(there.allows("eva", place).await, allowed, "{place}");
        }
    });
}

#[test]
fn k_epoch_a_process_that_finds_a_later_revision_in_redis_begins_an_epoch() {
    run(async {
        let mut setup = Setup::start().await;
        let world = World::load(&setup.rig, "lost-future").await;
        let request = world.question("eva", "units/k1");
        setup.forge(&world, request.clone(), (0, 2)).await;
        let before = setup.record().unwrap();
        // The record pretends that two more commits existed, which were lost while the services
        // were down.
        setup.rig.stop();
        let mut lost = before;
        lost.at.revision += 2;
        setup.set(&setup.contract.history_key(), &lost.to_string());
        setup.rig.resume().await;
        let world = World::named(&setup.rig, "lost-future");
        for grant in ["ann", "ben", "cas"] {
            world.revoke(grant).await;
        }
        let second = setup.rig.replica().await;
        tokio::time::sleep(REDIS_ADMISSION_TIME).await;
        let there = world.seen_by(&second);
        assert!(!there.allows("eva", "units/k1").await);
        eventually("the record is of another epoch", async || {
            world.ask(request.clone()).await;
            setup
                .record()
                .is_some_and(|record| record.at.epoch > before.at.epoch)
        })
        .await;
    });
}

#[test]
fn k_epoch_a_process_that_finds_another_history_in_redis_begins_an_epoch() {
    run(async {
        let mut setup = Setup::start().await;
        let world = World::load(&setup.rig, "other-mark").await;
        world.ask(world.question("eva", "units/k1")).await;
        eventually("the record is there", async || setup.record().is_some()).await;
        for lose in [
            // Another commit was made at the position.
            |record: &mut Record| record.mark ^= 1,
            // Even the epoch was lost.
            |record: &mut Record| record.at.epoch = Epoch(record.at.epoch.0 + 1),
        ] {
            setup.rig.stop();
            let mut lost = setup.record().unwrap();
            lose(&mut lost);
            setup.set(&setup.contract.history_key(), &lost.to_string());
            setup.rig.resume().await;
            eventually("the record is of another epoch", async || {
                setup
                    .record()
                    .is_some_and(|record| record.at.epoch > lost.at.epoch)
            })
            .await;
        }
    });
}

/// Waits until a condition holds.
async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !holds().await {
        assert!(begin.elapsed() < EVENT_TIMEOUT, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
