//! Laws that hold across methods and settings.

use api::{
    common::v1::{Consistency, consistency::Requirement},
    entitlement::v1::{
        CheckBatchRequest, CheckRequest, DecisionReason, GetGrantRequest, Question, Scope,
    },
};
use tonic::Code;

use crate::{
    refusal::{assert_refused, failed},
    shared::everywhere,
    world::World,
};

/// Returns the stored scope of a user's grant.
pub async fn stored_scope(world: &World<'_>, user: &str) -> Option<Scope> {
    let name = world.at(&format!("grants/{user}"));
    let mut grants = world.rig.root().grants();
    let found = grants.get_grant(GetGrantRequest { name });
    found.await.ok()?.into_inner().grant?.scope
}

/// One question for each reason: user, permission, location and reason.
const REASONS: [(&str, &str, &str, DecisionReason); 9] = [
    (
        "users/nobody",
        "fleet.billing.view",
        "organizations/nowhere",
        DecisionReason::OrganizationNotActive,
    ),
    (
        "users/bart-willems",
        "fleet.billing.view",
        "organizations/transport-janssens",
        DecisionReason::SubjectNotActive,
    ),
    (
        "users/wim-lemmens",
        "fleet.billing.view",
        "organizations/taxi-centrum/units/k1",
        DecisionReason::OrganizationNotActive,
    ),
    (
        "users/nora-aerts",
        "fleet.billing.view",
        "organizations/transport-janssens",
        DecisionReason::NotAMember,
    ),
    (
        "users/lies-goossens",
        "fleet.billing.view",
        "organizations/transport-janssens",
        DecisionReason::MembershipNotActive,
    ),
    (
        "users/erik-lie",
        "business.invoices.view",
        "organizations/fjordbygg",
        DecisionReason::NotEligible,
    ),
    (
        "users/wim-lemmens",
        "fleet.billing.view",
        "organizations/verhuis-lemmens",
        DecisionReason::ApplicationNotEntitled,
    ),
    (
        "users/chloe-dubois",
        "enterprise.services.view",
        "organizations/meridian-group/units/c1",
        DecisionReason::NoGrant,
    ),
    (
        "users/chloe-dubois",
        "enterprise.invoices.view",
        "organizations/meridian-group/units/c2",
        DecisionReason::OutOfScope,
    ),
];

#[test]
fn a_reason_is_the_same_however_often_and_however_freshly_it_is_asked() {
    everywhere(async |rig| {
        for (subject, permission, resource, expected) in REASONS {
            for requirement in [
                None,
                Some(Requirement::MinimizeLatency(true)),
                Some(Requirement::FullyConsistent(true)),
                None,
            ] {
                let request = CheckRequest {
                    subject: subject.to_owned(),
                    permission: permission.to_owned(),
                    resource: resource.to_owned(),
                    consistency: requirement.map(|requirement| Consistency {
                        requirement: Some(requirement),
                    }),
                    read_time: None,
                    context: None,
                };
                let answer = rig.root().authorization().check(request).await;
                let decision = answer.unwrap().into_inner().decision.unwrap();
                assert_eq!(decision.reason(), expected, "{subject} {:?}", rig.setting);
                assert!(decision.grant.is_empty());
            }
        }
    });
}

#[test]
fn a_batch_answers_as_single_questions_do() {
    everywhere(async |rig| {
        let world = World::load(rig, "batch").await;
        let mut questions = Vec::new();
        for user in ["ann", "ben", "cas", "dan", "eva", "fay", "nobody"] {
            for place in ["units/k1", "units/k2", "resources/n3", "resources/none"] {
                for verb in ["billing.view", "billing.edit"] {
                    questions.push(Question {
                        subject: world.user(user),
                        permission: world.permission(verb),
                        resource: world.at(place),
                        context: None,
                    });
                }
            }
        }
        let request = CheckBatchRequest {
            questions: questions.clone(),
            consistency: None,
        };
        let batch = rig.root().authorization().check_batch(request).await;
        let batch = batch.unwrap().into_inner().decisions;
        assert_eq!(batch.len(), questions.len());
        for (question, together) in questions.iter().zip(batch) {
            let alone = rig
                .decide(&question.subject, &question.permission, &question.resource)
                .await;
            assert_eq!(
                (alone.reason(), &alone.grant, alone.valid_until_time),
                (
                    together.reason(),
                    &together.grant,
                    together.valid_until_time
                ),
                "{question:?}"
            );
        }
    });
}

#[test]
fn a_batch_is_about_one_organization() {
    everywhere(async |rig| {
        let question = |organization: &str| Question {
            subject: "users/lies-goossens".to_owned(),
            permission: "fleet.billing.view".to_owned(),
            resource: format!("organizations/{organization}"),
            context: None,
        };
        let request = CheckBatchRequest {
            questions: vec![question("transport-janssens"), question("koeriers-maas")],
            consistency: None,
        };
        let refused = rig.root().authorization().check_batch(request).await;
        assert_refused(refused, Code::InvalidArgument, "MIXED_ORGANIZATIONS");
    });
}

#[test]
fn a_permission_that_no_application_has_is_an_error_and_no_answer() {
    everywhere(async |rig| {
        for subject in ["users/jan-peeters", "users/nobody"] {
            for permission in ["fleet.billing.burn", "nothing.billing.view"] {
                let question = CheckRequest {
                    subject: subject.to_owned(),
                    permission: permission.to_owned(),
                    resource: "organizations/transport-janssens".to_owned(),
                    consistency: None,
                    read_time: None,
                    context: None,
                };
                let batch = CheckBatchRequest {
                    questions: vec![Question {
                        subject: question.subject.clone(),
                        permission: question.permission.clone(),
                        resource: question.resource.clone(),
                        context: None,
                    }],
                    consistency: None,
                };
                let mut authorization = rig.root().authorization();
                let refused = authorization.check(question).await;
                assert_refused(refused, Code::InvalidArgument, "PERMISSION_UNKNOWN");
                let answered = authorization.check_batch(batch).await.unwrap();
                let refused = failed(&answered.into_inner().failed[&0]);
                assert_refused(refused, Code::InvalidArgument, "PERMISSION_UNKNOWN");
            }
        }
    });
}
