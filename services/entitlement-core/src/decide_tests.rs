//! The decision by table, and as laws over generated facts.

use proptest::{collection::vec, prelude::*};
use types::{ApplicationId, Id};

use super::*;
use crate::{
    catalog::{ApplicationDefinition, ModuleDefinition, RoleDefinition},
    explain::{self, explain},
    facts::{Bounds, CompactId, Validity},
    role::RoleIndex,
    scope::{Scope, Tree},
};

#[path = "decide_binding_tests.rs"]
mod binding;
#[path = "decide_condition_tests.rs"]
mod conditions;
#[path = "decide_grant_tests.rs"]
mod grants;

const NOW: UnixTime = UnixTime(1_000);

fn catalog() -> Catalog {
    let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let application = |id: &str| ApplicationDefinition {
        id: ApplicationId::parse(id).unwrap(),
        modules: vec![ModuleDefinition {
            id: "m".to_owned(),
            verbs: strings(&["view", "edit"]),
            options: Vec::new(),
            recommended: false,
        }],
        roles: [
            ("viewer", format!("{id}.m.view")),
            ("all", format!("{id}.*")),
        ]
        .map(|(role, permission)| RoleDefinition {
            id: role.to_owned(),
            permissions: vec![permission],
            notification_routes: Vec::new(),
        })
        .into(),
        separations: Vec::new(),
    };
    Catalog::compile(&[application("a"), application("b")]).unwrap()
}

fn tree() -> Tree {
    let mut tree = Tree::default();
    for (unit, parent) in [
        ("u0", None),
        ("u1", Some("u0")),
        ("u2", Some("u1")),
        ("u3", Some("u0")),
    ] {
        tree.place_unit(unit, parent);
    }
    for (resource, unit) in [("r0", "u0"), ("r1", "u2"), ("r2", "u3")] {
        tree.place_resource(resource, Some(unit));
    }
    tree
}

/// Facts that allow `a.m.view` on the organization.
struct World {
    catalog: Catalog,
    subject: Option<Subject>,
    organization: Option<Organization>,
    member: Option<Member>,
}

impl World {
    fn new() -> Self {
        let catalog = catalog();
        let mut organization = Organization {
            active: true,
            subscription_required: true,
            tree: tree(),
            ..Organization::default()
        };
        for application in ["a", "b"] {
            organization.entitlements.insert(
                catalog.application(application).unwrap(),
                Entitlement {
                    active: true,
                    validity: Validity::ALWAYS,
                },
            );
        }
        let grant = Grant {
            id: CompactId::new("g"),
            role: catalog.roles().find("applications/a/roles/viewer").unwrap(),
            can_delegate: false,
            scope: Scope::All,
            bounds: None,
        };
        Self {
            catalog,
            subject: Some(Subject {
                kind: SubjectKind::User,
                active: true,
            }),
            organization: Some(organization),
            member: Some(Member {
                active: true,
                subscription_active: true,
                grants: Box::new([grant]),
            }),
        }
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            catalog: &self.catalog,
            subject: self.subject.as_ref(),
            organization: self.organization.as_ref(),
            member: self.member.as_ref(),
        }
    }

    fn ask(&self, permission: &str, target: Target, now: UnixTime) -> Decision<'_> {
        self.ask_given(permission, target, &ConditionInput::default(), now)
    }

    fn ask_given(
        &self,
        permission: &str,
        target: Target,
        given: &ConditionInput<'_>,
        now: UnixTime,
    ) -> Decision<'_> {
        let permission = self.catalog.permission(permission).unwrap();
        decide(&self.facts(), permission, target, given, now)
    }

    fn reason(&self) -> Option<Reason> {
        self.ask("a.m.view", Target::Organization, NOW)
            .outcome
            .err()
    }
}

