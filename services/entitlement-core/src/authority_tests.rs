//! The delegation rule by table, and as a law: nobody comes to hold what the granter did not.

use std::sync::Arc;

use proptest::{collection::vec, prelude::*};
use types::{ApplicationId, Id};

use super::*;
use crate::{
    ApplicationDefinition, Bounds, Catalog, CompactId, Condition, ConditionInput, Entitlement,
    Member, Organization, RoleDefinition, Subject, SubjectKind, Validity, decide, management,
};

#[path = "authority_operator_tests.rs"]
mod operator;
#[path = "authority_owner_tests.rs"]
mod owner;
#[path = "authority_sight_tests.rs"]
mod sight;

const NOW: UnixTime = UnixTime(100);
const ROLES: [&str; 6] = [
    "owner",
    "delegated-owner",
    "application-admin",
    "checker",
    "operator",
    "requester",
];

struct World {
    catalog: Catalog,
    organization: Organization,
    member: Member,
}

/// Access of a granter, or a proposed grant: a role, its scope (units by number, or all), whether
/// it is bound to an application, an end, and whether it may be delegated.
#[derive(Debug, Clone)]
struct Seed {
    role: usize,
    units: Option<Vec<usize>>,
    bound: bool,
    end: i64,
    can_delegate: bool,
}

fn catalog() -> Catalog {
    let application = |id: &str| ApplicationDefinition {
        id: ApplicationId::parse(id).unwrap(),
        modules: Vec::new(),
        roles: vec![RoleDefinition {
            notification_routes: Vec::new(),
            id: "viewer".to_owned(),
            permissions: vec![format!("{id}.*")],
        }],
        separations: Vec::new(),
    };
    let management = management::application().unwrap();
    Catalog::compile(&[management, application("a"), application("b")]).unwrap()
}

fn world(held: &[Seed]) -> World {
    let catalog = catalog();
    let mut organization = Organization {
        active: true,
        ..Organization::default()
    };
    for (unit, parent) in [("u0", None), ("u1", Some("u0")), ("u2", None)] {
        organization.tree.place_unit(unit, parent);
    }
    let always = Entitlement {
        active: true,
        validity: Validity::ALWAYS,
    };
    let mandate = catalog.application(management::APPLICATION).unwrap();
    organization.entitlements.insert(mandate, always);
    let grants = held.iter().map(|seed| grant(&catalog, &organization, seed));
    let member = Member {
        active: true,
        subscription_active: true,
        grants: grants.collect(),
    };
    World {
        catalog,
        organization,
        member,
    }
}

fn grant(catalog: &Catalog, organization: &Organization, seed: &Seed) -> Grant {
    let mut tree = organization.tree.clone();
    let name = format!("applications/mandate/roles/{}", ROLES[seed.role]);
    let applications = seed
        .bound
        .then(|| catalog.application("a").into_iter().collect());
    let bounds = Bounds {
        validity: Validity {
            start: UnixTime::MIN,
            end: UnixTime(seed.end),
        },
        applications,
        condition: None,
    };
    Grant {
        id: CompactId::new("g"),
        role: catalog.roles().find(&name).unwrap(),
        can_delegate: seed.can_delegate,
        scope: match &seed.units {
            None => Scope::All,
            Some(units) => {
                let units = units.iter().map(|unit| format!("u{unit}"));
                tree.scope(units, std::iter::empty())
            }
        },
        bounds: bounds.boxed(),
    }
}

impl World {
    fn facts<'a>(&'a self, member: Option<&'a Member>) -> Facts<'a> {
        const ACTIVE: Subject = Subject {
            kind: SubjectKind::ServiceAccount,
            active: true,
        };
        Facts {
            catalog: &self.catalog,
            subject: Some(&ACTIVE),
            organization: Some(&self.organization),
            member,
        }
    }

    fn power(&self) -> Granter<'_> {
        Granter {
            here: self.facts(Some(&self.member)),
            operator: self.facts(None),
            now: NOW,
        }
    }

    fn places(&self, units: Option<&[usize]>) -> Vec<Target> {
        let tree = &self.organization.tree;
        let target = |unit: &usize| tree.unit_target(&format!("u{unit}"));
        units.map_or(vec![Target::Organization], |units| {
            units.iter().map(target).collect()
        })
    }

    /// Returns the granter with this access here and the other's access in the operator
    /// organization.
    fn power_with<'a>(&'a self, operator: &'a Self) -> Granter<'a> {
        Granter {
            operator: operator.facts(Some(&operator.member)),
            ..self.power()
        }
    }

    /// Returns the management permissions of a role.
    fn manages(&self, role: &str) -> Vec<PermissionIndex> {
        let roles = self.catalog.roles();
        let role = roles.find(role).into_iter();
        role.flat_map(|role| roles.managed_by(role)).collect()
    }

    /// Checks that a role may be granted for an application, in some units or everywhere, until a
    /// time.
    fn give(
        &self,
        role: &str,
        application: &str,
        units: Option<&[usize]>,
        until: i64,
    ) -> Result<(), DelegationError> {
        let places = self.places(units);
        let gift = ProposedGrant {
            manages: &self.manages(role),
            about: GrantTarget {
                applications: &[self.catalog.application(application)],
                places: &places,
            },
            until: UnixTime(until),
            is_own: false,
            is_owners: false,
        };
        gift.check(&self.power())
    }
}

fn holds(role: usize, units: Option<&[usize]>, bound: bool, can_delegate: bool) -> Seed {
    Seed {
        role,
        units: units.map(<[usize]>::to_vec),
        bound,
        end: 1000,
        can_delegate,
    }
}

