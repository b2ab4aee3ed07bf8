//! Content and visibility of explanations.

use api::entitlement::v1::{
    DecisionReason, Effect, ExplainRequest, ExplainResponse, ListSubjectsRequest,
    list_subjects_request::Held,
};
use mandate_documents::clients::Clients;
use prost::Message;
use tonic::{Code, Status};

use crate::{managed::clients, refusal::assert_refused, shared::everywhere, world::World};

/// An owner, and an account that may read access in one unit.
const READERS_DOCUMENT: &str = "
service_accounts: [{id: $-owner}, {id: $-part}]
organizations:
  - id: $
    display_name: Acme
    entitlements: [{application: $}, {application: mandate}]
    memberships:
      - {service_account: $-owner, grants: [{role: mandate.owner, scope: ALL}]}
      - {service_account: $-part, grants: [{role: mandate.checker, scope: {units: [k1]}}]}
";

async fn load<'r>(rig: &'r tests::Rig, id: &'static str) -> (World<'r>, [Clients; 2]) {
    let world = World::load(rig, id).await;
    rig.apply(&READERS_DOCUMENT.replace('$', id)).await;
    crate::feeds::heard(rig).await;
    let owner = clients(rig, &format!("{id}-owner")).await;
    let part = clients(rig, &format!("{id}-part")).await;
    (world, [owner, part])
}

async fn explain(
    clients: &Clients,
    world: &World<'_>,
    subject: &str,
    place: &str,
) -> Result<ExplainResponse, Status> {
    let request = ExplainRequest {
        subject: subject.to_owned(),
        permission: world.permission("billing.view"),
        resource: place.to_owned(),
        ..ExplainRequest::default()
    };
    let answer = clients.authorization().explain(request).await?;
    Ok(answer.into_inner())
}

/// Encodes an answer without the remaining lease, which differs in every answer.
fn bytes(mut answer: ExplainResponse) -> Vec<u8> {
    let decision = answer.decision.as_mut().unwrap();
    (decision.reusable_ms, decision.revision) = (0, 0);
    answer.encode_to_vec()
}

#[test]
fn an_explanation_names_missing_roles_and_possible_granters() {
    everywhere(async |rig| {
        let (world, [owner, _]) = load(rig, "explain-missing").await;
        let account = "serviceAccounts/explain-missing-owner".to_owned();
        for (user, reason) in [
            ("cas", DecisionReason::OutOfScope),
            ("eva", DecisionReason::NoGrant),
        ] {
            let place = world.at("units/k1");
            let answer = explain(&owner, &world, &world.user(user), &place).await;
            let answer = answer.unwrap();
            assert_eq!(answer.decision.unwrap().reason(), reason);
            assert_eq!(answer.missing_roles, [world.role("viewer")]);
            assert_eq!(answer.helpers, std::slice::from_ref(&account));
            assert!(answer.next_step.contains("owner"));
        }
        let place = world.at("units/k1");
        let allowed = explain(&owner, &world, &world.user("ben"), &place).await;
        let allowed = allowed.unwrap();
        assert_eq!(allowed.decision.unwrap().grant, world.at("grants/ben"));
        assert!(allowed.missing_roles.is_empty() && allowed.helpers.is_empty());
    });
}

