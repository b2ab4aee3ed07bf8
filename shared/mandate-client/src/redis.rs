//! Reads decisions in Redis, by the contract of `freshness`: a decision is given only if the
//! current revisions, read with it, say that nothing it depends on has changed since.

mod breaker;
#[cfg(test)]
mod conformance;
mod key;
mod revisions;

use std::{
    collections::HashMap,
    future::poll_fn,
    sync::Arc,
    task::Waker,
    time::{Duration, Instant},
};

use base::OrganizationId;
use cache::Cache;
use clock::Clock;
use foldhash::fast::RandomState;
use freshness::{Contract, Decided, READ};
use parking_lot::Mutex;
use tokio::sync::Notify;

use self::{breaker::Breaker, revisions::Parsed};
use crate::{
    decision::Decision,
    lane::SWEEP,
    question::Question,
    slots::{Event, Slots, Wait},
};

/// How long Redis may take: the service is asked then.
const PATIENCE: Duration = Duration::from_millis(20);
/// How long after a command was sent its reply still counts: a little less than is allowed, for what
/// comes after.
const FRESH: Duration = READ.saturating_sub(Duration::from_millis(10));
/// Questions that may be under way at once.
const UNDER_WAY: usize = 32 << 10;
/// Decisions that are read with one command.
const MOST: usize = 500;

/// Reads decisions, those of many callers together.
pub(crate) struct Reader {
    cache: Cache,
    contract: Contract,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    parsed: Parsed,
    breaker: Breaker,
    /// Something is queued.
    wanted: Notify,
    /// Somebody waits, and nobody looks at deadlines.
    waited: Notify,
}

struct State {
    slots: Slots<Option<Decision>>,
    queue: HashMap<OrganizationId, Vec<Asked>, RandomState>,
    sweeping: bool,
    closed: bool,
}

struct Asked {
    id: u64,
    key: String,
    subject: Box<str>,
    place: Box<str>,
}

/// Who waits for a value, and what it is to be judged by.
struct Waiting {
    id: u64,
    subject: Box<str>,
    place: Box<str>,
}

