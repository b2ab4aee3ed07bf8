//! Applications and locations: what a granter reaches, and which grants a reader sees.

use super::*;

const READ: &str = "mandate.grants.read";
const OWNER: &str = "applications/mandate/roles/owner";

fn read(world: &World) -> PermissionIndex {
    world.catalog.permission(READ).unwrap()
}

/// Each access, with applications and units (or the organization) and whether it reaches them all.
#[test]
fn a_granter_reaches_what_the_grants_cover_in_application_and_location() {
    type Units = Option<&'static [usize]>;
    let owner = || vec![holds(0, None, false, false)];
    let part = || vec![holds(1, Some(&[0]), false, false)];
    let admin = || vec![holds(2, None, true, false)];
    let table: [(Vec<Seed>, &[&str], Units, bool); 19] = [
        (owner(), &["a"], None, true),
        (owner(), &["a", "b"], Some(&[0, 1, 2]), true),
        // All of the organization includes locations that do not exist, and the power over all
        // applications includes those that do not exist.
        (owner(), &["a"], Some(&[9]), true),
        (owner(), &["none"], None, true),
        (part(), &["a", "b"], Some(&[0]), true),
        (part(), &["a"], Some(&[0, 1]), true),
        (part(), &["a"], Some(&[2]), false),
        (part(), &["a"], Some(&[1, 2]), false),
        (part(), &["a"], Some(&[9]), false),
        (part(), &["a"], None, false),
        (admin(), &["a"], None, true),
        (admin(), &["a"], Some(&[2]), true),
        (admin(), &["b"], None, false),
        (admin(), &["a", "b"], None, false),
        (admin(), &["b", "a"], None, false),
        (admin(), &["none"], None, false),
        // Bound to an application and to a unit.
        (
            vec![holds(2, Some(&[0]), true, false)],
            &["a"],
            Some(&[1]),
            true,
        ),
        (
            vec![holds(2, Some(&[0]), true, false)],
            &["a"],
            Some(&[2]),
            false,
        ),
        (vec![holds(3, None, false, true)], &["a"], None, false),
    ];
    for (held, applications, units, expected) in table {
        let world = world(&held);
        let of = applications.iter().map(|id| world.catalog.application(id));
        let about = GrantTarget {
            applications: &of.collect::<Vec<_>>(),
            places: &world.places(units),
        };
        let reaches = world.power().reaches(read(&world), &about);
        assert_eq!(reaches, expected, "{held:?} {applications:?} {units:?}");
    }
}

/// Neither the end of a grant nor the right to delegate it matters to a reader.
#[test]
fn a_granter_reaches_as_much_shortly_before_the_end() {
    let world = world(&[Seed {
        end: 101,
        ..holds(0, None, false, false)
    }]);
    let about = GrantTarget {
        applications: &[world.catalog.application("a")],
        places: &[Target::Organization],
    };
    assert!(world.power().reaches(read(&world), &about));
}

/// A member whose grants differ in role, location and binding.
fn member(world: &World) -> Member {
    let viewer = |id: &str, application: &str, scope: Scope| {
        let name = format!("applications/{application}/roles/viewer");
        Grant {
            id: CompactId::new(id),
            role: world.catalog.roles().find(&name).unwrap(),
            can_delegate: false,
            scope,
            bounds: None,
        }
    };
    let units = |units: &[&str]| {
        let mut tree = world.organization.tree.clone();
        tree.scope(units.iter(), [].iter())
    };
    let admin = |id: &str, applications: &[&str]| {
        let of = applications
            .iter()
            .map(|id| world.catalog.application(id).unwrap());
        let bounds = Bounds {
            applications: Some(of.collect()),
            ..Bounds::default()
        };
        Grant {
            role: world.catalog.roles().find(ADMIN).unwrap(),
            bounds: bounds.boxed(),
            ..viewer(id, "a", Scope::All)
        }
    };
    let owner = Grant {
        role: world.catalog.roles().find(OWNER).unwrap(),
        ..viewer("owner", "a", Scope::All)
    };
    Member {
        active: true,
        subscription_active: true,
        grants: Box::new([
            viewer("a", "a", Scope::All),
            viewer("b", "b", Scope::All),
            viewer("a0", "a", units(&["u0"])),
            viewer("b1", "b", units(&["u1"])),
            viewer("a02", "a", units(&["u0", "u2"])),
            viewer("a2", "a", units(&["u2"])),
            viewer("emptied", "a", units(&[])),
            admin("of-a", &["a"]),
            admin("of-ab", &["a", "b"]),
            admin("of-none", &[]),
            owner,
        ]),
    }
}

#[test]
fn a_reader_sees_the_grants_that_lie_within_the_readers_own_applications_and_locations() {
    let all = [
        "a", "b", "a0", "b1", "a02", "a2", "emptied", "of-a", "of-ab", "of-none", "owner",
    ];
    let table: [(&[Seed], &[&str]); 7] = [
        (&[holds(0, None, false, false)], &all),
        (&[holds(5, None, false, false)], &all),
        (&[], &[]),
        (&[holds(3, None, false, false)], &[]),
        (&[holds(1, Some(&[0]), false, false)], &["a0", "b1"]),
        (
            &[holds(2, None, true, false)],
            &["a", "a0", "a02", "a2", "emptied", "of-a"],
        ),
        (
            &[
                holds(2, Some(&[2]), true, false),
                holds(1, Some(&[0]), false, false),
            ],
            &["a0", "b1", "a02", "a2"],
        ),
    ];
    for (held, expected) in table {
        let world = world(held);
        let member = member(&world);
        let seen = world.power().seen(read(&world), &member);
        let ids: Vec<String> = seen
            .grants
            .iter()
            .map(|grant| grant.id.to_string())
            .collect();
        assert_eq!(ids, expected, "{held:?}");
    }
}

#[test]
fn a_reader_sees_the_states_of_a_member_as_they_are() {
    let world = world(&[holds(0, None, false, false)]);
    for (active, subscription_active) in [(true, true), (true, false), (false, true)] {
        let member = Member {
            active,
            subscription_active,
            ..member(&world)
        };
        assert_eq!(world.power().seen(read(&world), &member), member);
    }
}
