//! Writes decisions to Redis, together with the current revisions of their organizations while
//! these are in use.

use std::{collections::HashMap, time::Duration};

use ::cache::{Cache, Entry};
use freshness::{At, Contract};
use tokens::Source;
use tokio::{sync::mpsc, time::MissedTickBehavior};
use types::OrganizationId;

use super::{
    Put,
    admission::Admission,
    recently_published::PublishReceipt,
    redis_clock::{MAX_TTL, RedisClock, millis, ttl_ms},
};
use crate::{engine::Engine, metrics::Metrics};

/// Number of renewals of a lease in Redis within its length.
const RENEWALS_PER_LEASE: u32 = 5;
/// Maximum number of organizations whose revisions are kept in Redis.
const MAX_ORGANIZATIONS: usize = 4096;
/// Maximum number of decisions written together.
const MAX_DECISIONS_PER_BATCH: usize = 256;
/// Entries written together, and the tickets of the decisions among them.
type Group = (Vec<Entry>, Vec<PublishReceipt>);

/// A decision to be written: the revision at which it was made, its entry, and its ticket.
struct Due {
    organization: OrganizationId,
    made: At,
    entry: Entry,
    ticket: PublishReceipt,
}

pub(super) struct Publisher {
    cache: Cache,
    contract: Contract,
    engine: Engine,
    admission: Admission,
    measures: Metrics,
    redis_clock: RedisClock,
    asked: HashMap<OrganizationId, Asked>,
}

/// An organization in use.
#[derive(Debug, Clone, Copy)]
struct Asked {
    /// Time of the last decision about it, since boot.
    at: Duration,
    /// Revision at which its revisions were last written.
    put: Option<At>,
}

impl Publisher {
    pub(super) fn new(
        cache: Cache,
        contract: Contract,
        engine: Engine,
        admission: Admission,
        measures: Metrics,
    ) -> Self {
        Self {
            cache,
            contract,
            engine,
            admission,
            measures,
            redis_clock: RedisClock::default(),
            asked: HashMap::new(),
        }
    }

    pub(super) async fn run(mut self, mut puts: mpsc::Receiver<Put>) {
        let mut revisions = self.engine.facts.revisions();
        let mut heartbeat =
            tokio::time::interval(self.engine.facts.lease().length / RENEWALS_PER_LEASE);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::with_capacity(MAX_DECISIONS_PER_BATCH);
        loop {
            tokio::select! {
                // Publish a change before decisions that were made without it.
                biased;
                changed = revisions.changed() => match changed {
                    Ok(()) => self.put_revisions(Selection::Changed).await,
                    Err(_) => return,
                },
                _ = heartbeat.tick() => {
                    self.sample_redis_clock().await;
                    self.put_revisions(Selection::All).await;
                }
                count = puts.recv_many(&mut batch, MAX_DECISIONS_PER_BATCH) => {
                    if count == 0 {
                        return;
                    }
                    self.put_decisions(batch.drain(..)).await;
                }
            }
        }
    }

    /// Samples the clock of Redis.
    async fn sample_redis_clock(&mut self) {
        if let Ok(redis_ms) = self.cache.time_ms().await {
            self.redis_clock
                .note(redis_ms, self.engine.clock.since_boot());
        }
        let forget = self.engine.clock.since_boot().saturating_sub(MAX_TTL);
        self.asked.retain(|_, asked| asked.at > forget);
    }

