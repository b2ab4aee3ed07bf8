//! Visibility of conditions.

use api::entitlement::v1::{
    AccessView, ApplyGrantChangesRequest, CreateGrantRequest, DecisionReason, ExplainRequest,
    Grant, GrantChange, PreviewRequest, UpdateGrantRequest, grant_change::Change,
};
use prost_types::FieldMask;
use tonic::Code;

use super::circumstances::{OFFICE, SMALL, load, office};
use crate::{
    managed::clients, place::access, refusal::assert_refused, shared::everywhere, world::World,
};

#[test]
fn what_holds_under_a_condition_is_shown_with_it_and_never_as_held_always() {
    everywhere(async |rig| {
        let world = load(rig, "if-shown").await;
        let (root, parent) = (rig.root(), world.organization());
        for (user, condition) in [("eva", OFFICE), ("cas", SMALL)] {
            let user_name = world.user(user);
            let found = access(&root, &parent, &user_name, AccessView::Full, 0).await;
            let own = &found[0];
            let conditional: Vec<_> = own
                .permissions
                .iter()
                .map(|held| held.condition.as_str())
                .collect();
            if user == "eva" {
                assert_eq!(conditional, [condition]);
                assert!(own.modules.is_empty() && own.landing_module.is_empty());
                assert_eq!(own.conditional_modules, ["billing"]);
            } else {
                assert_eq!(conditional, ["", condition]);
                assert_eq!(own.modules, ["billing"]);
                assert!(own.conditional_modules.is_empty());
            }
        }
    });
}

fn changed(world: &World<'_>, condition: &str) -> Vec<GrantChange> {
    let update = UpdateGrantRequest {
        grant: Some(Grant {
            name: world.at("grants/ben"),
            condition: condition.to_owned(),
            ..Grant::default()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["condition".to_owned()],
        }),
        ..UpdateGrantRequest::default()
    };
    // Unconditional access is not listed under a condition as well.
    let create = CreateGrantRequest {
        grant: Some(Grant {
            condition: OFFICE.to_owned(),
            ..world.grant("ann", "viewer", crate::managed::all())
        }),
        ..CreateGrantRequest::default()
    };
    let changes = [Change::Update(update), Change::Create(create)];
    let changes = changes.map(|change| GrantChange {
        change: Some(change),
    });
    changes.into()
}

#[test]
fn a_preview_says_what_would_hold_under_a_condition_and_its_digest_covers_it() {
    everywhere(async |rig| {
        let world = World::load(rig, "if-preview").await;
        let preview = async |condition: &str| {
            let request = PreviewRequest {
                parent: world.organization(),
                changes: changed(&world, condition),
                ..PreviewRequest::default()
            };
            let answer = rig.root().authorization().preview(request).await;
            answer.unwrap().into_inner()
        };
        let office = preview(OFFICE).await;
        let [difference] = &*office.differences else {
            panic!("{office:?}");
        };
        assert_eq!(difference.subject, world.user("ben"));
        let [always, conditional] = &*difference.permissions else {
            panic!("{difference:?}");
        };
        assert!(always.condition.is_empty() && always.after.is_none());
        assert_eq!(conditional.condition, OFFICE);
        assert_eq!(conditional.before, None);
        assert_eq!(conditional.after, always.before);
        let other = preview(SMALL).await;
        assert_ne!(office.digest, other.digest);
        let apply = async |condition: &str, digest: &str| {
            let request = ApplyGrantChangesRequest {
                parent: world.organization(),
                changes: changed(&world, condition),
                preview_digest: digest.to_owned(),
                ..ApplyGrantChangesRequest::default()
            };
            rig.root().grants().apply_grant_changes(request).await
        };
        let stale = apply(SMALL, &office.digest).await;
        assert_refused(stale, Code::Aborted, "PREVIEW_STALE");
        apply(OFFICE, &office.digest).await.unwrap();
        assert!(!world.allows("ben", "units/k1").await);
    });
}

/// An account that may read access in one unit.
const PART: &str = "
service_accounts: [{id: $-part}]
organizations:
  - id: $
    display_name: Acme
    entitlements: [{application: $}, {application: mandate}]
    memberships:
      - {service_account: $-part, grants: [{role: mandate.checker, scope: {units: [k1]}}]}
";

#[test]
fn k_v_an_explanation_names_conditions_of_grants_that_the_asker_may_know() {
    everywhere(async |rig| {
        let world = load(rig, "if-explain").await;
        rig.apply(&PART.replace('$', "if-explain")).await;
        crate::feeds::heard(rig).await;
        let part = clients(rig, "if-explain-part").await;
        for (user, condition, known) in [("eva", OFFICE, false), ("cas", SMALL, true)] {
            for said in [None, office()] {
                let request = ExplainRequest {
                    subject: world.user(user),
                    permission: world.permission("billing.view"),
                    resource: world.at("resources/n1"),
                    context: said.clone(),
                    ..ExplainRequest::default()
                };
                let whole = rig.root().authorization().explain(request.clone()).await;
                let whole = whole.unwrap().into_inner();
                let mut grants = whole.grants.iter();
                let own = grants.find(|own| own.condition == condition).unwrap();
                assert_eq!(own.condition_met, said.is_some());
                assert!(own.holds_permission && own.in_force && own.covers_resource);
                let last = whole.conditions.last().unwrap();
                assert_eq!(last.reason(), DecisionReason::ConditionNotMet);
                assert_eq!(last.holds, said.is_some());
                let decision = whole.decision.unwrap();
                assert_eq!(decision.missing_context.is_empty(), said.is_some());
                assert_eq!(whole.next_step.is_empty(), said.is_some());
                let told = part.authorization().explain(request).await;
                let told = told.unwrap().into_inner();
                let text = format!("{told:?}");
                assert_eq!(text.contains("context."), known, "{text}");
                let missing = told.decision.unwrap().missing_context;
                assert_eq!(missing.is_empty(), said.is_some() || !known);
            }
        }
    });
}