#[test]
fn each_condition_that_fails_is_its_own_reason() {
    type Break = fn(&mut World);
    let breaks: [(Break, Reason); 13] = [
        (|world| world.subject = None, Reason::SubjectNotActive),
        (
            |world| world.subject.as_mut().unwrap().active = false,
            Reason::SubjectNotActive,
        ),
        (
            |world| world.organization = None,
            Reason::OrganizationNotActive,
        ),
        (
            |world| world.organization.as_mut().unwrap().active = false,
            Reason::OrganizationNotActive,
        ),
        (|world| world.member = None, Reason::NotAMember),
        (
            |world| (world.subject, world.member) = (None, None),
            Reason::NotAMember,
        ),
        (
            |world| world.member.as_mut().unwrap().active = false,
            Reason::MembershipNotActive,
        ),
        (
            |world| world.member.as_mut().unwrap().subscription_active = false,
            Reason::NotEligible,
        ),
        (
            |world| world.organization.as_mut().unwrap().entitlements.clear(),
            Reason::ApplicationNotEntitled,
        ),
        (
            |world| {
                let entitlements = &mut world.organization.as_mut().unwrap().entitlements;
                for held in entitlements.values_mut() {
                    held.active = false;
                }
            },
            Reason::ApplicationNotEntitled,
        ),
        (
            |world| {
                let entitlements = &mut world.organization.as_mut().unwrap().entitlements;
                for held in entitlements.values_mut() {
                    held.validity.end = NOW;
                }
            },
            Reason::ApplicationNotEntitled,
        ),
        (
            |world| world.member.as_mut().unwrap().grants = Box::default(),
            Reason::NoGrant,
        ),
        (
            |world| {
                world.member.as_mut().unwrap().grants[0].scope = Scope::Parts(Box::default());
            },
            Reason::OutOfScope,
        ),
    ];
    assert_eq!(World::new().reason(), None);
    for (break_it, reason) in breaks {
        let mut world = World::new();
        break_it(&mut world);
        assert_eq!(world.reason(), Some(reason));
    }
    // With everything broken, the reason is the first in the order.
    let mut world = World::new();
    for (break_it, _) in breaks[7..].iter().rev() {
        break_it(&mut world);
    }
    assert_eq!(world.reason(), Some(Reason::NotEligible));
}

#[test]
fn a_service_account_needs_no_subscription() {
    let mut world = World::new();
    world.member.as_mut().unwrap().subscription_active = false;
    world.subject.as_mut().unwrap().kind = SubjectKind::ServiceAccount;
    assert_eq!(world.reason(), None);
}

#[test]
fn k_s_a_grant_holds_from_its_start_up_to_but_without_its_end() {
    let mut world = World::new();
    let validity = Validity {
        start: UnixTime(10),
        end: UnixTime(20),
    };
    let bounds = Bounds {
        validity,
        ..Bounds::default()
    };
    world.member.as_mut().unwrap().grants[0].bounds = bounds.boxed();
    for (now, allowed, until) in [
        (9, false, UnixTime(10)),
        (10, true, UnixTime(20)),
        (19, true, UnixTime(20)),
        (20, false, UnixTime::MAX),
    ] {
        let decision = world.ask("a.m.view", Target::Organization, UnixTime(now));
        assert_eq!(decision.outcome.is_ok(), allowed, "at {now}");
        assert_eq!(decision.valid_until, until, "at {now}");
    }
}

#[derive(Debug, Clone)]
struct Seed {
    role: usize,
    units: Option<Vec<usize>>,
    resources: Vec<usize>,
    start: i64,
    length: i64,
    /// Index of its condition.
    condition: Option<usize>,
}

const ROLES: [&str; 4] = [
    "applications/a/roles/viewer",
    "applications/a/roles/all",
    "applications/b/roles/viewer",
    "applications/b/roles/all",
];
const PERMISSIONS: [&str; 4] = ["a.m.view", "a.m.edit", "b.m.view", "b.m.edit"];

fn seeds() -> impl Strategy<Value = Vec<Seed>> {
    let seed = (
        0..ROLES.len(),
        prop::option::of(vec(0_usize..4, 0..3)),
        vec(0_usize..3, 0..3),
        -10_i64..30,
        1_i64..30,
        prop::option::weighted(0.4, 0..conditions::CONDITIONS.len()),
    );
    let seed = seed.prop_map(|(role, units, resources, start, length, condition)| Seed {
        role,
        units,
        resources,
        start,
        length,
        condition,
    });
    vec(seed, 0..6)
}

fn world(seeds: &[Seed]) -> World {
    let mut world = World::new();
    let organization = world.organization.as_mut().unwrap();
    let catalog = &world.catalog;
    let grants = seeds.iter().enumerate().map(|(index, seed)| Grant {
        id: CompactId::new(&format!("g{index}")),
        role: role(catalog, seed.role),
        can_delegate: false,
        scope: scope(&mut organization.tree, seed),
        bounds: Bounds {
            validity: Validity {
                start: UnixTime(seed.start),
                end: UnixTime(seed.start + seed.length),
            },
            ..seed.condition.map(conditions::bounds).unwrap_or_default()
        }
        .boxed(),
    });
    world.member.as_mut().unwrap().grants = grants.collect();
    world
}

