//! Widening by table, and as a law: a change that does not widen allows nobody more.

use proptest::{collection::vec, prelude::*};
use types::{ApplicationId, Id, UnixTime};

use super::*;
use crate::{
    ApplicationDefinition, Bounds, Catalog, CompactId, ConditionInput, Entitlement, Facts, Grant,
    Member, ModuleDefinition, Organization, RoleDefinition, Subject, SubjectKind, Target, decide,
    held,
};

const ACTIVE: Subject = Subject {
    kind: SubjectKind::User,
    active: true,
};

/// A grant of a role by number, at a unit by number or everywhere, until a time.
#[derive(Debug, Clone)]
struct Holding {
    role: usize,
    unit: Option<usize>,
    end: i64,
}

/// All facts about a subject: which of two permissions each of two roles holds, the parents of `u1`
/// and `u2` (or none), whether the application is in force, and the grants.
#[derive(Debug, Clone)]
struct World {
    roles: [[bool; 2]; 2],
    parents: [Option<usize>; 2],
    entitled: bool,
    suspended: bool,
    unsubscribed: bool,
    grants: Vec<Holding>,
}

/// A change of one fact.
#[derive(Debug, Clone)]
enum Change {
    Role(usize, [bool; 2]),
    /// `u2` moves to another parent.
    Move(Option<usize>),
    Entitled(bool),
    Suspended(bool),
    Unsubscribed(bool),
}

const VERBS: [&str; 2] = ["view", "edit"];
/// Times at which grants are in force or have ended.
const TIMES_MS: [i64; 3] = [0, 15, 25];

impl World {
    fn definition(&self) -> ApplicationDefinition {
        let role = |(number, verbs): (usize, &[bool; 2])| RoleDefinition {
            id: format!("r{number}"),
            permissions: VERBS
                .iter()
                .zip(verbs)
                .filter(|(_, held)| **held)
                .map(|(verb, _)| format!("a.m.{verb}"))
                .collect(),
            notification_routes: Vec::new(),
        };
        ApplicationDefinition {
            id: ApplicationId::parse("a").unwrap(),
            modules: vec![ModuleDefinition {
                id: "m".to_owned(),
                verbs: VERBS.map(str::to_owned).to_vec(),
                options: Vec::new(),
                recommended: false,
            }],
            roles: self.roles.iter().enumerate().map(role).collect(),
            separations: Vec::new(),
        }
    }

    fn after(&self, change: &Change) -> Self {
        let mut world = self.clone();
        match change {
            Change::Role(role, verbs) => world.roles[*role] = *verbs,
            Change::Move(parent) => world.parents[1] = *parent,
            Change::Entitled(entitled) => world.entitled = *entitled,
            Change::Suspended(suspended) => world.suspended = *suspended,
            Change::Unsubscribed(unsubscribed) => world.unsubscribed = *unsubscribed,
        }
        world
    }

    /// Returns a unit and its ancestors.
    fn chain(&self, unit: usize) -> Vec<usize> {
        let mut chain = vec![unit];
        let mut at = unit;
        while let Some(parent) = at.checked_sub(1).and_then(|index| self.parents[index]) {
            chain.push(parent);
            at = parent;
        }
        chain
    }

    /// Returns the access that the grants give at a unit.
    fn holds(&self, unit: usize) -> Vec<Hold> {
        if !self.entitled || self.suspended || self.unsubscribed {
            return Vec::new();
        }
        let chain = self.chain(unit);
        let definition = self.definition();
        let there = |grant: &&Holding| grant.unit.is_none_or(|unit| chain.contains(&unit));
        let hold = |grant: &Holding| Hold {
            permissions: held(&definition, &format!("r{}", grant.role))
                .unwrap()
                .into_iter()
                .collect(),
            validity: Validity {
                start: UnixTime::MIN,
                end: UnixTime(grant.end),
            },
            can_delegate: false,
            applications: None,
            condition: None,
        };
        self.grants.iter().filter(there).map(hold).collect()
    }

