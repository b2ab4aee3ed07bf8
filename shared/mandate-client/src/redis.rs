//! Reads decisions in Redis, by the contract of `freshness`: a decision is used only if the current
//! revisions, read with it, prove that nothing it depends on has changed since.

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

use cache::Cache;
use clock::Clock;
use foldhash::fast::RandomState;
use freshness::{Contract, Decided, READ};
use parking_lot::Mutex;
use tokio::sync::Notify;
use types::OrganizationId;

use self::{breaker::Breaker, revisions::Parsed};
use crate::{
    decision::Decision,
    lane::SWEEP_INTERVAL,
    question::Question,
    slots::{Event, PendingCalls, Wait},
};

/// Maximum time to wait for Redis before the service is asked.
const READ_TIMEOUT: Duration = Duration::from_millis(20);
/// Maximum age of a command's reply: a little less than the contract allows, to leave time for the
/// work after it.
const MAX_REPLY_TIME: Duration = READ.saturating_sub(Duration::from_millis(10));
/// Maximum number of pending questions.
const MAX_PENDING_QUESTIONS: usize = 32 << 10;
/// Maximum number of decisions read with one command.
const MAX_DECISIONS_PER_COMMAND: usize = 500;

/// Reads decisions, gathering those of many callers into one command.
pub(crate) struct Reader {
    cache: Cache,
    contract: Contract,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    parsed: Parsed,
    breaker: Breaker,
    /// Notified when something is queued.
    wanted: Notify,
    /// Notified when a caller waits and no task checks the deadlines.
    waited: Notify,
}

struct State {
    slots: PendingCalls<Option<Decision>>,
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

/// A pending question, with the names that its value is judged by.
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
                slots: PendingCalls::new(MAX_PENDING_QUESTIONS),
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

    /// Returns the decision on a question, if Redis has it, replies in time, and it is current.
    pub(crate) async fn read(
        &self,
        question: &Question,
        begin: Instant,
        deadline: Instant,
    ) -> Option<Decision> {
        let id = self.ask(question, begin, deadline)?;
        let _pending = PendingRead { reader: self, id };
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
            deadline: deadline.min(begin + READ_TIMEOUT),
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

    /// Runs until it is dropped; after that nothing is read.
    pub(crate) async fn drive(self: Arc<Self>) {
        let _closes = Closes(&self);
        tokio::join!(self.gather(), self.sweep());
    }

    /// Reads the queued questions, with separate commands for each organization: a cluster keeps
    /// each organization on one node.
    async fn gather(self: &Arc<Self>) {
        loop {
            self.wanted.notified().await;
            let queue = std::mem::take(&mut self.state.lock().queue);
            for (organization, mut asked) in queue {
                while !asked.is_empty() {
                    let rest = asked.split_off(asked.len().min(MAX_DECISIONS_PER_COMMAND));
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

    /// Returns the current decisions of a command's reply: the revisions of an organization, then a
    /// value for each pending question.
    fn judge(
        &self,
        organization: &OrganizationId,
        found: Vec<Option<String>>,
        took: Duration,
        waiting: Vec<Waiting>,
    ) -> Vec<(u64, Option<Decision>)> {
        let mut found = found.into_iter();
        // INVARIANT: an old reply is discarded; the machine may have been suspended.
        let revisions = found.next().flatten().filter(|_| took < MAX_REPLY_TIME);
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

    /// Returns the decision of a value, if it is current.
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
        // Redis expires it earlier; this covers a Redis whose clock was set back.
        if let Some(until) = &decision.valid_until_time {
            let until = until.seconds * 1000 + i64::from(until.nanos) / 1_000_000;
            if self.clock.now().0 >= until {
                return None;
            }
        }
        // Nothing it depends on has changed up to this revision.
        decision.revision = revisions.at.revision;
        decision.feed_behind = revisions.feed_behind;
        Decision::new(decision)
    }

    async fn sweep(&self) {
        loop {
            self.waited.notified().await;
            loop {
                tokio::time::sleep(SWEEP_INTERVAL).await;
                let mut wakers = Vec::new();
                let now = Instant::now();
                let mut state = self.state.lock();
                let mut late = false;
                state.slots.sweep(now, &mut wakers, |_, wait| {
                    late |= wait.deadline == wait.begin + READ_TIMEOUT;
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

/// The slot of a caller, which may go before the answer comes.
struct PendingRead<'a> {
    reader: &'a Reader,
    id: u64,
}

impl Drop for PendingRead<'_> {
    fn drop(&mut self) {
        self.reader.state.lock().slots.remove(self.id);
    }
}

/// Ends the pending questions with the task, also when the runtime ends.
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
