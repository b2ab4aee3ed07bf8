//! Pending calls by id. One lock guards many slots, so that a slot costs no allocation.

use std::{
    task::{Context, Poll, Waker},
    time::Instant,
};

/// Number of bits of an id that hold the index of its slot.
const INDEX_BITS: u32 = 16;

/// A bounded set of pending calls. An id is never reused, so a late answer for a caller that has
/// gone reaches no other caller.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    places: Vec<Place<T>>,
    free: Vec<u32>,
    /// Number of calls that wait for an outcome.
    waiting: usize,
    /// The number in the last id.
    number: u64,
    most: usize,
}

#[derive(Debug)]
struct Place<T> {
    /// Zero if the slot is free.
    id: u64,
    outcome: Option<T>,
    waker: Option<Waker>,
    wait: Wait,
    /// True if the caller is to learn, or has learned, that the call is slow.
    told_slow: bool,
}

/// The deadlines of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait {
    /// The start of the wait.
    pub(crate) begin: Instant,
    /// The end of the wait.
    pub(crate) deadline: Instant,
    /// The time after which the caller wants to know that the call is slow.
    pub(crate) slow: Option<Instant>,
}

/// An event for a waiting caller.
#[derive(Debug)]
pub(crate) enum Event<T> {
    /// The outcome, which ends the wait.
    Done(T),
    /// The call is slow.
    Slow,
}