impl Reader {
    pub(crate) fn new(cache: Cache, namespace: &str, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            cache,
            contract: Contract::new(namespace),
            clock,
            state: Mutex::new(State {
                slots: Slots::new(UNDER_WAY),
                queue: HashMap::default(),
                sweeping: false,
                closed: false,
            }),
            parsed: Parsed::default(),
            breaker: Breaker::new(),
            wanted: Notify::new(),
            waited: Notify::new(),
        })
    }

    /// The decision on a question, if Redis has it, in time, and it is current.
    pub(crate) async fn read(
        &self,
        question: &Question,
        begin: Instant,
        deadline: Instant,
    ) -> Option<Decision> {
        let id = self.ask(question, begin, deadline)?;
        let _seat = Seat { reader: self, id };
        let event = poll_fn(|context| self.state.lock().slots.poll(id, context)).await;
        match event? {
            Event::Done(decision) => decision,
            Event::Slow => None,
        }
    }

    fn ask(&self, question: &Question, begin: Instant, deadline: Instant) -> Option<u64> {
        let (organization, place) = key::place(question)?;
        if !self.breaker.allows(begin) {
            return None;
        }
        let key = self.contract.decision_key(&freshness::Question {
            organization: &organization,
            subject: &question.subject,
            permission: &question.permission,
            place,
        });
        let (subject, place) = (question.subject.as_str().into(), place.into());
        let wait = Wait {
            begin,
            deadline: deadline.min(begin + PATIENCE),
            slow: None,
        };
        let mut state = self.state.lock();
        if state.closed {
            return None;
        }
        let id = state.slots.insert(wait)?;
        let asked = Asked {
            id,
            key,
            subject,
            place,
        };
        if state.queue.is_empty() {
            self.wanted.notify_one();
        }
        state.queue.entry(organization).or_default().push(asked);
        if !state.sweeping {
            state.sweeping = true;
            self.waited.notify_one();
        }
        Some(id)
    }

    /// Runs until it is dropped; then nothing is read any more.
    pub(crate) async fn drive(self: Arc<Self>) {
        let _closes = Closes(&self);
        tokio::join!(self.gather(), self.sweep());
    }

    /// Reads what is queued, each organization's with one command: a cluster keeps each in one
    /// place.
    async fn gather(self: &Arc<Self>) {
        loop {
            self.wanted.notified().await;
            let queue = std::mem::take(&mut self.state.lock().queue);
            for (organization, mut asked) in queue {
                while !asked.is_empty() {
                    let rest = asked.split_off(asked.len().min(MOST));
                    let some = std::mem::replace(&mut asked, rest);
                    let (own, organization) = (self.clone(), organization.clone());
                    tokio::spawn(async move { own.fetch(&organization, some).await });
                }
            }
        }
    }

    async fn fetch(&self, organization: &OrganizationId, asked: Vec<Asked>) {
        let mut keys = Vec::with_capacity(asked.len() + 1);
        let mut waiting = Vec::with_capacity(asked.len());
        keys.push(self.contract.revisions_key(organization));
        for Asked {
            id,
            key,
            subject,
            place,
        } in asked
        {
            keys.push(key);
            waiting.push(Waiting { id, subject, place });
        }
        let begin = self.clock.since_boot();
        let found = self.cache.get(&keys).await;
        let took = self.clock.since_boot().saturating_sub(begin);
        if found.is_ok() {
            self.breaker.succeeded();
        } else {
            self.breaker.failed(Instant::now());
        }
        let decisions = self.judge(organization, found.unwrap_or_default(), took, waiting);
        let mut wakers = Vec::with_capacity(decisions.len());
        let mut state = self.state.lock();
        for (id, decision) in decisions {
            wakers.extend(state.slots.fill(id, decision));
        }
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// The decisions that are current among what a command brought: the revisions of an
    /// organization, and a value for each who waits.
    fn judge(
        &self,
        organization: &OrganizationId,
        found: Vec<Option<String>>,
        took: Duration,
        waiting: Vec<Waiting>,
    ) -> Vec<(u64, Option<Decision>)> {
        let mut found = found.into_iter();
        // INVARIANT: what was read is not believed later; the machine may have been suspended.
        let revisions = found.next().flatten().filter(|_| took < FRESH);
        let revisions = revisions.and_then(|text| self.parsed.read(organization, text));
        let decide = |waiting: Waiting| {
            let value = found.next().flatten();
            let decision = value
                .zip(revisions.as_deref())
                .and_then(|(value, revisions)| self.decide(&value, revisions, &waiting));
            (waiting.id, decision)
        };
        waiting.into_iter().map(decide).collect()
    }

    /// The decision that a value says, if it is current.
    fn decide(
        &self,
        value: &str,
        revisions: &freshness::Revisions,
        waiting: &Waiting,
    ) -> Option<Decision> {
        let decided = Decided::read(value)?;
        if !revisions.is_current(decided.at(), &waiting.subject, &waiting.place) {
            return None;
        }
        let mut decision = decided.decision;
        // Redis has ended it before; this is for a Redis whose clock was set back.
        if let Some(until) = &decision.valid_until_time {
            let until = until.seconds * 1000 + i64::from(until.nanos) / 1_000_000;
            if self.clock.now().0 >= until {
                return None;
            }
        }
        // Nothing it depends on has changed up to there.
        decision.revision = revisions.at.revision;
        decision.feed_behind = revisions.feed_behind;
        Decision::new(decision)
    }

    async fn sweep(&self) {
        loop {
            self.waited.notified().await;
            loop {
                tokio::time::sleep(SWEEP).await;
                let mut wakers = Vec::new();
                let now = Instant::now();
                let mut state = self.state.lock();
                let mut late = false;
                state.slots.sweep(now, &mut wakers, |_, wait| {
                    late |= wait.deadline == wait.begin + PATIENCE;
                    None
                });
                state.sweeping = !state.slots.is_idle();
                let goes_on = state.sweeping;
                drop(state);
                if late {
                    self.breaker.failed(now);
                }
                wakers.into_iter().for_each(Waker::wake);
                if !goes_on {
                    break;
                }
            }
        }
    }
}

/// The place of a caller, who may go before the answer comes.
struct Seat<'a> {
    reader: &'a Reader,
    id: u64,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.reader.state.lock().slots.remove(self.id);
    }
}

/// Ends what is under way with the task, also when the runtime ends.
struct Closes<'a>(&'a Reader);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        let mut wakers = Vec::new();
        let mut state = self.0.state.lock();
        state.closed = true;
        state.slots.fill_all(&mut wakers, || None);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }
}
