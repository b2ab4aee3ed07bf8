//! One `CheckStream` to one backend, on which the questions of all callers travel.

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

/// Questions of one lane that may be under way at once.
const UNDER_WAY: usize = 32 << 10;
/// Callers that are woken at once.
const AT_ONCE: usize = 128;
/// How often deadlines are looked at. A timer for each question would cost more than the question.
pub(crate) const SWEEP: Duration = Duration::from_millis(5);

/// What a question ends with.
pub(crate) type Outcome = Result<Decision, Failure>;

/// The stream to a backend, and those who wait for its answers.
pub(crate) struct Lane {
    state: Mutex<State>,
    pub(crate) load: Load,
    pub(crate) health: Health,
    /// There is something to send, and no stream.
    wanted: Notify,
    /// Somebody waits, and nobody looks at deadlines.
    waited: Notify,
}

struct State {
    slots: Slots<Outcome>,
    queue: Queue,
    /// Wakes the half of the stream that sends.
    sender: Option<Waker>,
    /// Of the stream that there is.
    epoch: Option<u64>,
    sweeping: bool,
    /// When the backend was heard last.
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

    /// Queues a question. It is sent with whatever else is queued when the stream can take it.
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

    /// Nobody waits for this answer any more.
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

    /// Hands answers to those who wait for them, some at a time: what the first ask next is on
    /// its way while the others are woken, so that client and service work at once and not in
    /// turn.
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

    /// Ends the waits whose deadline has passed; says whether somebody still waits.
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
            // Not a word came while somebody waited.
            self.health.was_silent(now);
        }
        wake(wakers.into_iter().chain(sender));
        goes_on
    }

    /// Ends all that is under way.
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

/// Woken without the lock: they come back for it at once.
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

/// An answer that says neither allow nor deny is none.
pub(crate) fn nothing() -> Failure {
    Failure::Refused(Box::new(Status::internal("the answer is no decision")))
}
