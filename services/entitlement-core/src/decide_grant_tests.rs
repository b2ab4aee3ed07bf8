//! Several grants: the one that decides, the time until which the answer is valid, and the
//! conditions that are evaluated.

use super::*;

/// A grant of the viewer role of `a` over the organization from 0 until a time.
fn viewer(end: i64) -> Seed {
    Seed {
        role: 0,
        units: None,
        resources: Vec::new(),
        start: 0,
        length: end,
        condition: None,
    }
}

/// A condition that is met without a context.
const MET: Option<usize> = Some(3);
/// A condition that is not met without a context, and depends on `network`.
const NETWORK: Option<usize> = Some(0);
/// A condition that is not met without a context, and depends on `network` and `amount`.
const AMOUNT: Option<usize> = Some(1);

fn ask(world: &World) -> Decision<'_> {
    world.ask("a.m.view", Target::Organization, UnixTime(5))
}

/// Returns the id of the grant that allows.
fn allowed_by(decision: Decision<'_>) -> String {
    decision.outcome.unwrap().id.to_string()
}

#[test]
fn of_the_grants_that_allow_the_one_that_ends_last_decides() {
    for condition in [None, MET] {
        for (ends, id, until) in [
            (&[20][..], "g0", 20),
            (&[20, 30], "g1", 30),
            (&[30, 20], "g0", 30),
            (&[20, 30, 25], "g1", 30),
            (&[30, 30], "g0", 30),
        ] {
            let seeds = ends.iter().map(|end| Seed {
                condition,
                ..viewer(*end)
            });
            let world = world(&seeds.collect::<Vec<_>>());
            let decision = ask(&world);
            assert_eq!(allowed_by(decision), id, "{ends:?}");
            assert_eq!(decision.valid_until, UnixTime(until), "{ends:?}");
            assert_eq!(decision.is_conditional(), condition.is_some());
        }
    }
}

/// The entitlement ends at 50 unless stated.
#[test]
fn an_allow_is_valid_until_the_grant_or_the_entitlement_ends() {
    for (grant, entitlement, until) in [(20, 50, 20), (50, 20, 20), (20, 20, 20)] {
        let mut world = world(&[viewer(grant)]);
        entitle_until(&mut world, entitlement);
        assert_eq!(ask(&world).valid_until, UnixTime(until));
    }
}

fn entitle_until(world: &mut World, end: i64) {
    let organization = world.organization.as_mut().unwrap();
    for held in organization.entitlements.values_mut() {
        held.validity.end = UnixTime(end);
    }
}

#[test]
fn a_deny_is_valid_until_a_grant_begins_or_one_that_does_not_suffice_ends() {
    let later = |start| Seed {
        start,
        ..viewer(10)
    };
    let elsewhere = |end| Seed {
        units: Some(vec![1]),
        ..viewer(end)
    };
    let unmet = |end| Seed {
        condition: NETWORK,
        ..viewer(end)
    };
    let other_role = |end| Seed {
        role: 2,
        ..viewer(end)
    };
    let table = [
        (vec![], Reason::NoGrant, 50),
        (vec![later(15)], Reason::NoGrant, 15),
        (vec![later(15), later(12)], Reason::NoGrant, 12),
        (vec![later(60)], Reason::NoGrant, 50),
        // A grant that has ended, or whose role lacks the permission, changes nothing.
        (vec![viewer(5)], Reason::NoGrant, 50),
        (vec![viewer(4), later(15)], Reason::NoGrant, 15),
        (vec![other_role(9)], Reason::NoGrant, 50),
        (vec![elsewhere(20)], Reason::OutOfScope, 20),
        (vec![elsewhere(20), elsewhere(10)], Reason::OutOfScope, 10),
        (vec![elsewhere(20), later(15)], Reason::OutOfScope, 15),
        (vec![unmet(20)], Reason::ConditionNotMet, 20),
        (vec![unmet(20), elsewhere(9)], Reason::ConditionNotMet, 9),
        (vec![elsewhere(9), unmet(20)], Reason::ConditionNotMet, 9),
        (vec![unmet(70)], Reason::ConditionNotMet, 50),
    ];
    for (seeds, reason, until) in table {
        let mut world = world(&seeds);
        entitle_until(&mut world, 50);
        let decision = ask(&world);
        assert_eq!(decision.outcome, Err(reason), "{seeds:?}");
        assert_eq!(decision.valid_until, UnixTime(until), "{seeds:?}");
    }
}

#[test]
fn a_deny_for_want_of_an_entitlement_is_valid_until_the_entitlement_begins() {
    for (active, start, end, until) in [
        (true, 9, 20, 9),
        (true, 0, 5, i64::MAX),
        (false, 0, 20, i64::MAX),
        (false, 9, 20, i64::MAX),
    ] {
        let mut world = World::new();
        let organization = world.organization.as_mut().unwrap();
        for held in organization.entitlements.values_mut() {
            *held = Entitlement {
                active,
                validity: Validity {
                    start: UnixTime(start),
                    end: UnixTime(end),
                },
            };
        }
        let decision = ask(&world);
        assert_eq!(decision.outcome, Err(Reason::ApplicationNotEntitled));
        assert_eq!(decision.valid_until, UnixTime(until), "{start} {end}");
    }
}

