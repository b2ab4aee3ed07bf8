//! The queue of questions to be sent.

use std::collections::VecDeque;

use super::wire;
use crate::question::{Consistency, Question};

/// Maximum number of questions, or of ids, in one message, as the interface requires.
const MOST: usize = 1000;
/// Maximum number of bytes of one message, well below the limit of a server.
const BYTES: usize = 512 << 10;
/// Maximum number of queued questions. A full queue means that the peer accepts nothing any more.
const QUEUED: usize = 16 * MOST;

/// Encoded questions in messages, and the ids of cancelled questions.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    full: VecDeque<Vec<u8>>,
    last: Vec<u8>,
    /// Number of questions in `last`.
    count: usize,
    /// Initial capacity of the next message.
    usual: usize,
    cancelled: Vec<u64>,
    /// Cancelled ids that wait until the questions before them are sent.
    later: Vec<u64>,
    /// True if the last message held questions, so that cancellations take the next one: neither
    /// kind starves the other.
    questions_before: bool,
}

impl Queue {
    /// True if no more questions can be queued.
    pub(crate) fn is_full(&self) -> bool {
        self.full.len() >= QUEUED / MOST
    }

    /// True if there is nothing to send.
    // INVARIANT: `full` has a message only while `last` has a question.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0 && self.cancelled.is_empty()
    }

    /// Adds a question.
    pub(crate) fn push(
        &mut self,
        id: u64,
        question: &Question,
        consistency: &Consistency,
        timeout_ms: u32,
    ) {
        if self.count >= MOST || self.last.len() >= BYTES {
            let next = Vec::with_capacity(self.usual);
            self.full.push_back(std::mem::replace(&mut self.last, next));
            self.count = 0;
        }
        wire::put_question(&mut self.last, id, question, consistency, timeout_ms);
        self.count += 1;
    }

    /// Adds the id of a question that its caller no longer waits for. An unsent question is still
    /// sent before the id.
    pub(crate) fn cancel(&mut self, id: u64) {
        if self.count == 0 {
            self.cancelled.push(id);
        } else {
            self.later.push(id);
        }
    }

    /// Returns the next message.
    pub(crate) fn pop(&mut self) -> Option<Vec<u8>> {
        if !self.cancelled.is_empty() && (self.questions_before || self.count == 0) {
            self.questions_before = false;
            let rest = self.cancelled.split_off(self.cancelled.len().min(MOST));
            let ids = std::mem::replace(&mut self.cancelled, rest);
            return Some(wire::cancellation(&ids));
        }
        self.questions_before = true;
        if let Some(message) = self.full.pop_front() {
            return Some(message);
        }
        if self.count == 0 {
            return None;
        }
        self.count = 0;
        self.cancelled.append(&mut self.later);
        self.usual = self.last.len();
        let next = Vec::with_capacity(self.usual);
        Some(std::mem::replace(&mut self.last, next))
    }

    /// Drops everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use api::entitlement::v1::CheckStreamRequest;
    use prost::Message;

    use super::*;

    fn read(queue: &mut Queue) -> Option<CheckStreamRequest> {
        let message = queue.pop()?;
        Some(CheckStreamRequest::decode(message.as_slice()).unwrap())
    }

    #[test]
    fn a_message_has_what_is_there_and_no_more_than_a_thousand() {
        let mut queue = Queue::default();
        let question = Question::new("users/jan", "a.b.c", "organizations/acme");
        for id in 0..2_500 {
            queue.push(id, &question, &Consistency::default(), 1);
        }
        let sizes: Vec<_> = std::iter::from_fn(|| read(&mut queue))
            .map(|message| message.questions.len())
            .collect();
        assert_eq!(sizes, [1000, 1000, 500]);
        assert!(queue.is_empty());
        queue.push(7, &question, &Consistency::default(), 1);
        assert_eq!(read(&mut queue).unwrap().questions.len(), 1);
    }

    #[test]
    fn a_question_goes_before_its_cancellation_and_neither_kind_starves() {
        let mut queue = Queue::default();
        let question = Question::new("users/jan", "a.b.c", "organizations/acme");
        let mut kinds = Vec::new();
        for id in 0..4 {
            queue.push(id, &question, &Consistency::default(), 1);
            queue.cancel(id);
            let message = read(&mut queue).unwrap();
            kinds.push((message.questions.len(), message.cancelled.len()));
        }
        assert_eq!(kinds, [(1, 0), (0, 1), (2, 0), (0, 2)]);
        let mut queue = Queue::default();
        (0..1_001).for_each(|id| queue.cancel(id));
        assert_eq!(read(&mut queue).unwrap().cancelled.len(), 1000);
        assert_eq!(read(&mut queue).unwrap().cancelled.len(), 1);
    }

    #[test]
    fn it_is_bounded() {
        let mut queue = Queue::default();
        let question = Question::new("users/jan", "a.b.c", "organizations/acme");
        let mut count = 0;
        while !queue.is_full() {
            queue.push(count, &question, &Consistency::default(), 1);
            count += 1;
        }
        assert!((16_000..18_000).contains(&count), "{count}");
    }
}
