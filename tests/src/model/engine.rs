//! Compares the rules of the engine with the model, over one world.

use std::{collections::BTreeMap, sync::Arc};

use entitlement_core::{
    self as core, ApplicationDefinition, Bounds, Catalog, ConditionInput, Entitlement, Facts, Map,
    Member, ModuleDefinition, OptionDefinition, Organization, Reason, RoleDefinition, SubjectKind,
    Target, Validity, access, decide, explain,
};
use prost_types::Struct;
use types::{ApplicationId, Id, UnixTime};

use super::{
    Application, Place, Scope, When, World,
    condition::{Circumstances, kind_of},
    random_world::NOW,
};
use crate::faults::Random;

/// Number of questions about each world.
pub const QUESTIONS: usize = 100;

/// Compares the rules with the model on the world of a seed. Returns the number of allowed answers.
///
/// # Panics
/// Panics if the two differ. The message names the difference.
pub fn compare(seed: u64) -> usize {
    let mut random = Random::new(seed);
    let world = World::random(&mut random, "");
    let known = Known::of(&world);
    let mut allowed = 0;
    for _ in 0..QUESTIONS {
        let (subject, permission, place) = world.random_question(&mut random);
        let now = NOW + [-2, -1, 0, 1, 2][random.below(5)] * 12 * 60 * 60 * 1000;
        let said = Circumstances::random(&mut random);
        let context = said.context();
        let given = given(&subject, &place, context.as_ref());
        let at =
            format!("seed {seed}: {subject} {permission} {place:?} at {now} {said:?}\n{world:?}");
        let facts = known.facts(&subject);
        let index = known.catalog.permission(&permission).expect(&at);
        let target = known.target(&place);
        let decision = decide(&facts, index, target, &given, UnixTime(now));
        let expected = world.check(&subject, &permission, &place, (now, &said));
        let found = decision
            .outcome
            .map(|grant| grant.id.to_string())
            .map_err(reason_name);
        assert_eq!(found, expected.map(|grant| grant.id.clone()), "{at}");
        let conditional = match expected {
            Ok(grant) => grant.condition.is_some(),
            Err(reason) => reason == "CONDITION_NOT_MET",
        };
        assert_eq!(decision.is_conditional(), conditional, "{at}");
        // Until the time that the decision promises, time alone changes nothing.
        let between = world.moments().into_iter();
        for moment in between.filter(|moment| now < *moment && *moment < decision.valid_until.0) {
            let then = world.check(&subject, &permission, &place, (moment, &said));
            assert_eq!(then.is_ok(), expected.is_ok(), "{at} and at {moment}");
        }
        let asked = (subject.as_str(), permission.as_str(), &place, (now, &said));
        compare_explanation(&world, &facts, asked, &given, &at);
        allowed += usize::from(expected.is_ok());
    }
    compare_access(&world, &known, seed);
    allowed
}

