//! Puts decisions into Redis, and beside them the current revisions of the organizations that
//! they are about, for as long as these are asked about.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use ::cache::{Cache, Entry};
use base::{Millis, OrganizationId};
use freshness::{Contract, READ, decision_value};
use tokio::{sync::mpsc, time::MissedTickBehavior};

use super::{Put, sent::Ticket};
use crate::{engine::Engine, measure::Measures};

/// How long a decision is kept, at most.
pub(super) const LIFE: Duration = Duration::from_secs(60);
/// Leases are renewed in Redis so many times before they end.
const HEARTBEATS: u32 = 5;
/// Organizations whose revisions are kept in Redis; those asked about last.
const ORGANIZATIONS: usize = 4096;
/// Decisions that are put at a time.
const BATCH: usize = 256;
/// Redis gives a value up to and with the millisecond at which it ends.
const LAST_MS: i64 = 1;
/// The time of day is told in whole milliseconds: it may be so much later.
const ROUNDED_MS: i64 = 1;
/// Before the revision of every installation.
const NEVER: i64 = -1;
/// Samples of the clock of Redis that are kept.
const SAMPLES: usize = 4;

/// What the clock of Redis said, and when that was heard, since boot. So long after `boot`, the
/// clock of Redis is at least as much past `redis_ms`.
#[derive(Debug, Clone, Copy)]
struct Sample {
    redis_ms: i64,
    boot: Duration,
}

/// What is put at a time, and the tickets of the decisions among it.
type Group = (Vec<Entry>, Vec<Ticket>);

pub(super) struct Publisher {
    cache: Cache,
    contract: Contract,
    engine: Engine,
    measures: Measures,
    samples: VecDeque<Sample>,
    asked: HashMap<OrganizationId, Asked>,
}

/// An organization that is asked about.
#[derive(Debug, Clone, Copy)]
struct Asked {
    /// When a decision about it was shared last, since boot.
    at: Duration,
    /// The revision at which its revisions were put last.
    put: i64,
}

impl Publisher {
    pub(super) fn new(
        cache: Cache,
        contract: Contract,
        engine: Engine,
        measures: Measures,
    ) -> Self {
        Self {
            cache,
            contract,
            engine,
            measures,
            samples: VecDeque::new(),
            asked: HashMap::new(),
        }
    }