/// Grants that could not allow even if their condition was met.
fn useless(condition: Option<usize>) -> [Seed; 5] {
    let seed = Seed {
        condition,
        ..viewer(20)
    };
    [
        Seed {
            length: 5,
            ..seed.clone()
        },
        Seed {
            start: 6,
            ..seed.clone()
        },
        Seed {
            units: Some(vec![0]),
            ..seed.clone()
        },
        Seed {
            role: 2,
            ..seed.clone()
        },
        Seed { role: 3, ..seed },
    ]
}

#[test]
fn only_grants_that_cover_the_question_are_asked_for_their_condition() {
    let unmet = |condition| Seed {
        condition,
        ..viewer(20)
    };
    let keys = |world: &World| -> Vec<String> {
        let permission = world.catalog.permission("a.m.view").unwrap();
        let (facts, given) = (world.facts(), ConditionInput::default());
        let target = Target::Organization;
        let keys = missing(&facts, permission, target, &given, UnixTime(5));
        keys.into_iter().map(str::to_owned).collect()
    };
    for other in useless(MET) {
        for seeds in [
            [unmet(NETWORK), other.clone()],
            [other.clone(), unmet(NETWORK)],
        ] {
            let world = world(&seeds);
            let decision = ask(&world);
            assert_eq!(decision.outcome, Err(Reason::ConditionNotMet), "{other:?}");
            assert_eq!(decision.conditions, 1, "{other:?}");
            assert_eq!(keys(&world), ["network"], "{other:?}");
        }
    }
    for other in useless(AMOUNT) {
        let world = world(&[unmet(NETWORK), other.clone()]);
        assert_eq!(keys(&world), ["network"], "{other:?}");
        let world = super::world(std::slice::from_ref(&other));
        assert_eq!(keys(&world), [""; 0], "{other:?}");
        assert_eq!(ask(&world).conditions, 0, "{other:?}");
    }
    // A condition that is met lacks nothing.
    let world = world(&[unmet(MET)]);
    assert_eq!(keys(&world), [""; 0]);
}

#[test]
fn every_condition_that_is_evaluated_is_counted() {
    let with = |condition| Seed {
        condition,
        ..viewer(20)
    };
    for (conditions, allowed, count) in [
        (&[][..], false, 0),
        (&[None], true, 0),
        (&[NETWORK], false, 1),
        (&[MET], true, 1),
        (&[NETWORK, AMOUNT, MET], true, 3),
        // A grant without a condition decides before any condition is evaluated.
        (&[NETWORK, None], true, 0),
        (&[MET, None], true, 0),
    ] {
        let seeds: Vec<Seed> = conditions.iter().map(|one| with(*one)).collect();
        let world = world(&seeds);
        let decision = ask(&world);
        assert_eq!(decision.outcome.is_ok(), allowed, "{conditions:?}");
        assert_eq!(decision.conditions, count, "{conditions:?}");
        assert_eq!(decision.is_conditional(), count > 0, "{conditions:?}");
    }
}

#[test]
fn who_is_an_active_member_is_one_without_an_entitlement_or_a_grant() {
    type Change = fn(&mut World);
    let table: [(Change, bool); 10] = [
        (|_| {}, true),
        (
            |world| world.organization.as_mut().unwrap().entitlements.clear(),
            true,
        ),
        (
            |world| world.member.as_mut().unwrap().grants = Box::default(),
            true,
        ),
        (|world| world.subject = None, false),
        (
            |world| world.subject.as_mut().unwrap().active = false,
            false,
        ),
        (|world| world.organization = None, false),
        (
            |world| world.organization.as_mut().unwrap().active = false,
            false,
        ),
        (|world| world.member = None, false),
        (|world| world.member.as_mut().unwrap().active = false, false),
        (
            |world| world.member.as_mut().unwrap().subscription_active = false,
            false,
        ),
    ];
    for (at, (change, expected)) in table.iter().enumerate() {
        let mut world = World::new();
        change(&mut world);
        let facts = world.facts();
        assert_eq!(facts.is_member(), *expected, "{at}");
        let found = membership(&facts).ok().map(|(_, member)| member);
        assert_eq!(found, facts.member.filter(|_| *expected), "{at}");
    }
}

#[test]
fn a_subscription_is_needed_by_people_where_the_organization_requires_it() {
    for (required, kind, subscribed, expected) in [
        (true, SubjectKind::User, true, true),
        (true, SubjectKind::User, false, false),
        (false, SubjectKind::User, false, true),
        (true, SubjectKind::ServiceAccount, false, true),
        (false, SubjectKind::ServiceAccount, false, true),
    ] {
        let mut world = World::new();
        world.organization.as_mut().unwrap().subscription_required = required;
        world.subject.as_mut().unwrap().kind = kind;
        world.member.as_mut().unwrap().subscription_active = subscribed;
        let reason = (!expected).then_some(Reason::NotEligible);
        assert_eq!(world.reason(), reason, "{required} {kind:?} {subscribed}");
    }
}
