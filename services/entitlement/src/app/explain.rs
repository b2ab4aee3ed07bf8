use std::collections::BTreeSet;

use ::rpc::Fault;
use api::entitlement::v1::{
    Condition, DecisionReason, ExplainRequest, ExplainResponse, GrantConsideration,
};
use authz::{Caller, Context, Reach};
use entitlement_core as core;
use entitlement_core::Reason;

use super::{
    App,
    as_of::{moment_of, read_at},
    list_subjects::holders,
    question::{Question, decision, reason},
};
use crate::{
    engine::{Query, QueryFacts, Status, is_allowed},
    error::Error,
};

/// The permission to read access, which decides the visibility of an explanation.
const READ_ACCESS: &str = "mandate.access.read";

/// Maximum number of helpers named in an explanation.
const MAX_HELPERS: usize = 10;

/// The caller's visibility of the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Visibility {
    /// A part of the organization that includes the location.
    Part,
    /// The whole organization.
    Organization,
    /// Every organization.
    Everywhere,
}

/// Answers one query with its reasons.
pub(crate) async fn explain(
    app: &App,
    context: &Context,
    request: ExplainRequest,
) -> Result<ExplainResponse, Error> {
    let question = Question::read(
        &request.subject,
        &request.permission,
        &request.resource,
        request.context.as_ref(),
    )?;
    let Caller::Subject(caller) = &context.caller else {
        return Err(Fault::denied().into());
    };
    // A caller without access makes nothing wait, and a missing location looks like one out of
    // reach.
    let visibility = visibility_of(app, &caller.name, &question).await?;
    let visibility = visibility.ok_or_else(Fault::denied)?;
    app.engine
        .ensure_fresh(context, request.consistency.as_ref())
        .await?;
    let Some(at) = moment_of(app, request.read_time.as_ref())? else {
        return explain_now(app, &caller.name, &question, visibility).await;
    };
    // The caller's part of the organization at that time may differ from its part now.
    if visibility == Visibility::Part {
        return Err(Fault::denied().into());
    }
    let explained = read_at(app, at, |world| {
        let mut evaluation = app.engine.past_row(world, at);
        let query_facts = evaluation.query_facts(&question.query())?;
        Ok(query_facts.map(|query_facts| {
            respond(
                &question,
                &query_facts,
                evaluation.status,
                visibility,
                |_| true,
            )
            .0
        }))
    });
    explained.await
}

async fn explain_now(
    app: &App,
    caller: &str,
    question: &Question<'_>,
    visibility: Visibility,
) -> Result<ExplainResponse, Error> {
    let explained = app.engine.facts.read(|world| {
        let mut evaluation = app.engine.evaluation(world);
        let query_facts = match evaluation.query_facts(&question.query())? {
            Ok(query_facts) => query_facts,
            Err(error) => return Ok(Err(error)),
        };
        let own = world.facts(caller, &question.organization)?;
        let may_know = |scope: &core::Scope| {
            let read = own.catalog.permission(READ_ACCESS);
            let throughout = |read| core::holds_throughout(&own, read, scope, query_facts.now);
            visibility >= Visibility::Organization || read.is_some_and(throughout)
        };
        Ok(Ok(respond(
            question,
            &query_facts,
            evaluation.status,
            visibility,
            may_know,
        )))
    });
    let (mut response, failed) = explained.await??;
    if let Some(permission) = failed.and_then(resolving_permission)
        && visibility >= Visibility::Organization
    {
        response.helpers = holders(app, &question.organization, permission, MAX_HELPERS).await?;
    }
    Ok(response)
}

/// Returns the caller's visibility, or `None` if it may not see the location.
async fn visibility_of(
    app: &App,
    caller: &str,
    question: &Question<'_>,
) -> Result<Option<Visibility>, Error> {
    let organization = &question.organization;
    let (engine, facts) = (&app.engine, &app.engine.facts);
    let found = facts.read(|world| {
        let now = engine.clock.now();
        for (visibility_of, visibility) in [
            (Reach::Operator, Visibility::Everywhere),
            (Reach::Organization(organization), Visibility::Organization),
        ] {
            match engine.manages_in_memory(world, caller, READ_ACCESS, visibility_of, now)? {
                Ok(false) => {}
                Ok(true) => return Ok(Ok(Some(visibility))),
                Err(error) => return Ok(Err(error)),
            }
        }
        let here = Query {
            subject: caller,
            permission: READ_ACCESS,
            context: None,
            ..question.query()
        };
        let here = is_allowed(world, &here, now)?;
        Ok(here.map(|here| here.then_some(Visibility::Part)))
    });
    found.await?
}