fn compare_explanation(
    world: &World,
    facts: &Facts<'_>,
    (subject, permission, place, when): (&str, &str, &Place, When<'_>),
    given: &ConditionInput<'_>,
    at: &str,
) {
    let index = facts.catalog.permission(permission).expect(at);
    let target = target_in(facts.organization.expect(at), place);
    let (now, said) = when;
    let explained = explain(facts, index, target, given, UnixTime(now));
    if explained.decision.outcome == Err(Reason::ConditionNotMet) {
        let missing = core::missing(facts, index, target, given, UnixTime(now));
        let expected = world.missing(subject, permission, place, when);
        assert!(missing.into_iter().eq(expected), "{at}");
    }
    let own = world.grants.iter().filter(|grant| grant.subject == subject);
    let expected: Vec<_> = own
        .map(|grant| {
            (
                grant.id.clone(),
                world.role_holds(&grant.role, permission),
                grant.start <= now && now < grant.end,
                world.covers(&grant.scope, place),
                world.is_met(grant, subject, place, said),
            )
        })
        .collect();
    let found = explained.grants.iter();
    let found: Vec<_> = found
        .map(|grant| {
            (
                grant.grant.to_string(),
                grant.holds_permission,
                grant.in_force,
                grant.covers,
                grant.is_met(),
            )
        })
        .collect();
    assert_eq!(found, expected, "{at}");
    let failed = world.check(subject, permission, place, when).err();
    let last = explained.steps.last().expect(at);
    assert_eq!(
        (!last.holds).then(|| reason_name(last.reason)),
        failed,
        "{at}"
    );
}

/// Checks that the access list of a subject holds exactly the locations at which it is allowed,
/// unconditionally or under a condition.
fn compare_access(world: &World, known: &Known, seed: u64) {
    let always = world.without_conditions();
    let conditions = world.conditions();
    let nothing = Circumstances::default();
    for subject in &world.subjects {
        let facts = known.facts(&subject.name);
        let listed = access(&facts, UnixTime(NOW));
        let held: BTreeMap<(&str, &str), &core::Scope> = listed
            .iter()
            .flat_map(|found| &found.permissions)
            .map(|held| {
                let condition = held.condition.unwrap_or_default();
                ((held.permission, condition), &held.scope)
            })
            .collect();
        let tree = &known.organization.tree;
        for permission in world.permissions() {
            let own = (subject.name.as_str(), permission.as_str());
            let reached = always.reach(own.0, own.1, (NOW, &nothing));
            let mut expected = vec![("", reached)];
            expected.extend(conditions.iter().map(|condition| {
                let places = world.reach_under(&always, own, condition, NOW);
                (condition.as_str(), places)
            }));
            for (condition, expected) in expected {
                let scope = held.get(&(own.1, condition));
                let simplest = scope.map(|scope| tree.simplest(scope));
                for scope in [scope.copied(), simplest.as_ref()] {
                    let covered = |place: &Place| {
                        scope.is_some_and(|scope| tree.covers(scope, known.target(place)))
                    };
                    let places = world.places().into_iter();
                    let found: Vec<Place> = places.filter(covered).collect();
                    let at = format!("seed {seed}: {own:?} {condition}\n{world:?}");
                    assert_eq!(found, expected, "{at}");
                }
            }
        }
    }
}

/// Returns the condition input of a question.
fn given<'a>(
    subject: &'a str,
    place: &'a Place,
    context: Option<&'a Struct>,
) -> ConditionInput<'a> {
    ConditionInput {
        subject,
        resource: match place {
            Place::Resource(id) => Some(id),
            Place::Organization | Place::Unit(_) => None,
        },
        context,
    }
}

/// A world as the rules represent it.
struct Known {
    catalog: Catalog,
    organization: Organization,
    subjects: BTreeMap<String, (core::Subject, Option<Member>)>,
}

impl Known {
    fn of(world: &World) -> Self {
        let definitions: Vec<_> = world.applications.iter().map(definition).collect();
        let catalog = Catalog::compile(&definitions).expect("a catalog");
        let mut organization = Organization {
            active: world.active,
            subscription_required: world.subscription_required,
            entitlements: Map::default(),
            ..Organization::default()
        };
        for (application, active, start, end) in &world.entitlements {
            let index = catalog.application(application).expect("an application");
            let entitlement = Entitlement {
                active: *active,
                validity: validity(*start, *end),
            };
            organization.entitlements.insert(index, entitlement);
        }
        let mut grants: BTreeMap<&str, Vec<core::Grant>> = BTreeMap::new();
        for grant in &world.grants {
            let tree = &mut organization.tree;
            let scope = match &grant.scope {
                Scope::All => core::Scope::All,
                Scope::Only(units, resources) => tree.scope(units.iter(), resources.iter()),
            };
            let name = world.role_name(&grant.role);
            let role = match catalog.roles().find(&name) {
                Some(role) => role,
                None => organization.roles.own(&name),
            };
            let condition = grant.condition.as_ref();
            let condition = condition.map(|own| Arc::new(core::Condition::stored(&own.text())));
            let bounds = Bounds {
                validity: validity(grant.start, grant.end),
                applications: None,
                condition,
            };
            grants.entry(&grant.subject).or_default().push(core::Grant {
                bounds: bounds.boxed(),
                can_delegate: false,
                id: core::CompactId::new(&grant.id),
                role,
                scope,
            });
        }
        for (application, id, held) in &world.custom_roles {
            let name = world.role_name(&(application.clone(), id.clone()));
            organization
                .roles
                .place_own(&catalog, &name, application, held);
        }
        for (unit, above) in &world.units {
            organization.tree.place_unit(unit, above.as_deref());
        }
        for (resource, unit) in &world.resources {
            organization.tree.place_resource(resource, Some(unit));
            organization.tree.set_kind(resource, kind_of(resource));
        }
        let subjects = world.subjects.iter().map(|subject| {
            let kind = if subject.name.starts_with("users/") {
                SubjectKind::User
            } else {
                SubjectKind::ServiceAccount
            };
            let member = subject.member.map(|(active, subscription_active)| Member {
                active,
                subscription_active,
                grants: grants
                    .remove(subject.name.as_str())
                    .unwrap_or_default()
                    .into(),
            });
            let active = subject.active;
            (
                subject.name.clone(),
                (core::Subject { kind, active }, member),
            )
        });
        Self {
            subjects: subjects.collect(),
            catalog,
            organization,
        }
    }