#[test]
fn c8_inaccessible_subjects_and_locations_look_like_missing_ones() {
    everywhere(async |rig| {
        let (world, [owner, part]) = load(rig, "explain-reach").await;
        // A unit in another part, one that does not exist, and one of another organization.
        let ann = world.user("ann");
        let mut refusals = Vec::new();
        for place in [
            world.at("units/k2"),
            world.at("units/none"),
            world.at("resources/n3"),
            world.at("resources/none"),
            world.organization(),
            "organizations/explain-reach-else/units/k1".to_owned(),
            "organizations/explain-nowhere".to_owned(),
        ] {
            let refused = explain(&part, &world, &ann, &place).await.unwrap_err();
            assert_eq!(refused.code(), Code::PermissionDenied, "{place}");
            refusals.push((refused.message().to_owned(), refused.details().to_vec()));
        }
        assert!(refusals.iter().all(|refused| *refused == refusals[0]));
        // A user who is not a member, and a user who does not exist.
        for asker in [&owner, &part] {
            let place = world.at("units/k1");
            let stranger = explain(asker, &world, &world.user("fay"), &place).await;
            let nobody = explain(asker, &world, &world.user("nobody"), &place).await;
            assert_eq!(bytes(stranger.unwrap()), bytes(nobody.unwrap()));
        }
        let place = world.at("units/k1");
        // The operator gets the full explanation.
        for (user, next) in [("fay", "add the user"), ("nobody", "create or reactivate")] {
            let told = explain(&rig.root(), &world, &world.user(user), &place).await;
            let told = told.unwrap();
            let reason = told.decision.unwrap().reason();
            assert_eq!(reason, DecisionReason::NotAMember);
            assert!(told.next_step.contains(next), "{user}: {}", told.next_step);
        }
    });
}

#[test]
fn k_v_an_explanation_hides_grants_beyond_the_callers_scope() {
    everywhere(async |rig| {
        let (world, [owner, part]) = load(rig, "explain-redact").await;
        let place = world.at("resources/n1");
        for (user, known) in [("ann", false), ("ben", true), ("dan", false)] {
            let grant = world.at(&format!("grants/{user}"));
            let user = world.user(user);
            let whole = explain(&owner, &world, &user, &place).await.unwrap();
            assert_eq!(whole.decision.unwrap().grant, grant);
            assert_eq!(whole.grants.len(), 1);
            let part = explain(&part, &world, &user, &place).await.unwrap();
            let decision = part.decision.as_ref().unwrap();
            assert_eq!(decision.effect(), Effect::Allow);
            assert_eq!(decision.grant == grant, known, "{user}");
            assert_eq!(part.grants.len(), usize::from(known), "{user}");
            let text = format!("{part:?}");
            assert_eq!(text.contains(&grant), known, "{text}");
        }
        let denied = explain(&part, &world, &world.user("cas"), &place).await;
        let denied = denied.unwrap();
        assert!(denied.grants.is_empty() && denied.helpers.is_empty());
    });
}

#[test]
fn c9_a_page_token_is_valid_for_one_question_and_caller() {
    everywhere(async |rig| {
        let (world, [owner, _]) = load(rig, "explain-pages").await;
        let request = |permission: &str, page_token: String| ListSubjectsRequest {
            resource: world.at("units/k1"),
            held: Some(Held::Permission(world.permission(permission))),
            page_size: 1,
            page_token,
            ..ListSubjectsRequest::default()
        };
        let mut client = owner.authorization();
        let first = client
            .list_subjects(request("billing.view", String::new()))
            .await;
        let token = first.unwrap().into_inner().next_page_token;
        assert!(!token.is_empty());
        let next = request("billing.view", token.clone());
        owner
            .authorization()
            .list_subjects(next.clone())
            .await
            .unwrap();
        for (clients, request) in [
            (&rig.root(), next),
            (&owner, request("billing.edit", token)),
        ] {
            let refused = clients.authorization().list_subjects(request).await;
            assert_refused(refused, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
        }
    });
}

#[test]
fn c8_lists_of_inaccessible_locations_are_refused_like_missing_ones() {
    everywhere(async |rig| {
        let (world, [_, part]) = load(rig, "explain-lists").await;
        let mut refusals = Vec::new();
        for resource in [
            world.organization(),
            world.at("units/none"),
            "organizations/explain-nowhere".to_owned(),
        ] {
            let request = ListSubjectsRequest {
                resource,
                held: Some(Held::Permission(world.permission("billing.view"))),
                ..ListSubjectsRequest::default()
            };
            let refused = part.authorization().list_subjects(request).await;
            let refused = refused.unwrap_err();
            assert_eq!(refused.code(), Code::PermissionDenied);
            refusals.push((refused.message().to_owned(), refused.details().to_vec()));
        }
        assert!(refusals.iter().all(|refused| *refused == refusals[0]));
    });
}
