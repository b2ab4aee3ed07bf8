//! The power of the operator: a grant over all of the operator organization holds in every
//! organization.

use super::*;

fn nothing() -> World {
    world(&[])
}

fn write(world: &World) -> PermissionIndex {
    world.catalog.permission(management::GRANTS_WRITE).unwrap()
}

/// Returns the result of granting the viewer role of `a`, in some units or everywhere, until 1000.
fn give(power: &Granter<'_>, places: &[Target]) -> Result<(), DelegationError> {
    let proposed = ProposedGrant {
        manages: &[],
        about: GrantTarget {
            applications: &[power.here.catalog.application("a")],
            places,
        },
        until: UnixTime(1000),
        is_own: false,
        is_owners: false,
    };
    proposed.check(power)
}

/// Each access in the operator organization, and whether it holds in every organization.
#[test]
fn what_is_held_over_all_of_the_operator_organization_holds_in_every_organization() {
    let table = [
        (holds(4, None, false, false), true),
        (holds(4, None, false, true), true),
        // The administrator of all applications.
        (holds(2, None, false, false), true),
        // In some units, for some applications, or both.
        (holds(4, Some(&[0]), false, true), false),
        (holds(4, Some(&[0, 2]), false, true), false),
        (holds(4, None, true, true), false),
        (holds(4, Some(&[0]), true, true), false),
        // Without the permission.
        (holds(3, None, false, true), false),
    ];
    let here = nothing();
    for (seed, expected) in table {
        let operator = world(std::slice::from_ref(&seed));
        let power = here.power_with(&operator);
        let places = here.places(Some(&[0, 2]));
        for places in [&[Target::Organization][..], &places, &[Target::Missing]] {
            let result = if expected {
                Ok(())
            } else {
                Err(DelegationError::Application)
            };
            assert_eq!(give(&power, places), result, "{seed:?}");
        }
        assert_eq!(power.anywhere(write(&here)).is_some(), expected, "{seed:?}");
        assert_eq!(power.owns(), expected, "{seed:?}");
    }
}

#[test]
fn the_operator_gives_for_as_long_as_the_operators_own_grant() {
    let here = nothing();
    for (end, expected) in [
        (1000, Ok(())),
        (999, Err(DelegationError::Application)),
        (100, Err(DelegationError::Application)),
    ] {
        let operator = world(&[Seed {
            end,
            ..holds(4, None, false, true)
        }]);
        let power = here.power_with(&operator);
        assert_eq!(give(&power, &[Target::Organization]), expected, "{end}");
    }
}

#[test]
fn power_in_the_operator_organization_ends_with_the_membership_in_it() {
    let here = nothing();
    let mut operator = world(&[holds(4, None, false, true)]);
    assert!(here.power_with(&operator).owns());
    operator.member.active = false;
    assert!(!here.power_with(&operator).owns());
    operator.member.active = true;
    operator.organization.active = false;
    assert!(!here.power_with(&operator).owns());
}

/// Each access and the role of the grant that a permit for creating grants anywhere names.
#[test]
fn a_permit_names_the_grant_of_the_operator_first_and_any_grant_here_otherwise() {
    let operators = holds(4, None, false, false);
    let table: [(&[Seed], &[Seed], Option<&str>); 8] = [
        (&[], &[], None),
        (&[holds(3, None, false, true)], &[], None),
        (&[holds(0, None, false, false)], &[], Some("owner")),
        (
            &[holds(1, Some(&[1]), false, false)],
            &[],
            Some("delegated-owner"),
        ),
        (
            &[holds(2, None, true, false)],
            &[],
            Some("application-admin"),
        ),
        (&[], std::slice::from_ref(&operators), Some("operator")),
        (
            &[holds(0, None, false, false)],
            std::slice::from_ref(&operators),
            Some("operator"),
        ),
        (
            &[holds(0, None, false, false)],
            &[holds(4, Some(&[0]), false, false)],
            Some("owner"),
        ),
    ];
    for (here, operator, expected) in table {
        let (here, operator) = (world(here), world(operator));
        let power = here.power_with(&operator);
        let found = power.anywhere(write(&here));
        let found = found.map(|grant| here.catalog.roles().name(grant.role));
        let expected = expected.map(|role| format!("applications/mandate/roles/{role}"));
        assert_eq!(found, expected.as_deref());
    }
}

/// A granter of everything may also change the catalog and the roles of the operator.
#[test]
fn everything_is_given_by_the_operator_who_may_delegate_it_without_expiry_and_by_nobody_else() {
    let endless = |seed| Seed {
        end: i64::MAX,
        ..seed
    };
    let operator = || endless(holds(4, None, false, true));
    let table = [
        (nothing(), world(&[operator()]), true),
        // In another organization.
        (world(&[operator()]), nothing(), false),
        (nothing(), nothing(), false),
        // With an end, without delegation, in a unit, or for an application.
        (nothing(), world(&[holds(4, None, false, true)]), false),
        (
            nothing(),
            world(&[endless(holds(4, None, false, false))]),
            false,
        ),
        (
            nothing(),
            world(&[endless(holds(4, Some(&[0]), false, true))]),
            false,
        ),
        (
            nothing(),
            world(&[endless(holds(4, None, true, true))]),
            false,
        ),
        // With a part of the permissions.
        (
            nothing(),
            world(&[endless(holds(0, None, false, true))]),
            false,
        ),
        // One grant with delegation and another without end do not add up.
        (
            nothing(),
            world(&[
                holds(4, None, false, true),
                endless(holds(4, None, false, false)),
            ]),
            false,
        ),
        (
            nothing(),
            world(&[holds(4, None, false, false), operator()]),
            true,
        ),
    ];
    for (at, (here, operator, expected)) in table.iter().enumerate() {
        let power = here.power_with(operator);
        assert_eq!(power.gives_everything(), *expected, "{at}");
    }
}