impl<T> Slots<T> {
    /// Returns an empty set for at most `most` calls (at most 65,536).
    pub(crate) fn new(most: usize) -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
            waiting: 0,
            number: 0,
            most: most.min(1 << INDEX_BITS),
        }
    }

    /// True if no call waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting == 0
    }

    /// Starts a wait; returns `None` if there are too many.
    pub(crate) fn insert(&mut self, wait: Wait) -> Option<u64> {
        let index = match self.free.pop() {
            Some(index) => index,
            None if self.places.len() < self.most => {
                let index = u32::try_from(self.places.len()).ok()?;
                self.places.push(Place {
                    id: 0,
                    outcome: None,
                    waker: None,
                    wait,
                    told_slow: false,
                });
                index
            }
            None => return None,
        };
        self.number += 1;
        let id = self.number << INDEX_BITS | u64::from(index);
        let place = self.places.get_mut(usize::try_from(index).ok()?)?;
        place.id = id;
        place.wait = wait;
        place.told_slow = false;
        self.waiting += 1;
        Some(id)
    }

    /// Hands the outcome to the call that waits for it, and returns its waker.
    pub(crate) fn fill(&mut self, id: u64, outcome: T) -> Option<Waker> {
        let place = self.place(id)?;
        if place.outcome.is_some() {
            return None;
        }
        place.outcome = Some(outcome);
        let waker = place.waker.take();
        self.waiting -= 1;
        waker
    }

    /// Returns the next event of an id. The outcome ends the id.
    pub(crate) fn poll(&mut self, id: u64, context: &Context<'_>) -> Poll<Option<Event<T>>> {
        let Some(place) = self.place(id) else {
            return Poll::Ready(None);
        };
        if let Some(outcome) = place.outcome.take() {
            self.release(id);
            return Poll::Ready(Some(Event::Done(outcome)));
        }
        if place.told_slow && place.wait.slow.take().is_some() {
            return Poll::Ready(Some(Event::Slow));
        }
        match &mut place.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    /// Ends an id, and returns true if it still waited for its outcome.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let Some(place) = self.place(id) else {
            return false;
        };
        place.waker = None;
        let waited = place.outcome.take().is_none();
        if waited {
            self.waiting -= 1;
        }
        self.release(id);
        waited
    }

    /// Ends the waits whose deadline has passed, notifies the slow ones, and adds the wakers.
    /// `late` makes the outcome, from the id and the wait.
    pub(crate) fn sweep(
        &mut self,
        now: Instant,
        wakers: &mut Vec<Waker>,
        mut late: impl FnMut(u64, Wait) -> T,
    ) {
        for place in &mut self.places {
            if place.id == 0 || place.outcome.is_some() {
                continue;
            }
            if now >= place.wait.deadline {
                place.outcome = Some(late(place.id, place.wait));
                self.waiting -= 1;
            } else if !place.told_slow && place.wait.slow.is_some_and(|slow| now >= slow) {
                place.told_slow = true;
            } else {
                continue;
            }
            wakers.extend(place.waker.take());
        }
    }

    /// Ends all waits with an outcome, and adds the wakers.
    pub(crate) fn fill_all(&mut self, wakers: &mut Vec<Waker>, outcome: impl Fn() -> T) {
        for place in &mut self.places {
            if place.id != 0 && place.outcome.is_none() {
                place.outcome = Some(outcome());
                wakers.extend(place.waker.take());
            }
        }
        self.waiting = 0;
    }

    fn place(&mut self, id: u64) -> Option<&mut Place<T>> {
        let index = usize::try_from(id & ((1 << INDEX_BITS) - 1)).ok()?;
        // INVARIANT: the whole id is compared, so an answer reaches no other caller.
        self.places
            .get_mut(index)
            .filter(|place| place.id == id && id != 0)
    }

    fn release(&mut self, id: u64) {
        if let Some(place) = self.place(id) {
            place.id = 0;
            if let Ok(index) = u32::try_from(id & ((1 << INDEX_BITS) - 1)) {
                self.free.push(index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn wait(millis: u64) -> Wait {
        let begin = Instant::now();
        Wait {
            begin,
            deadline: begin + Duration::from_millis(millis),
            slow: None,
        }
    }

    fn poll<T>(slots: &mut Slots<T>, id: u64) -> Poll<Option<Event<T>>> {
        slots.poll(id, &Context::from_waker(Waker::noop()))
    }

    #[test]
    fn k_q_an_answer_for_one_who_has_gone_reaches_nobody() {
        let mut slots = Slots::new(10);
        let gone = slots.insert(wait(1000)).unwrap();
        assert!(slots.remove(gone));
        let next = slots.insert(wait(1000)).unwrap();
        assert_ne!(gone, next);
        assert!(slots.fill(gone, "for the first").is_none());
        assert!(poll(&mut slots, next).is_pending());
        assert!(matches!(poll(&mut slots, gone), Poll::Ready(None)));
        slots.fill(next, "for the second");
        slots.fill(next, "once more");
        assert!(matches!(
            poll(&mut slots, next),
            Poll::Ready(Some(Event::Done("for the second")))
        ));
        assert!(matches!(poll(&mut slots, next), Poll::Ready(None)));
        assert!(slots.is_idle());
    }

    #[test]
    fn places_are_bounded_and_used_again() {
        let mut slots = Slots::<()>::new(2);
        let first = slots.insert(wait(1)).unwrap();
        assert!(slots.insert(wait(1)).is_some());
        assert!(slots.insert(wait(1)).is_none());
        slots.remove(first);
        assert!(slots.insert(wait(1)).is_some());
        assert_eq!(slots.places.len(), 2);
    }

    #[test]
    fn k_s_a_wait_ends_at_its_deadline_and_not_before() {
        let mut slots = Slots::new(2);
        let (early, late) = (wait(5), wait(10));
        let first = slots.insert(early).unwrap();
        let second = slots.insert(late).unwrap();
        let mut wakers = Vec::new();
        let moment = Duration::from_nanos(1);
        slots.sweep(
            early.deadline.checked_sub(moment).unwrap(),
            &mut wakers,
            |_, _| "late",
        );
        assert!(poll(&mut slots, first).is_pending());
        slots.sweep(early.deadline, &mut wakers, |_, _| "late");
        assert!(matches!(
            poll(&mut slots, first),
            Poll::Ready(Some(Event::Done("late")))
        ));
        assert!(poll(&mut slots, second).is_pending());
    }

    #[test]
    fn who_waits_long_is_told_once() {
        let mut slots = Slots::<()>::new(2);
        let long = Wait {
            slow: Some(Instant::now()),
            ..wait(1000)
        };
        let id = slots.insert(long).unwrap();
        let mut wakers = Vec::new();
        slots.sweep(Instant::now(), &mut wakers, |_, _| ());
        assert!(matches!(
            poll(&mut slots, id),
            Poll::Ready(Some(Event::Slow))
        ));
        slots.sweep(Instant::now(), &mut wakers, |_, _| ());
        assert!(poll(&mut slots, id).is_pending());
    }
}
