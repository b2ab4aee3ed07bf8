use std::collections::BTreeSet;

use ::rpc::Fault;
use api::entitlement::v1::{
    Condition, DecisionReason, ExplainRequest, ExplainResponse, GrantConsideration,
};
use authority::{Caller, Context, Reach};
use entitlement_core as core;
use entitlement_core::Reason;

use super::{
    App,
    list_subjects::holders,
    past::{moment_of, read_at},
    question::{Question, decision, reason},
};
use crate::{
    engine::{Ask, Bearing, Status, allowed},
    error::Error,
};

/// The permission to read access, which decides the visibility of an explanation.
const READ: &str = "mandate.access.read";

/// Maximum number of helpers named in an explanation.
const HELPERS: usize = 10;

/// The caller's visibility of the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asker {
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
    let asker = reach(app, &caller.name, &question).await?;
    let asker = asker.ok_or_else(Fault::denied)?;
    app.engine
        .freshen(context, request.consistency.as_ref())
        .await?;
    let Some(at) = moment_of(app, request.read_time.as_ref())? else {
        return explain_now(app, &caller.name, &question, asker).await;
    };
    // The caller's part of the organization at that time may differ from its part now.
    if asker == Asker::Part {
        return Err(Fault::denied().into());
    }
    let explained = read_at(app, at, |world| {
        let mut row = app.engine.past_row(world, at);
        let bearing = row.bearing(&question.ask())?;
        Ok(bearing.map(|bearing| respond(&question, &bearing, row.status, asker, |_| true).0))
    });
    explained.await
}

async fn explain_now(
    app: &App,
    caller: &str,
    question: &Question<'_>,
    asker: Asker,
) -> Result<ExplainResponse, Error> {
    let explained = app.engine.facts.read(|world| {
        let mut row = app.engine.row(world);
        let bearing = match row.bearing(&question.ask())? {
            Ok(bearing) => bearing,
            Err(error) => return Ok(Err(error)),
        };
        let own = world.facts(caller, &question.organization)?;
        let may_know = |scope: &core::Scope| {
            let read = own.catalog.permission(READ);
            let throughout = |read| core::holds_throughout(&own, read, scope, bearing.now);
            asker >= Asker::Organization || read.is_some_and(throughout)
        };
        Ok(Ok(respond(question, &bearing, row.status, asker, may_know)))
    });
    let (mut response, failed) = explained.await??;
    if let Some(permission) = failed.and_then(helping)
        && asker >= Asker::Organization
    {
        response.helpers = holders(app, &question.organization, permission, HELPERS).await?;
    }
    Ok(response)
}

/// Returns the caller's visibility, or `None` if it may not see the location.
async fn reach(app: &App, caller: &str, question: &Question<'_>) -> Result<Option<Asker>, Error> {
    let organization = &question.organization;
    let (engine, facts) = (&app.engine, &app.engine.facts);
    let found = facts.read(|world| {
        let now = engine.clock.now();
        for (reach, asker) in [
            (Reach::Operator, Asker::Everywhere),
            (Reach::Organization(organization), Asker::Organization),
        ] {
            match engine.manages_in(world, caller, READ, reach, now)? {
                Ok(false) => {}
                Ok(true) => return Ok(Ok(Some(asker))),
                Err(error) => return Ok(Err(error)),
            }
        }
        let here = Ask {
            subject: caller,
            permission: READ,
            context: None,
            ..question.ask()
        };
        let here = allowed(world, &here, now)?;
        Ok(here.map(|here| here.then_some(Asker::Part)))
    });
    found.await?
}

/// Returns the response, and the reason if the decision is a deny.
fn respond(
    question: &Question<'_>,
    bearing: &Bearing<'_, '_>,
    status: Status,
    asker: Asker,
    may_know: impl Fn(&core::Scope) -> bool,
) -> (ExplainResponse, Option<Reason>) {
    let Bearing {
        facts,
        permission,
        target,
        given,
        now,
    } = bearing;
    let mut explanation = core::explain(facts, *permission, *target, given, *now);
    explanation.grants.retain(|grant| may_know(grant.scope));
    if asker != Asker::Everywhere && facts.member.is_none() {
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
fn missing(explanation: &core::Explanation<'_>, given: &core::Given<'_>) -> Vec<String> {
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
fn helping(reason: Reason) -> Option<&'static str> {
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