    fn facts(&self, subject: &str) -> Facts<'_> {
        let found = self.subjects.get(subject);
        Facts {
            catalog: &self.catalog,
            subject: found.map(|(subject, _)| subject),
            organization: Some(&self.organization),
            member: found.and_then(|(_, member)| member.as_ref()),
        }
    }

    fn target(&self, place: &Place) -> Target {
        target_in(&self.organization, place)
    }
}

fn target_in(organization: &Organization, place: &Place) -> Target {
    match place {
        Place::Organization => Target::Organization,
        Place::Unit(id) => organization.tree.unit_target(id),
        Place::Resource(id) => organization
            .tree
            .resource_target(id)
            .unwrap_or(Target::Missing),
    }
}

fn validity(start: i64, end: i64) -> Validity {
    Validity {
        start: UnixTime(start),
        end: UnixTime(end),
    }
}

fn definition(application: &Application) -> ApplicationDefinition {
    let mut modules: Vec<ModuleDefinition> = Vec::new();
    for permission in &application.permissions {
        let parts: Vec<&str> = permission.split('.').collect();
        let (module, rest) = (parts[1], &parts[2..]);
        if modules.last().is_none_or(|last| last.id != module) {
            modules.push(ModuleDefinition {
                id: module.to_owned(),
                verbs: Vec::new(),
                options: Vec::new(),
                recommended: false,
            });
        }
        let own = modules.last_mut().expect("a module");
        match rest {
            [option, verb] => own.options.push(OptionDefinition {
                id: (*option).to_owned(),
                verbs: vec![(*verb).to_owned()],
            }),
            _ => own.verbs.push(rest.concat()),
        }
    }
    let roles = application.roles.iter().map(|(id, names)| RoleDefinition {
        id: id.clone(),
        permissions: names.clone(),
        notification_routes: Vec::new(),
    });
    ApplicationDefinition {
        separations: Vec::new(),
        id: ApplicationId::parse(&application.id).expect("an id"),
        modules,
        roles: roles.collect(),
    }
}

/// Returns the name of a reason in the interface.
fn reason_name(reason: Reason) -> super::Reason {
    match reason {
        Reason::SubjectNotActive => "SUBJECT_NOT_ACTIVE",
        Reason::OrganizationNotActive => "ORGANIZATION_NOT_ACTIVE",
        Reason::NotAMember => "NOT_A_MEMBER",
        Reason::MembershipNotActive => "MEMBERSHIP_NOT_ACTIVE",
        Reason::NotEligible => "NOT_ELIGIBLE",
        Reason::ApplicationNotEntitled => "APPLICATION_NOT_ENTITLED",
        Reason::NoGrant => "NO_GRANT",
        Reason::OutOfScope => "OUT_OF_SCOPE",
        Reason::ConditionNotMet => "CONDITION_NOT_MET",
    }
}
