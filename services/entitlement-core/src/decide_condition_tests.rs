//! Conditions as laws over the same generated facts, with several contexts.

use std::{collections::BTreeMap, sync::Arc};

use prost_types::{Struct, Value, value::Kind};

use super::*;
use crate::{Bounds, Condition, access};

pub(super) const CONDITIONS: [&str; 6] = [
    "context.network == 'office'",
    "context.network == 'office' && context.amount < 10",
    "context.network == 'home' || resource.id == 'r1'",
    "!has(context.network)",
    "resource.type == 'number'",
    "has(resource.id) && subject.name == 'users/jan'",
];

/// Returns the bounds of a grant with a condition.
pub(super) fn bounds(condition: usize) -> Bounds {
    let condition = Condition::parse(CONDITIONS[condition]).unwrap();
    Bounds {
        condition: Some(Arc::new(condition)),
        ..Bounds::default()
    }
}

fn contexts() -> Vec<Option<Struct>> {
    let text = |text: &str| Kind::StringValue(text.to_owned());
    let context = |fields: &[(&str, Kind)]| {
        let fields = fields.iter().map(|(key, kind)| {
            let kind = Some(kind.clone());
            ((*key).to_owned(), Value { kind })
        });
        Some(Struct {
            fields: fields.collect(),
        })
    };
    vec![
        None,
        context(&[]),
        context(&[("network", text("office"))]),
        context(&[
            ("network", text("home")),
            ("amount", Kind::NumberValue(5.0)),
        ]),
        context(&[
            ("network", text("office")),
            ("amount", Kind::NumberValue(9.5)),
        ]),
        context(&[("network", Kind::NullValue(0))]),
    ]
}

/// Returns every target, with its id if it is a resource.
fn places(world: &World) -> Vec<(Option<&'static str>, Target)> {
    let tree = &world.organization.as_ref().unwrap().tree;
    let mut places: Vec<_> = targets(world)
        .into_iter()
        .filter(|target| !matches!(target, Target::Resource(_)))
        .map(|target| (None, target))
        .collect();
    for id in ["r0", "r1", "r2"] {
        places.push((Some(id), tree.resource_target(id).unwrap()));
    }
    places
}

fn typed(seeds: &[Seed]) -> World {
    let mut world = super::world(seeds);
    let tree = &mut world.organization.as_mut().unwrap().tree;
    tree.set_kind("r0", "number");
    tree.set_kind("r2", "product");
    world
}

/// Returns every query with every context.
fn asked<'c>(
    world: &World,
    contexts: &'c [Option<Struct>],
) -> Vec<(&'static str, Target, Given<'c>)> {
    let mut asked = Vec::new();
    for permission in PERMISSIONS {
        for (resource, target) in places(world) {
            for context in contexts {
                let given = Given {
                    subject: "users/jan",
                    resource,
                    context: context.as_ref(),
                };
                asked.push((permission, target, given));
            }
        }
    }
    asked
}

const AT: Millis = Millis(5);

#[test]
fn what_holds_always_decides_before_what_holds_under_a_condition() {
    let seed = |condition, length| Seed {
        role: 0,
        units: None,
        resources: Vec::new(),
        start: 0,
        length,
        condition,
    };
    let met = Some(3);
    // Even if the conditional grant holds longer.
    let both = super::world(&[seed(met, 20), seed(None, 10)]);
    let decision = both.ask("a.m.view", Target::Organization, AT);
    assert_eq!(decision.outcome.unwrap().id.to_string(), "g1");
    assert!(!decision.is_conditional());
    let one = super::world(&[seed(met, 20), seed(Some(0), 30)]);
    let decision = one.ask("a.m.view", Target::Organization, AT);
    assert_eq!(decision.outcome.unwrap().id.to_string(), "g0");
    assert!(decision.is_conditional());
    let none = super::world(&[seed(Some(1), 20), seed(Some(0), 30)]);
    let decision = none.ask("a.m.view", Target::Organization, AT);
    assert_eq!(decision.outcome.unwrap_err(), Reason::ConditionNotMet);
    assert_eq!(decision.valid_until, Millis(20));
    let permission = none.catalog.permission("a.m.view").unwrap();
    let facts = none.facts();
    let given = Given::default();
    let missing = missing(&facts, permission, Target::Organization, &given, AT);
    assert!(missing.into_iter().eq(["amount", "network"]));
}