#[test]
fn what_is_held_under_a_condition_gives_no_power() {
    let mut world = world(&[holds(0, None, false, true)]);
    let give = |world: &World| world.give(VIEWER, "a", None, 1000);
    assert_eq!(give(&world), Ok(()));
    assert!(world.power().owns());
    // No such grant can be created. If one existed, it would give no authority, even if its
    // condition is met.
    let condition = Some(Arc::new(Condition::parse("true").unwrap()));
    world.member.grants[0].bounds = Some(Box::new(Bounds {
        condition,
        ..Bounds::default()
    }));
    assert!(give(&world).is_err());
    assert!(!world.power().owns());
}

const VIEWER: &str = "applications/a/roles/viewer";
const DELEGATED: &str = "applications/mandate/roles/delegated-owner";
const ADMIN: &str = "applications/mandate/roles/application-admin";

/// C3: application, location, time and delegation each suffice to refuse.
#[test]
fn c3_every_condition_of_giving_is_needed() {
    let owner = world(&[holds(0, None, false, false)]);
    assert_eq!(owner.give(VIEWER, "a", None, 1000), Ok(()));
    assert_eq!(
        owner.give(VIEWER, "a", None, 1001),
        Err(DelegationError::ExceedsGranter)
    );
    assert_eq!(
        owner.give(DELEGATED, "mandate", None, 1000),
        Err(DelegationError::ExceedsGranter)
    );
    let delegating = world(&[holds(0, None, false, true)]);
    assert_eq!(delegating.give(DELEGATED, "mandate", None, 1000), Ok(()));
    let operator = "applications/mandate/roles/operator";
    assert_eq!(
        delegating.give(operator, "mandate", None, 1000),
        Err(DelegationError::ExceedsGranter)
    );

    let admin = world(&[holds(2, None, true, true)]);
    assert_eq!(admin.give(VIEWER, "a", None, 1000), Ok(()));
    assert_eq!(admin.give(ADMIN, "a", None, 1000), Ok(()));
    for (role, application) in [
        ("applications/b/roles/viewer", "b"),
        (DELEGATED, "mandate"),
        ("applications/none/roles/viewer", "none"),
    ] {
        assert_eq!(
            admin.give(role, application, None, 0),
            Err(DelegationError::Application),
            "{role}"
        );
    }

    let part = world(&[holds(1, Some(&[0]), false, true)]);
    assert_eq!(part.give(VIEWER, "b", Some(&[0, 1]), 1000), Ok(()));
    assert_eq!(part.give(DELEGATED, "mandate", Some(&[1]), 1000), Ok(()));
    assert_eq!(
        part.give(VIEWER, "b", Some(&[1, 2]), 1000),
        Err(DelegationError::Place(1))
    );
    // A location out of reach and a missing one get the same answer.
    assert_eq!(
        part.give(VIEWER, "b", Some(&[1, 9]), 1000),
        Err(DelegationError::Place(1))
    );
    assert_eq!(
        part.give(VIEWER, "b", None, 1000),
        Err(DelegationError::ExceedsGranter)
    );

    // Two grants do not add up to a third: one for the location, one for the application.
    let two = world(&[
        holds(1, Some(&[0]), false, true),
        holds(2, Some(&[2]), true, true),
    ]);
    assert_eq!(two.give(VIEWER, "a", Some(&[0, 2]), 1000), Ok(()));
    assert_eq!(
        two.give("applications/b/roles/viewer", "b", Some(&[2]), 0),
        Err(DelegationError::Place(0))
    );
    let nobody = world(&[holds(3, None, false, true)]);
    assert_eq!(
        nobody.give(VIEWER, "a", None, 0),
        Err(DelegationError::Application)
    );
}

fn seed() -> impl Strategy<Value = Seed> {
    let scope = prop::option::of(vec(0_usize..3, 1..3));
    (
        0..ROLES.len(),
        scope,
        any::<bool>(),
        90_i64..130,
        any::<bool>(),
    )
        .prop_map(|(role, units, bound, end, can_delegate)| Seed {
            role,
            units,
            bound,
            end,
            can_delegate,
        })
}

proptest! {
    /// B2: the granter held everything that a permitted grant gives, there and for as long.
    #[test]
    fn b2_nobody_holds_what_the_giver_did_not(held in vec(seed(), 0..5), gift in seed()) {
        let world = world(&held);
        let places = world.places(gift.units.as_deref());
        let application = if gift.bound { "a" } else { management::APPLICATION };
        let given = grant(&world.catalog, &world.organization, &gift);
        let manages: Vec<_> = world.catalog.roles().managed_by(given.role).collect();
        let check = ProposedGrant {
            manages: &manages,
            about: GrantTarget { applications: &[world.catalog.application(application)], places: &places },
            until: given.validity().end,
            is_own: false,
            is_owners: false,
        };
        if check.check(&world.power()).is_err() {
            return Ok(());
        }
        let receiver = Member {
            grants: Box::new([given]),
            ..world.member.clone()
        };
        let mandate = world.catalog.application(management::APPLICATION).unwrap();
        for permission in world.catalog.permissions_of(mandate) {
            for target in [world.places(None), world.places(Some(&[0, 1, 2]))].concat() {
                for now in [100, 110, 129] {
                    let allows = |member| {
                        let facts = world.facts(Some(member));
                        let given = ConditionInput::default();
                        decide(&facts, permission, target, &given, UnixTime(now)).outcome.is_ok()
                    };
                    prop_assert!(!allows(&receiver) || allows(&world.member));
                }
            }
        }
    }
}