/// Returns the response, and the reason if the decision is a deny.
fn respond(
    question: &Question<'_>,
    query_facts: &QueryFacts<'_, '_>,
    status: Status,
    visibility: Visibility,
    may_know: impl Fn(&core::Scope) -> bool,
) -> (ExplainResponse, Option<Reason>) {
    let QueryFacts {
        facts,
        permission,
        target,
        given,
        now,
    } = query_facts;
    let mut explanation = core::explain(facts, *permission, *target, given, *now);
    explanation.grants.retain(|grant| may_know(grant.scope));
    if visibility != Visibility::Everywhere && facts.member.is_none() {
        // An organization may not learn whether a user exists who is not its member.
        let steps = &mut explanation.steps;
        steps.retain(|step| step.reason != Reason::SubjectNotActive);
    }
    let first = explanation.steps.iter().find(|step| !step.holds);
    let next_step = first.map(|step| next_step(step.reason));
    let mut decided = decision(&explanation.decision, &question.organization, status);
    if let Ok(grant) = explanation.decision.outcome
        && !may_know(&grant.scope)
    {
        decided.grant.clear();
    }
    let failed = explanation.decision.outcome.err();
    if failed == Some(Reason::ConditionNotMet) {
        decided.missing_context = missing(&explanation, given);
    }
    let known = explanation.grants.iter();
    let response = ExplainResponse {
        decision: Some(decided),
        conditions: explanation.steps.iter().copied().map(condition).collect(),
        grants: known.map(|grant| consideration(question, grant)).collect(),
        next_step: next_step.unwrap_or_default().to_owned(),
        missing_roles: match failed {
            Some(Reason::NoGrant | Reason::OutOfScope) => roles(facts, *permission),
            _ => Vec::new(),
        },
        helpers: Vec::new(),
    };
    (response, failed)
}

/// Returns the context keys that the conditions of these grants refer to and the context lacks.
fn missing(explanation: &core::Explanation<'_>, given: &core::ConditionInput<'_>) -> Vec<String> {
    let grants = explanation.grants.iter();
    let refusing = grants.filter(|grant| grant.would_allow() && !grant.is_met());
    let conditions = refusing.filter_map(|grant| grant.condition);
    let keys: BTreeSet<&str> = conditions
        .flat_map(|(condition, _)| condition.missing(given))
        .collect();
    keys.into_iter().map(str::to_owned).collect()
}

fn roles(facts: &core::Facts<'_>, permission: core::PermissionIndex) -> Vec<String> {
    let roles = facts.roles().that_hold(permission);
    let mut names: Vec<String> = roles.map(str::to_owned).collect();
    names.sort_unstable();
    names
}

/// Returns the permission with which a member can resolve a deny.
fn resolving_permission(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::NoGrant | Reason::OutOfScope | Reason::ConditionNotMet => {
            Some("mandate.grants.write")
        }
        Reason::MembershipNotActive => Some("mandate.members.write"),
        // Only the operator can resolve these.
        Reason::SubjectNotActive
        | Reason::OrganizationNotActive
        | Reason::NotAMember
        | Reason::NotEligible
        | Reason::ApplicationNotEntitled => None,
    }
}

fn condition(step: core::Step) -> Condition {
    let detail = match (reason(step.reason), step.holds) {
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
        (DecisionReason::ConditionNotMet, true) => "it holds always, or its condition is met",
        (DecisionReason::ConditionNotMet, false) => {
            "such grants hold under conditions only, and none of these is met"
        }
        (DecisionReason::Unspecified | DecisionReason::Allowed, _) => "",
    };
    Condition {
        reason: reason(step.reason).into(),
        holds: step.holds,
        detail: detail.to_owned(),
    }
}

fn consideration(
    question: &Question<'_>,
    grant: &core::GrantConsideration<'_>,
) -> GrantConsideration {
    GrantConsideration {
        grant: format!(
            "organizations/{}/grants/{}",
            question.organization, grant.grant
        ),
        role: grant.role.to_owned(),
        holds_permission: grant.holds_permission,
        in_force: grant.in_force,
        covers_resource: grant.covers,
        condition: grant
            .condition
            .map_or("", |(condition, _)| condition.text())
            .to_owned(),
        condition_met: grant.is_met(),
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
        Reason::ConditionNotMet => {
            "ask where the condition is met, and with the context that it asks for"
        }
    }
}