proptest! {
    #[test]
    fn k_a_an_answer_is_conditional_or_the_same_in_all_circumstances(seeds in seeds()) {
        let world = typed(&seeds);
        let contexts = contexts();
        let mut first: BTreeMap<String, Decision<'_>> = BTreeMap::new();
        for (permission, target, given) in asked(&world, &contexts) {
            let decision = world.ask_given(permission, target, &given, AT);
            let question = format!("{permission} {target:?}");
            let known = *first.entry(question).or_insert(decision);
            if decision.is_conditional() {
                prop_assert!(known.is_conditional());
            } else {
                prop_assert_eq!(known, decision);
            }
        }
    }

    #[test]
    fn a_condition_never_turns_deny_into_allow(seeds in seeds(), on: prop::sample::Index, condition in 0..CONDITIONS.len()) {
        prop_assume!(!seeds.is_empty());
        let mut without = seeds.clone();
        without[on.index(seeds.len())].condition = None;
        let mut with = seeds.clone();
        with[on.index(seeds.len())].condition = Some(condition);
        let (without, with) = (typed(&without), typed(&with));
        let contexts = contexts();
        for (permission, target, given) in asked(&with, &contexts) {
            if with.ask_given(permission, target, &given, AT).outcome.is_ok() {
                prop_assert!(without.ask_given(permission, target, &given, AT).outcome.is_ok());
            }
        }
    }

    #[test]
    fn what_is_missing_is_told_of_a_condition_that_is_not_met_and_of_nothing_else(seeds in seeds()) {
        let world = typed(&seeds);
        let contexts = contexts();
        for (permission, target, given) in asked(&world, &contexts) {
            let index = world.catalog.permission(permission).unwrap();
            let decision = world.ask_given(permission, target, &given, AT);
            let missing = missing(&world.facts(), index, target, &given, AT);
            let has = |key: &&str| given.context.is_some_and(|own| own.fields.contains_key(*key));
            prop_assert!(!missing.iter().any(has));
            if !decision.is_conditional() && decision.outcome.is_err() {
                prop_assert!(missing.is_empty());
            }
        }
    }

    #[test]
    fn explain_agrees_in_all_circumstances(seeds in seeds()) {
        let world = typed(&seeds);
        let contexts = contexts();
        for (permission, target, given) in asked(&world, &contexts) {
            let index = world.catalog.permission(permission).unwrap();
            let decision = world.ask_given(permission, target, &given, AT);
            let explained = explain(&world.facts(), index, target, &given, AT);
            prop_assert_eq!(explained.decision, decision);
            let allows = explained.grants.iter().any(explain::GrantConsideration::allows);
            prop_assert_eq!(allows, decision.outcome.is_ok());
            let would = explained.grants.iter().any(explain::GrantConsideration::would_allow);
            let refused = decision.outcome == Err(Reason::ConditionNotMet);
            prop_assert_eq!(would, decision.outcome.is_ok() || refused);
        }
    }

    #[test]
    fn access_agrees_with_check(seeds in seeds(), now in -11_i64..60) {
        let world = typed(&seeds);
        let facts = world.facts();
        let held = access(&facts, Millis(now));
        let tree = &world.organization.as_ref().unwrap().tree;
        let contexts = contexts();
        for (permission, target, given) in asked(&world, &contexts) {
            let found = held.iter().flat_map(|application| &application.permissions);
            let mut found = found
                .filter(|held| held.permission == permission)
                .filter(|held| tree.covers(&held.scope, target));
            let listed = found.any(|held| {
                let condition = held.condition.map(|text| Condition::parse(text).unwrap());
                condition.is_none_or(|own| own.is_met(&given, tree.kind(target)))
            });
            let decision = world.ask_given(permission, target, &given, Millis(now));
            prop_assert_eq!(listed, decision.outcome.is_ok());
        }
    }

    #[test]
    fn what_holds_always_is_not_told_to_hold_under_a_condition(seeds in seeds()) {
        let world = typed(&seeds);
        for application in access(&world.facts(), AT) {
            let both = |module: &&&str| application.modules.contains(*module);
            prop_assert_eq!(application.conditional_modules.iter().find(both), None);
            for held in application.permissions.iter().filter(|held| held.condition.is_some()) {
                for target in named(&held.scope) {
                    let decision = world.ask(held.permission, target, AT);
                    prop_assert!(decision.outcome.is_err() || decision.is_conditional());
                }
            }
        }
    }
}

/// Returns the targets that a scope names.
fn named(scope: &Scope) -> Vec<Target> {
    match scope {
        Scope::All => vec![Target::Organization],
        Scope::Parts(parts) => parts.iter().map(|part| (*part).into()).collect(),
    }
}