    /// Writes the current revisions of organizations, once the record of history covers them.
    async fn put_revisions(&mut self, whose: Selection) {
        // Take the lease before the revisions, so that these are at least as new as the lease's
        // proof.
        let lease = self.engine.facts.lease();
        let expire_ms = self.redis_clock.lease_end(lease.proven, lease.length);
        let expire_ms = expire_ms.filter(|_| self.engine.feeds_alive(self.engine.moment()));
        let read = self.engine.facts.try_read(|world| {
            let entries = expire_ms.map(|expire_ms| {
                let journal = world.journal();
                let should_publish = self.asked.iter_mut().filter(|(organization, asked)| {
                    let has_changed = |put| journal.has_changed_since(organization, put);
                    whose == Selection::All || asked.put.is_none_or(has_changed)
                });
                let entry = |(organization, asked): (_, &mut Asked)| {
                    asked.put = Some(journal.at());
                    let mut revisions = journal.revisions(organization);
                    revisions.expire_ms = expire_ms;
                    revisions.feed_behind = self.engine.feeds_lag(self.engine.moment());
                    Entry {
                        key: self.contract.revisions_key(organization),
                        value: revisions.to_string(),
                        expire_ms,
                        longest_ms: millis(lease.length),
                    }
                };
                should_publish.map(entry).collect::<Vec<_>>()
            });
            Ok((
                world.known(Source::Entitlement),
                entries.unwrap_or_default(),
            ))
        });
        let (Some(Ok((own, entries))), Some(now)) = (read, self.redis_now_ms()) else {
            return;
        };
        if !self.admission.admit(own, now).await {
            // Write these revisions again later.
            self.asked.values_mut().for_each(|asked| asked.put = None);
            return;
        }
        let groups = entries.into_iter().map(|entry| (vec![entry], Vec::new()));
        self.put(groups).await;
    }

    async fn put_decisions(&mut self, puts: impl Iterator<Item = Put>) {
        let boot = self.engine.clock.since_boot();
        let Some(redis_now) = self.redis_now_ms() else {
            return;
        };
        let now = self.engine.clock.now();
        let mut should_publish = Vec::new();
        let mut new = false;
        for put in puts {
            let organization = match put {
                Put::Asked(organization) => organization,
                Put::Decision {
                    organization,
                    key,
                    decided,
                    until,
                    ticket,
                } => {
                    let expire_ms = redis_now + ttl_ms(&key, now, until);
                    let entry = Entry {
                        value: decided.value(expire_ms),
                        key,
                        expire_ms,
                        longest_ms: millis(MAX_TTL),
                    };
                    should_publish.push(Due {
                        organization: organization.clone(),
                        made: decided.at(),
                        entry,
                        ticket,
                    });
                    organization
                }
            };
            if let Some(asked) = self.asked.get_mut(&organization) {
                asked.at = boot;
            } else if self.asked.len() < MAX_ORGANIZATIONS {
                new = true;
                let asked = Asked {
                    at: boot,
                    put: None,
                };
                self.asked.insert(organization, asked);
            }
        }
        let groups = self.admitted(should_publish, redis_now).await;
        self.put(groups.into_values()).await;
        if new {
            self.put_revisions(Selection::Changed).await;
        }
    }

    /// Groups decisions by organization, and drops those of another history.
    async fn admitted(
        &mut self,
        should_publish: Vec<Due>,
        redis_now: i64,
    ) -> HashMap<OrganizationId, Group> {
        let covers = |admission: &Admission, should_publish: &Due| {
            admission.covers(should_publish.made, should_publish.entry.expire_ms)
        };
        if !should_publish
            .iter()
            .all(|should_publish| covers(&self.admission, should_publish))
        {
            let facts = &self.engine.facts;
            let own = facts.try_read(|world| Ok(world.known(Source::Entitlement)));
            if let Some(Ok(own)) = own {
                self.admission.admit(own, redis_now).await;
            }
        }
        let mut groups: HashMap<OrganizationId, Group> = HashMap::new();
        for should_publish in should_publish
            .into_iter()
            .filter(|should_publish| covers(&self.admission, should_publish))
        {
            let (entries, tickets) = groups.entry(should_publish.organization).or_default();
            entries.push(should_publish.entry);
            tickets.push(should_publish.ticket);
        }
        groups
    }

    /// Returns a lower bound of the time by Redis's clock.
    fn redis_now_ms(&self) -> Option<i64> {
        self.redis_clock.at(self.engine.clock.since_boot())
    }

    /// Writes entries, one batch per organization, all concurrently.
    async fn put(&self, groups: impl Iterator<Item = Group>) {
        let mut puts = tokio::task::JoinSet::new();
        for (entries, tickets) in groups {
            let cache = self.cache.clone();
            puts.spawn(async move {
                let put = cache.put(&entries).await.is_ok();
                if put {
                    tickets.into_iter().for_each(PublishReceipt::arrived);
                }
                put
            });
        }
        while let Some(put) = puts.join_next().await {
            self.measures.put(put.unwrap_or_default());
        }
    }
}

/// The organizations whose revisions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Selection {
    All,
    /// Organizations that have changed or whose revisions were not written yet.
    Changed,
}
