//! The right to one answer of a lane.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use super::{Lane, Outcome};
use crate::{failure::Failure, slots::Event};

/// Waits for the answer to one question. Dropping it before the answer cancels the question at the
/// service.
pub(crate) struct Ticket {
    lane: Arc<Lane>,
    /// `None` once the answer was taken.
    id: Option<u64>,
}

impl Ticket {
    pub(super) fn new(lane: Arc<Lane>, id: u64) -> Self {
        Self { lane, id: Some(id) }
    }

    /// Returns the outcome, or that the question is slow.
    pub(crate) fn poll(&mut self, context: &Context<'_>) -> Poll<Event<Outcome>> {
        let Some(id) = self.id else {
            return Poll::Ready(Event::Done(Err(Failure::Closed)));
        };
        let event = match self.lane.state.lock().slots.poll(id, context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(event) => event.unwrap_or(Event::Done(Err(Failure::Closed))),
        };
        if matches!(event, Event::Done(_)) {
            self.id = None;
            self.lane.load.leave();
        }
        Poll::Ready(event)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.lane.forget(id);
        }
    }
}
