//! The grants of owners, the granter's own grants, and what an owner is.

use super::*;

/// Returns the result of a change of a grant of the viewer role of `a` everywhere.
fn change(power: &Granter<'_>, is_own: bool, is_owners: bool) -> Result<(), DelegationError> {
    let proposed = ProposedGrant {
        manages: &[],
        about: GrantTarget {
            applications: &[power.here.catalog.application("a")],
            places: &[Target::Organization],
        },
        until: UnixTime::MIN,
        is_own,
        is_owners,
    };
    proposed.check(power)
}

fn ends(seed: Seed, end: i64) -> Seed {
    Seed { end, ..seed }
}

/// Each access, whether it owns the organization, and whether it reaches the viewer role of `a`
/// everywhere: here, and in the operator organization.
#[test]
fn only_owners_and_operators_change_the_grants_of_an_owner() {
    let everything = || holds(4, None, false, true);
    let owner = || holds(0, None, false, true);
    let nothing = || world(&[]);
    let table = [
        (world(&[owner()]), nothing(), true, true),
        (
            world(&[holds(0, None, false, false)]),
            nothing(),
            true,
            true,
        ),
        (world(&[ends(owner(), 101)]), nothing(), true, true),
        (world(&[ends(owner(), 100)]), nothing(), false, false),
        (
            world(&[holds(1, None, false, true)]),
            nothing(),
            false,
            true,
        ),
        (world(&[holds(2, None, true, true)]), nothing(), false, true),
        (
            world(&[holds(3, None, false, true)]),
            nothing(),
            false,
            false,
        ),
        // The operator's role in another organization is a role of that organization.
        (world(&[everything()]), nothing(), false, true),
        (nothing(), world(&[everything()]), true, true),
        (nothing(), world(&[ends(everything(), 100)]), false, false),
        (nothing(), world(&[owner()]), true, true),
        (nothing(), nothing(), false, false),
    ];
    for (at, (here, operator, owns, reaches)) in table.iter().enumerate() {
        let power = here.power_with(operator);
        assert_eq!(power.owns(), *owns, "{at}");
        let of_owner = if *owns {
            Ok(())
        } else {
            Err(DelegationError::Owners)
        };
        assert_eq!(change(&power, false, true), of_owner, "{at}");
        let of_another = if *reaches {
            Ok(())
        } else {
            Err(DelegationError::Application)
        };
        assert_eq!(change(&power, false, false), of_another, "{at}");
    }
}

#[test]
fn nobody_changes_their_own_grants() {
    let owner = world(&[holds(0, None, false, true)]);
    let operator = world(&[holds(4, None, false, true)]);
    let power = owner.power_with(&operator);
    for is_owners in [false, true] {
        assert_eq!(change(&power, true, is_owners), Err(DelegationError::Own));
        assert_eq!(change(&power, false, is_owners), Ok(()));
    }
}

/// The catalog has no permission, so nobody can hold one.
#[test]
fn nobody_owns_anything_before_the_built_in_application_exists() {
    let world = world(&[]);
    let catalog = Catalog::default();
    let facts = Facts {
        catalog: &catalog,
        ..world.facts(Some(&world.member))
    };
    let power = Granter {
        here: facts,
        operator: facts,
        now: NOW,
    };
    assert!(!power.owns());
    assert!(!power.gives_everything());
    assert_eq!(
        change(&power, false, false),
        Err(DelegationError::Application)
    );
}

#[test]
fn a_grant_that_has_ended_gives_no_power_and_one_that_ends_later_does() {
    let write = |world: &World| world.catalog.permission(management::GRANTS_WRITE).unwrap();
    for (end, expected) in [(100, Err(DelegationError::Application)), (101, Ok(()))] {
        let world = world(&[ends(holds(0, None, false, true), end)]);
        assert_eq!(world.give(VIEWER, "a", None, 50), expected, "{end}");
        let anywhere = world.power().anywhere(write(&world)).is_some();
        assert_eq!(anywhere, expected.is_ok(), "{end}");
    }
}

/// Each permission that a role passes on must be held with the right to delegate it.
#[test]
fn a_role_is_passed_on_by_who_may_delegate_each_permission_of_it() {
    // `delegated-owner` has all permissions of `application-admin`, and some more.
    let both = |can_delegate| {
        world(&[
            holds(2, None, false, true),
            holds(1, None, false, can_delegate),
        ])
    };
    let exceeds = Err(DelegationError::ExceedsGranter);
    assert_eq!(both(true).give(DELEGATED, "a", None, 1000), Ok(()));
    assert_eq!(both(false).give(DELEGATED, "a", None, 1000), exceeds);
    assert_eq!(both(false).give(ADMIN, "a", None, 1000), Ok(()));
    assert_eq!(both(false).give(VIEWER, "a", None, 1000), Ok(()));
}
