//! Laws of the states of change requests, for every order of steps.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{RequestState::*, RequestStep::*, *};

const STATES: [RequestState; 7] = [
    Draft, Pending, Approved, Applied, Rejected, Cancelled, Failed,
];
const STEPS: [RequestStep; 6] = [Confirm, Cancel, Approve, Reject, Apply, Fail];

/// Returns the accepted steps among the tried ones, and the final state.
fn walk(tried: &[RequestStep]) -> (Vec<RequestStep>, RequestState) {
    let (mut taken, mut state) = (Vec::new(), Draft);
    for step in tried {
        if let Ok(next) = step.from(state) {
            taken.push(*step);
            state = next;
        }
    }
    (taken, state)
}

#[test]
fn s4_22_nothing_leads_out_of_what_is_decided_and_done() {
    for state in [Applied, Rejected, Cancelled, Failed] {
        for step in STEPS {
            assert_eq!(step.from(state), Err(Misstep(state)), "{step:?}");
        }
    }
}

#[test]
fn what_is_approved_ends_by_being_applied_or_failing() {
    let out = |state| {
        STEPS
            .map(|step| step.from(state).ok())
            .into_iter()
            .flatten()
    };
    assert_eq!(out(Approved).collect::<Vec<_>>(), [Applied, Failed]);
    // Some step leads to every state, except to the first.
    let reached: Vec<RequestState> = STATES.into_iter().flat_map(out).collect();
    for state in STATES {
        assert_eq!(reached.contains(&state), state != Draft, "{state:?}");
    }
}

#[test]
fn s4_28_a_reason_is_said_in_words() {
    for blank in ["", " ", "\u{a0}\u{2003}", "\u{200b}", "--", "…", "?!"] {
        assert!(!is_said(blank), "{blank:?}");
    }
    for said in ["left", "a", "1", "parti·e", "离职", "- ok"] {
        assert!(is_said(said), "{said:?}");
    }
}

proptest! {
    /// S4-30: a request is applied or fails only after it was confirmed and approved, each once and
    /// in this order; a cancelled or rejected one never is.
    #[test]
    fn s4_30_only_what_was_sent_and_approved_is_applied(tried in vec(select(&STEPS[..]), 0..12)) {
        let (taken, state) = walk(&tried);
        prop_assert!(taken.len() <= 3);
        match state {
            Applied => prop_assert_eq!(taken, [Confirm, Approve, Apply]),
            Failed => prop_assert_eq!(taken, [Confirm, Approve, Fail]),
            _ => prop_assert!(!taken.contains(&Apply) && !taken.contains(&Fail)),
        }
    }

    /// No step is possible twice.
    #[test]
    fn s4_20_no_step_is_taken_twice(tried in vec(select(&STEPS[..]), 0..12)) {
        let (taken, state) = walk(&tried);
        for step in taken {
            prop_assert!(step.from(state).is_err());
        }
    }
}
