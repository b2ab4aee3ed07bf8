//! Starts and ends faults.

use std::time::Duration;

use super::{
    checker::LEASE,
    fleet::{Fleet, REPLICAS},
    kind::Fault,
    proxy::{Mode, Proxy},
    random::Random,
    redis::RedisServer,
    round::Times,
};

/// Duration of one step of a fault that is repeated.
const STEP: Duration = Duration::from_millis(60);
/// The replica that a fault is applied to. Most writes go to the first replica.
pub(super) const VICTIM: usize = 1;

impl Fleet {
    /// Applies a fault for `hold`. Returns the times between which the fault was in effect.
    pub async fn suffer(&self, fault: Fault, hold: Duration, random: &mut Random) -> Times {
        let now = || self.history.now();
        match fault {
            Fault::RedisKilled => {
                self.with_redis(RedisServer::kill);
                let begin = now();
                tokio::time::sleep(hold).await;
                self.replace_redis(RedisServer::start());
                Times { begin, end: now() }
            }
            Fault::RedisPaused => {
                let paused = self.with_redis(RedisServer::pause);
                let begin = now();
                tokio::time::sleep(hold).await;
                let end = now();
                drop(paused);
                Times { begin, end }
            }
            Fault::RedisEmptied => {
                self.again_and_again(hold, |fleet| {
                    fleet.with_redis(|redis| redis.ask("FLUSHALL", "+OK"));
                })
                .await
            }
            Fault::RedisFilled => {
                self.with_redis(RedisServer::fill);
                let times = self.again_and_again(hold, |_| {}).await;
                self.with_redis(RedisServer::unfill);
                times
            }
            Fault::RedisFailedOver => self.fail_over(hold).await,
            Fault::PostgresPaused => {
                let paused = self.pause_postgres();
                let begin = now();
                tokio::time::sleep(hold).await;
                let end = now();
                drop(paused);
                Times { begin, end }
            }
            Fault::ReplicaPaused => {
                let paused = self.pause_replica(random.below(REPLICAS));
                let begin = now();
                tokio::time::sleep(hold).await;
                let end = now();
                drop(paused);
                Times { begin, end }
            }
            Fault::ConnectionsForgotten => {
                self.to_postgres.iter().for_each(Proxy::forget);
                let begin = now();
                // For one lease more, replicas may answer from facts that they already had.
                tokio::time::sleep(LEASE).await;
                Times { begin, end: now() }
            }
            Fault::None => self.again_and_again(hold, |_| {}).await,
            _ => self.disturb(fault, hold, random).await,
        }
    }

    /// Applies a network fault to some connections for `hold`, then lets everything pass again.
    async fn disturb(&self, fault: Fault, hold: Duration, random: &mut Random) -> Times {
        let silent = if random.below(2) == 0 {
            Mode::Stall
        } else {
            Mode::Refuse
        };
        let cut = |random: &mut Random, most| {
            Mode::CutAfter(u64::try_from(1 + random.below(most)).expect("a small number"))
        };
        let (proxies, modes): (Vec<&Proxy>, Vec<Mode>) = match fault {
            Fault::WriterCutOff => (self.to_redis.first().into_iter().collect(), vec![silent]),
            Fault::ReadersCutOff => (vec![&self.from_readers], vec![silent]),
            Fault::ReplicaCutOff => (
                self.to_postgres.get(VICTIM).into_iter().collect(),
                vec![Mode::Stall],
            ),
            Fault::RedisCommandsCut => (
                self.to_redis.iter().collect(),
                (0..20).map(|_| cut(random, 3000)).collect(),
            ),
            Fault::PostgresCommandsCut => (
                self.to_postgres.iter().collect(),
                (0..8).map(|_| cut(random, 6000)).collect(),
            ),
            _ => (self.to_postgres.iter().collect(), vec![Mode::Deaf]),
        };
        let begin = self.history.now();
        let each = hold / u32::try_from(modes.len()).expect("a few");
        for mode in modes {
            for proxy in &proxies {
                proxy.set(mode);
            }
            tokio::time::sleep(each).await;
        }
        let end = self.history.now();
        for proxy in proxies {
            proxy.set(Mode::Pass);
        }
        Times { begin, end }
    }

    async fn again_and_again(&self, hold: Duration, act: impl Fn(&Self)) -> Times {
        let begin = self.history.now();
        while self.history.now() < begin + hold {
            act(self);
            tokio::time::sleep(STEP).await;
        }
        Times {
            begin,
            end: self.history.now(),
        }
    }

    /// Lets a copy of Redis lag, and then promotes it.
    async fn fail_over(&self, hold: Duration) -> Times {
        let copy = RedisServer::start();
        self.with_redis(|master| copy.follow(master));
        copy.lead();
        let begin = self.history.now();
        tokio::time::sleep(hold / 2).await;
        self.replace_redis(copy);
        tokio::time::sleep(hold / 2).await;
        Times {
            begin,
            end: self.history.now(),
        }
    }

    /// Redirects every connection to another server, and ends the previous one.
    fn replace_redis(&self, new: RedisServer) {
        for proxy in self.to_redis.iter().chain([&self.from_readers]) {
            proxy.lead_to(new.port());
            proxy.close();
        }
        drop(self.exchange_redis(new));
    }
}
