//! The checker detects violations in invalid histories.

use std::time::Duration;

use tests::faults::{Check, Read, Via, Violation, Write};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Writes for a user: granted from 10 to 20 ms, revoked from 100 to 110 ms, granted again from 5000
/// to 5010 ms.
fn writes() -> [Write; 3] {
    let write = |begin, end, allows, at| Write {
        begin: ms(begin),
        end: ms(end),
        user: 1,
        allows,
        at,
    };
    [
        write(10, 20, true, 7),
        write(100, 110, false, 9),
        write(5000, 5010, true, 12),
    ]
}

fn read(begin: u64, end: u64, allow: bool, revision: i64) -> Read {
    Read {
        begin: ms(begin),
        end: ms(end),
        via: Via::Call(0),
        user: 1,
        allow,
        revision,
        demanded: 0,
    }
}

fn violations(reads: &[Read]) -> Vec<Violation> {
    Check::of(reads, &writes()).violations
}

#[test]
fn a_history_without_fault_passes() {
    let reads = [
        read(0, 5, false, 3),
        // During the write, and for a lease after it, both answers are right.
        read(12, 15, true, 7),
        read(12, 15, false, 6),
        read(30, 35, false, 6),
        read(500, 505, true, 8),
        read(1109, 1200, true, 8),
        read(1200, 1205, false, 10),
        // The grant may already be in effect.
        read(4990, 5001, true, 12),
        read(7000, 7001, true, 12),
    ];
    assert_eq!(violations(&reads), []);
}

#[test]
fn an_allow_a_lease_after_the_revocation_is_found() {
    for via in [Via::Call(2), Via::Stream(1), Via::Redis] {
        let stale = Read {
            via,
            ..read(1111, 1112, true, 8)
        };
        let found = violations(&[stale]);
        assert!(
            found.contains(&Violation::Stale(stale, writes()[1])),
            "{found:?}"
        );
        assert!(found.contains(&Violation::Older(stale, writes()[1])));
    }
    let until_the_next = read(1111, 4999, true, 12);
    let found = violations(&[until_the_next]);
    assert_eq!(found, [Violation::Stale(until_the_next, writes()[1])]);
}

#[test]
fn a_deny_a_lease_after_the_grant_is_found() {
    let late = read(6011, 6012, false, 11);
    let found = violations(&[late]);
    assert!(
        found.contains(&Violation::Stale(late, writes()[2])),
        "{found:?}"
    );
}

#[test]
fn an_answer_that_is_older_than_its_token_is_found() {
    let older = Read {
        demanded: 9,
        ..read(112, 113, false, 8)
    };
    assert!(violations(&[older]).contains(&Violation::OlderThanDemanded(older)));
    // An allow at a revision at which the user was already denied.
    let wrong = Read {
        demanded: 9,
        ..read(112, 113, true, 9)
    };
    let found = violations(&[wrong]);
    assert!(
        found.contains(&Violation::Stale(wrong, writes()[1])),
        "{found:?}"
    );
    assert!(found.contains(&Violation::WrongAtRevision(wrong)));
}

#[test]
fn an_answer_that_never_was_true_at_its_revision_is_found() {
    let wrong = read(115, 116, true, 10);
    assert_eq!(violations(&[wrong]), [Violation::WrongAtRevision(wrong)]);
    let never_granted = Read {
        user: 2,
        ..read(115, 116, true, 10)
    };
    assert!(violations(&[never_granted]).contains(&Violation::WrongAtRevision(never_granted)));
}

#[test]
fn staleness_is_measured_and_what_was_seen_is_counted() {
    let reads = [
        read(150, 151, true, 8),
        read(400, 401, true, 8),
        read(1200, 1201, false, 10),
    ];
    let check = Check::of(&reads, &writes());
    assert_eq!(check.stalest_allow, ms(290));
    assert_eq!(check.revocations_held, 1);
    assert_eq!(check.counts[&Via::Call(0)], [1, 2]);
    assert_eq!(Check::of(&[], &writes()).revocations_held, 0);
}
