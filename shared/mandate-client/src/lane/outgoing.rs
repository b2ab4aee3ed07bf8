//! The questions of a lane, as a stream of messages that the transport polls when it can send.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio_stream::Stream;

use super::Lane;

/// Takes all queued questions when the transport polls: a single question never waits for others,
/// and while the transport is busy questions gather.
pub(super) struct Outgoing {
    lane: Arc<Lane>,
    /// The stream of the lane that this half belongs to.
    epoch: u64,
}

impl Outgoing {
    pub(super) fn new(lane: Arc<Lane>, epoch: u64) -> Self {
        Self { lane, epoch }
    }
}

impl Stream for Outgoing {
    type Item = Vec<u8>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Vec<u8>>> {
        let mut state = self.lane.state.lock();
        if state.epoch != Some(self.epoch) {
            return Poll::Ready(None);
        }
        if let Some(message) = state.queue.pop() {
            return Poll::Ready(Some(message));
        }
        state.sender = Some(context.waker().clone());
        Poll::Pending
    }
}