fn role(catalog: &Catalog, index: usize) -> RoleIndex {
    catalog.roles().find(ROLES[index]).unwrap()
}

fn scope(tree: &mut Tree, seed: &Seed) -> Scope {
    let Some(units) = &seed.units else {
        return Scope::All;
    };
    let units = units.iter().map(|unit| format!("u{unit}"));
    let resources = seed.resources.iter();
    tree.scope(units, resources.map(|resource| format!("r{resource}")))
}

fn targets(world: &World) -> Vec<Target> {
    let tree = &world.organization.as_ref().unwrap().tree;
    let mut targets = vec![Target::Organization, Target::Missing];
    targets.extend((0..4).map(|unit| tree.unit_target(&format!("u{unit}"))));
    targets.extend((0..3).filter_map(|resource| tree.resource_target(&format!("r{resource}"))));
    targets
}

/// Returns every query about a set of facts at several times.
fn questions(world: &World) -> Vec<(&'static str, Target, UnixTime)> {
    let mut questions = Vec::new();
    for permission in PERMISSIONS {
        for target in targets(world) {
            for now in [-11, 0, 5, 15, 29, 60] {
                questions.push((permission, target, UnixTime(now)));
            }
        }
    }
    questions
}

proptest! {
    #[test]
    fn an_expired_grant_never_allows(seeds in seeds()) {
        let world = world(&seeds);
        for (permission, target, now) in questions(&world) {
            if let Ok(grant) = world.ask(permission, target, now).outcome {
                prop_assert!(grant.validity().holds_at(now));
            }
        }
    }

    #[test]
    fn removing_a_grant_never_turns_deny_into_allow(seeds in seeds(), removed: prop::sample::Index) {
        prop_assume!(!seeds.is_empty());
        let before = world(&seeds);
        let mut fewer = seeds.clone();
        fewer.remove(removed.index(seeds.len()));
        let after = world(&fewer);
        for (permission, target, now) in questions(&before) {
            if before.ask(permission, target, now).outcome.is_err() {
                prop_assert!(after.ask(permission, target, now).outcome.is_err());
            }
        }
    }

    #[test]
    fn the_order_of_facts_does_not_matter(seeds in seeds()) {
        let forward = world(&seeds);
        let mut reversed: Vec<Seed> = seeds.clone();
        reversed.reverse();
        let backward = world(&reversed);
        for (permission, target, now) in questions(&forward) {
            let one = forward.ask(permission, target, now);
            let other = backward.ask(permission, target, now);
            prop_assert_eq!(one.outcome.is_ok(), other.outcome.is_ok());
            prop_assert_eq!(one.outcome.err(), other.outcome.err());
            prop_assert_eq!(one.valid_until, other.valid_until);
        }
    }

    #[test]
    fn explain_agrees_with_check(seeds in seeds()) {
        let world = world(&seeds);
        for (permission, target, now) in questions(&world) {
            let decision = world.ask(permission, target, now);
            let index = world.catalog.permission(permission).unwrap();
            let explanation = explain(&world.facts(), index, target, &ConditionInput::default(), now);
            prop_assert_eq!(explanation.decision, decision);
            let all_hold = explanation.steps.iter().all(|step| step.holds);
            prop_assert_eq!(all_hold, decision.outcome.is_ok());
            let some_allows = explanation.grants.iter().any(explain::GrantConsideration::allows);
            prop_assert_eq!(some_allows, decision.outcome.is_ok());
        }
    }

    #[test]
    fn a_wider_scope_never_allows_less(seeds in seeds(), widened: prop::sample::Index) {
        prop_assume!(!seeds.is_empty());
        let before = world(&seeds);
        let mut wider = seeds.clone();
        wider[widened.index(seeds.len())].units = None;
        let after = world(&wider);
        for (permission, target, now) in questions(&before) {
            if before.ask(permission, target, now).outcome.is_ok() {
                prop_assert!(after.ask(permission, target, now).outcome.is_ok());
            }
        }
    }

    #[test]
    fn an_answer_does_not_change_before_its_validity_ends(seeds in seeds(), now in -11_i64..60, later in 0_i64..60) {
        let world = world(&seeds);
        for permission in PERMISSIONS {
            for target in targets(&world) {
                let answer = world.ask(permission, target, UnixTime(now));
                let then = UnixTime(now + later);
                if then < answer.valid_until {
                    let second = world.ask(permission, target, then);
                    prop_assert_eq!(answer.outcome.is_ok(), second.outcome.is_ok());
                    prop_assert_eq!(answer.outcome.err(), second.outcome.err());
                }
            }
        }
    }
}