    /// Returns true if the engine allows a verb at a unit at a time.
    fn allows(&self, verb: &str, unit: usize, now: i64) -> bool {
        let catalog = Catalog::compile(&[self.definition()]).unwrap();
        let mut organization = Organization {
            active: !self.suspended,
            subscription_required: true,
            ..Organization::default()
        };
        let application = catalog.application("a").unwrap();
        let entitlement = Entitlement {
            active: self.entitled,
            validity: Validity::ALWAYS,
        };
        organization.entitlements.insert(application, entitlement);
        organization.tree.place_unit("u0", None);
        for (number, parent) in self.parents.iter().enumerate() {
            let parent = parent.map(|parent| format!("u{parent}"));
            let id = format!("u{}", number + 1);
            organization.tree.place_unit(&id, parent.as_deref());
        }
        let grants = self.grants.iter().map(|grant| {
            let name = format!("applications/a/roles/r{}", grant.role);
            let bounds = Bounds {
                validity: Validity {
                    start: UnixTime::MIN,
                    end: UnixTime(grant.end),
                },
                ..Bounds::default()
            };
            Grant {
                id: CompactId::new("g"),
                role: catalog.roles().find(&name).unwrap(),
                can_delegate: false,
                scope: match grant.unit {
                    None => crate::Scope::All,
                    Some(unit) => organization
                        .tree
                        .scope(std::iter::once(format!("u{unit}")), std::iter::empty()),
                },
                bounds: bounds.boxed(),
            }
        });
        let member = Member {
            active: true,
            subscription_active: !self.unsubscribed,
            grants: grants.collect(),
        };
        let facts = Facts {
            catalog: &catalog,
            subject: Some(&ACTIVE),
            organization: Some(&organization),
            member: Some(&member),
        };
        let permission = catalog.permission(&format!("a.m.{verb}")).unwrap();
        let target: Target = organization.tree.unit_target(&format!("u{unit}"));
        let given = ConditionInput::default();
        decide(&facts, permission, target, &given, UnixTime(now))
            .outcome
            .is_ok()
    }
}

fn worlds() -> impl Strategy<Value = World> {
    let grant = (0..2_usize, prop::option::of(0..3_usize), 10..30_i64)
        .prop_map(|(role, unit, end)| Holding { role, unit, end });
    (
        any::<[[bool; 2]; 2]>(),
        prop::option::of(Just(0)),
        prop::option::of(0..2_usize),
        any::<[bool; 3]>(),
        vec(grant, 0..4),
    )
        .prop_map(
            |(roles, first, second, [entitled, suspended, unsubscribed], grants)| World {
                roles,
                parents: [first, second],
                entitled,
                suspended,
                unsubscribed,
                grants,
            },
        )
}

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..2_usize, any::<[bool; 2]>()).prop_map(|(role, verbs)| Change::Role(role, verbs)),
        prop::option::of(0..2_usize).prop_map(Change::Move),
        any::<bool>().prop_map(Change::Entitled),
        any::<bool>().prop_map(Change::Suspended),
        any::<bool>().prop_map(Change::Unsubscribed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// B2: the author of a change that does not widen may do nothing afterwards that they could not
    /// do before, at any location and time.
    #[test]
    fn b2_a_change_that_does_not_widen_lets_nobody_do_more(world in worlds(), change in changes()) {
        let after = world.after(&change);
        for unit in 0..3 {
            if widens(&world.holds(unit), &after.holds(unit)) {
                continue;
            }
            for verb in VERBS {
                for now in TIMES_MS {
                    let gained = after.allows(verb, unit, now) && !world.allows(verb, unit, now);
                    prop_assert!(!gained, "{verb} at u{unit}");
                }
            }
        }
    }

    /// A move is judged at the unit that moves: if it widens nothing there, it widens nothing
    /// below.
    #[test]
    fn what_is_below_what_moves_is_judged_with_it(world in worlds(), to in prop::option::of(Just(0))) {
        // `u2` is below `u1`, which moves.
        let world = World { parents: [world.parents[0], Some(1)], ..world };
        let after = World { parents: [to, Some(1)], ..world.clone() };
        if !widens(&world.holds(1), &after.holds(1)) {
            prop_assert!(!widens(&world.holds(2), &after.holds(2)));
        }
    }
}

fn hold() -> Hold {
    Hold {
        permissions: ["a.m.view".to_owned()].into(),
        validity: Validity {
            start: UnixTime(10),
            end: UnixTime(20),
        },
        can_delegate: false,
        applications: Some(["a".to_owned()].into()),
        condition: Some("context.office".to_owned()),
    }
}

#[test]
fn to_hold_longer_elsewhere_or_without_a_condition_is_to_hold_more() {
    let before = [hold()];
    assert!(!widens(&before, &[hold()]));
    assert!(!widens(&before, &[]));
    assert!(widens(&[], &before));
    for change in [
        |hold: &mut Hold| hold.permissions = ["a.m.edit".to_owned()].into(),
        |hold: &mut Hold| hold.validity.start = UnixTime(9),
        |hold: &mut Hold| hold.validity.end = UnixTime(21),
        |hold: &mut Hold| hold.can_delegate = true,
        |hold: &mut Hold| hold.applications = None,
        |hold: &mut Hold| hold.applications = Some(["b".to_owned()].into()),
        |hold: &mut Hold| hold.condition = None,
    ] {
        let mut after = hold();
        change(&mut after);
        assert!(widens(&before, std::slice::from_ref(&after)), "{after:?}");
    }
    let wider = Hold {
        condition: None,
        applications: None,
        can_delegate: true,
        ..hold()
    };
    assert!(!widens(&[wider], &before));
}