    pub(super) async fn run(mut self, mut puts: mpsc::Receiver<Put>) {
        let mut revisions = self.engine.facts.revisions();
        let mut heartbeat = tokio::time::interval(self.engine.facts.lease().length / HEARTBEATS);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                // A change is told before what was decided without it.
                biased;
                changed = revisions.changed() => match changed {
                    Ok(()) => self.put_revisions(Whose::Changed).await,
                    Err(_) => return,
                },
                _ = heartbeat.tick() => {
                    self.sample().await;
                    self.put_revisions(Whose::All).await;
                }
                count = puts.recv_many(&mut batch, BATCH) => {
                    if count == 0 {
                        return;
                    }
                    self.put_decisions(batch.drain(..)).await;
                }
            }
        }
    }

    /// Asks Redis what time it is.
    async fn sample(&mut self) {
        if let Ok(redis_ms) = self.cache.time_ms().await {
            self.samples.truncate(SAMPLES - 1);
            self.samples.push_front(Sample {
                redis_ms,
                boot: self.engine.clock.since_boot(),
            });
        }
        let forget = self.engine.clock.since_boot().saturating_sub(LIFE);
        self.asked.retain(|_, asked| asked.at > forget);
    }

    /// Puts the current revisions of organizations. They end a lease after a time of Redis that
    /// was sampled before the log was read which they tell of.
    async fn put_revisions(&mut self, whose: Whose) {
        // Asked for before the revisions: these are then at least as new as the proof.
        let lease = self.engine.facts.lease();
        let sample = self
            .samples
            .iter()
            .find(|sample| sample.boot <= lease.proven);
        let Some(sample) = sample
            .copied()
            .filter(|_| self.engine.is_heard(self.engine.moment()))
        else {
            return;
        };
        let lease_ms = millis(lease.length);
        let entries: Vec<_> = self
            .engine
            .facts
            .try_read(|world| {
                let journal = world.journal();
                let due = self.asked.iter_mut().filter(|(organization, asked)| {
                    whose == Whose::All || journal.has_changed_since(organization, asked.put)
                });
                Ok(due
                    .map(|(organization, asked)| {
                        asked.put = journal.revision();
                        let mut revisions = journal.revisions(organization);
                        revisions.expire_ms = sample.redis_ms + lease_ms - millis(READ) - LAST_MS;
                        revisions.feed_behind = self.engine.is_behind(self.engine.moment());
                        Entry {
                            key: self.contract.revisions_key(organization),
                            value: revisions.to_string(),
                            expire_ms: revisions.expire_ms,
                            longest_ms: lease_ms,
                        }
                    })
                    .collect())
            })
            .and_then(Result::ok)
            .unwrap_or_default();
        let groups = entries.into_iter().map(|entry| (vec![entry], Vec::new()));
        self.put(groups).await;
    }

    async fn put_decisions(&mut self, puts: impl Iterator<Item = Put>) {
        let boot = self.engine.clock.since_boot();
        let Some(sample) = self.samples.front().copied() else {
            return;
        };
        // Not later than what Redis would say now.
        let redis_now = sample.redis_ms + millis(boot.saturating_sub(sample.boot));
        let now = self.engine.clock.now();
        let mut groups: HashMap<OrganizationId, Group> = HashMap::new();
        let mut new = false;
        for put in puts {
            let (organization, entry) = match put {
                Put::Asked(organization) => (organization, None),
                Put::Decision {
                    organization,
                    key,
                    decision,
                    until,
                    ticket,
                } => {
                    let left = life(&key, now, until);
                    let expire_ms = redis_now + left;
                    let entry = Entry {
                        value: decision_value(&decision, expire_ms),
                        key,
                        expire_ms,
                        longest_ms: millis(LIFE),
                    };
                    (organization, Some((entry, ticket)))
                }
            };
            if let Some(asked) = self.asked.get_mut(&organization) {
                asked.at = boot;
            } else if self.asked.len() < ORGANIZATIONS {
                new = true;
                let asked = Asked {
                    at: boot,
                    put: NEVER,
                };
                self.asked.insert(organization.clone(), asked);
            }
            if let Some((entry, ticket)) = entry {
                let (entries, tickets) = groups.entry(organization).or_default();
                entries.push(entry);
                tickets.push(ticket);
            }
        }
        self.put(groups.into_values()).await;
        if new {
            self.put_revisions(Whose::Changed).await;
        }
    }

    /// Puts entries, those of one organization at a time, all at once.
    async fn put(&self, groups: impl Iterator<Item = Group>) {
        let mut puts = tokio::task::JoinSet::new();
        for (entries, tickets) in groups {
            let cache = self.cache.clone();
            puts.spawn(async move {
                let put = cache.put(&entries).await.is_ok();
                if put {
                    tickets.into_iter().for_each(Ticket::arrived);
                }
                put
            });
        }
        while let Some(put) = puts.join_next().await {
            self.measures.put(put.unwrap_or_default());
        }
    }
}

/// Whose revisions are put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    All,
    /// Those that something has changed in, or that were not put yet.
    Changed,
}

/// How long a decision lives, in milliseconds: as long as time alone cannot change it, and
/// shorter than [`LIFE`] by up to a tenth, so that what was made together does not end together.
fn life(key: &str, now: Millis, until: Millis) -> i64 {
    let jitter = key
        .bytes()
        .fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    let longest = millis(LIFE) - millis(LIFE) / 10 * i64::from(jitter) / 255;
    let left = until.0.saturating_sub(now.0);
    longest.min(left.saturating_sub(LAST_MS + ROUNDED_MS))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_lives_shorter_never_longer() {
        let (now, never) = (Millis(1_000), Millis::MAX);
        let lives: Vec<i64> = (0..1000)
            .map(|n| life(&format!("key-{n}"), now, never))
            .collect();
        let (shortest, longest) = (lives.iter().min().unwrap(), lives.iter().max().unwrap());
        assert!(
            *longest <= 60_000 && *shortest >= 54_000,
            "{shortest} to {longest}"
        );
        assert!(longest - shortest > 3_000, "they end apart");
        // Redis still gives it in its last millisecond, and `now` may be nearly one later.
        assert_eq!(life("key", now, Millis(1_500)), 498);
        assert!(life("key", now, Millis(1_002)) <= 0);
    }
}
