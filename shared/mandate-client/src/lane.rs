//! One `CheckStream` to one backend, which carries the questions of all callers.

mod codec;
mod drive;
mod outgoing;
mod queue;
mod ticket;
mod wire;

use std::{
    sync::Arc,
    task::Waker,
    time::{Duration, Instant},
};

use api::entitlement::v1::{CheckStreamResponse, StreamAnswer, stream_answer::Outcome as Answered};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tonic::Status;

pub(crate) use self::{drive::drive, ticket::Ticket};

use self::queue::Queue;
use crate::{
    decision::Decision,
    failure::Failure,
    question::{Consistency, Question},
    slots::{Slots, Wait},
};
use balance::{Health, Load};

/// Maximum number of pending questions of one lane.
const UNDER_WAY: usize = 32 << 10;
/// Number of callers that are woken in one batch.
const AT_ONCE: usize = 128;
/// Interval between checks of the deadlines. A timer for each question would cost more than the
/// question.
pub(crate) const SWEEP: Duration = Duration::from_millis(5);

/// The outcome of a question.
pub(crate) type Outcome = Result<Decision, Failure>;

/// The stream to a backend, and the callers that wait for its answers.
pub(crate) struct Lane {
    state: Mutex<State>,
    pub(crate) load: Load,
    pub(crate) health: Health,
    /// Notified when there is something to send and no stream.
    wanted: Notify,
    /// Notified when a caller waits and no task checks the deadlines.
    waited: Notify,
}

struct State {
    slots: Slots<Outcome>,
    queue: Queue,
    /// Wakes the sending half of the stream.
    sender: Option<Waker>,
    /// The number of the open stream, if there is one.
    epoch: Option<u64>,
    sweeping: bool,
    /// The time at which the backend last sent something.
    heard: Instant,
    closed: bool,
}

impl Lane {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                slots: Slots::new(UNDER_WAY),
                queue: Queue::default(),
                sender: None,
                epoch: None,
                sweeping: false,
                heard: Instant::now(),
                closed: false,
            }),
            load: Load::default(),
            health: Health::default(),
            wanted: Notify::new(),
            waited: Notify::new(),
        })
    }

    /// Queues a question. The stream sends it, with all other queued questions, when it can take
    /// more.
    ///
    /// # Errors
    /// [`Failure::Full`], [`Failure::Closed`].
    pub(crate) fn ask(
        self: &Arc<Self>,
        question: &Question,
        consistency: &Consistency,
        wait: Wait,
    ) -> Result<Ticket, Failure> {
        let timeout_ms = wait
            .deadline
            .saturating_duration_since(wait.begin)
            .as_millis();
        let timeout_ms = u32::try_from(timeout_ms).unwrap_or(u32::MAX).max(1);
        let mut state = self.state.lock();
        if state.closed {
            return Err(Failure::Closed);
        }
        if state.queue.is_full() {
            return Err(Failure::Full);
        }
        let id = state.slots.insert(wait).ok_or(Failure::Full)?;
        state.queue.push(id, question, consistency, timeout_ms);
        let sender = state.sender.take();
        if state.epoch.is_none() {
            self.wanted.notify_one();
        }
        if !state.sweeping {
            state.sweeping = true;
            self.waited.notify_one();
        }
        drop(state);
        if let Some(sender) = sender {
            sender.wake();
        }
        self.load.enter();
        Ok(Ticket::new(self.clone(), id))
    }

    /// Gives up an answer that the caller no longer waits for.
    fn forget(&self, id: u64) {
        let mut state = self.state.lock();
        let mut sender = None;
        if state.slots.remove(id) && state.epoch.is_some() {
            state.queue.cancel(id);
            sender = state.sender.take();
        }
        drop(state);
        if let Some(sender) = sender {
            sender.wake();
        }
        self.load.leave();
    }

    /// Hands answers to the waiting callers, in batches: the next questions of the first callers
    /// are sent while the others are still being woken, so that client and service work in parallel
    /// instead of in turn.
    async fn deliver(&self, message: CheckStreamResponse) {
        let mut answers = message.answers.into_iter();
        loop {
            self.deliver_some(answers.by_ref().take(AT_ONCE));
            if answers.as_slice().is_empty() {
                break;
            }
            tokio::task::yield_now().await;
        }
        self.health.succeeded();
    }

    fn deliver_some(&self, answers: impl Iterator<Item = StreamAnswer>) {
        let mut wakers = Vec::with_capacity(AT_ONCE);
        let mut state = self.state.lock();
        state.heard = Instant::now();
        for answer in answers {
            wakers.extend(state.slots.fill(answer.id, outcome(answer.outcome)));
        }
        drop(state);
        wake(wakers);
    }

    /// Ends the waits whose deadline has passed; returns true if a caller still waits.
    fn sweep(&self, now: Instant) -> bool {
        let mut wakers = Vec::new();
        let mut guard = self.state.lock();
        let State {
            slots,
            queue,
            heard,
            sender,
            epoch,
            sweeping,
            ..
        } = &mut *guard;
        let mut deaf = false;
        slots.sweep(now, &mut wakers, |id, wait| {
            if epoch.is_some() {
                queue.cancel(id);
            }
            deaf |= *heard < wait.begin;
            Err(Failure::Late)
        });
        *sweeping = !slots.is_idle();
        let goes_on = *sweeping;
        let sender = if queue.is_empty() {
            None
        } else {
            sender.take()
        };
        drop(guard);
        if deaf {
            // The backend sent nothing at all during the wait.
            self.health.was_silent(now);
        }
        wake(wakers.into_iter().chain(sender));
        goes_on
    }

    /// Ends all pending questions.
    fn end(&self, failure: &Failure, close: bool) {
        let mut wakers = Vec::new();
        let mut state = self.state.lock();
        state.closed |= close;
        state.epoch = None;
        state.queue.clear();
        state.slots.fill_all(&mut wakers, || Err(failure.clone()));
        wakers.extend(state.sender.take());
        drop(state);
        wake(wakers);
    }
}

/// Wakes callers without the lock, because they take it immediately.
fn wake(wakers: impl IntoIterator<Item = Waker>) {
    for waker in wakers {
        waker.wake();
    }
}

fn outcome(answered: Option<Answered>) -> Outcome {
    match answered {
        Some(Answered::Decision(decision)) => Decision::new(decision).ok_or_else(nothing),
        Some(Answered::Error(status)) => Err(Failure::of_answer(&status)),
        None => Err(nothing()),
    }
}

/// Returns the failure for an answer that is neither allow nor deny.
pub(crate) fn nothing() -> Failure {
    Failure::Refused(Box::new(Status::internal("the answer is not a decision")))
}
