use api::entitlement::v1::{
    Condition, DecisionReason, ExplainRequest, ExplainResponse, GrantConsideration,
};
use authority::Context;
use entitlement_core as core;
use entitlement_core::Reason;

use super::{
    App,
    question::{Question, decision, reason},
};
use crate::error::Error;

/// Answers one question and says why.
pub(crate) async fn explain(
    app: &App,
    context: &Context,
    request: ExplainRequest,
) -> Result<ExplainResponse, Error> {
    let question = Question::read(
        None,
        &request.subject,
        &request.permission,
        &request.resource,
    )?;
    app.permit_in(context, &question.organization).await?;
    app.engine
        .freshen(context, request.consistency.as_ref())
        .await?;
    let explained = app.engine.facts.read(|world| {
        let mut row = app.engine.row(world);
        let bearing = row.bearing(&question.ask())?;
        Ok(bearing.map(|bearing| {
            let explanation = core::explain(
                &bearing.facts,
                bearing.permission,
                bearing.target,
                bearing.now,
            );
            let organization = &question.organization;
            let decided = &explanation.decision;
            ExplainResponse {
                decision: Some(decision(decided, organization, row.status)),
                conditions: explanation
                    .conditions
                    .iter()
                    .copied()
                    .map(condition)
                    .collect(),
                grants: explanation
                    .grants
                    .iter()
                    .map(|grant| consideration(&question, grant))
                    .collect(),
                next_step: decided
                    .outcome
                    .err()
                    .map(next_step)
                    .unwrap_or_default()
                    .to_owned(),
            }
        }))
    });
    explained.await?
}

fn condition(condition: core::Condition) -> Condition {
    let detail = match (reason(condition.reason), condition.holds) {
        (DecisionReason::SubjectNotActive, true) => "the subject exists and is active",
        (DecisionReason::SubjectNotActive, false) => "the subject does not exist or is not active",
        (DecisionReason::OrganizationNotActive, true) => "the organization is active",
        (DecisionReason::OrganizationNotActive, false) => {
            "the organization does not exist or is not active"
        }
        (DecisionReason::NotAMember, true) => "the subject is a member",
        (DecisionReason::NotAMember, false) => "the subject is no member",
        (DecisionReason::MembershipNotActive, true) => "the membership is active",
        (DecisionReason::MembershipNotActive, false) => "the membership is suspended",
        (DecisionReason::NotEligible, true) => "the member is eligible",
        (DecisionReason::NotEligible, false) => "the member has no active subscription",
        (DecisionReason::ApplicationNotEntitled, true) => "the organization has the application",
        (DecisionReason::ApplicationNotEntitled, false) => {
            "the organization does not have the application now"
        }
        (DecisionReason::NoGrant, true) => "a grant in force holds the permission",
        (DecisionReason::NoGrant, false) => "no grant in force holds the permission",
        (DecisionReason::OutOfScope, true) => "such a grant covers the resource",
        (DecisionReason::OutOfScope, false) => {
            "no such grant covers the resource, or it does not exist"
        }
        (DecisionReason::Unspecified | DecisionReason::Allowed, _) => "",
    };
    Condition {
        reason: reason(condition.reason).into(),
        holds: condition.holds,
        detail: detail.to_owned(),
    }
}

fn consideration(question: &Question, grant: &core::GrantConsideration<'_>) -> GrantConsideration {
    GrantConsideration {
        grant: format!(
            "organizations/{}/grants/{}",
            question.organization, grant.grant
        ),
        role: grant.role.to_owned(),
        holds_permission: grant.holds_permission,
        in_force: grant.in_force,
        covers_resource: grant.covers,
    }
}

fn next_step(reason: Reason) -> &'static str {
    match reason {
        Reason::SubjectNotActive => "ask the operator to create or reactivate the user",
        Reason::OrganizationNotActive => "ask the operator to reactivate the organization",
        Reason::NotAMember => "ask an owner of the organization to add the user as a member",
        Reason::MembershipNotActive => {
            "ask an owner of the organization to reactivate the membership"
        }
        Reason::NotEligible => "tie an active subscription to the organization's agreement",
        Reason::ApplicationNotEntitled => "ask the operator's representative for the application",
        Reason::NoGrant => "ask an owner of the organization for a role that holds the permission",
        Reason::OutOfScope => {
            "ask an owner of the organization to widen the scope, and check that the name exists"
        }
    }
}
