//! The answer to one query, for every method that checks: from memory, else from another replica's
//! shared decision, else from the store.

use ::rpc::Fault;
use api::{
    common::v1::{Consistency, consistency::Requirement},
    entitlement::v1::Decision,
};
use authz::Context;

use super::{
    App,
    question::{Question, decide},
};
use crate::{engine::Evaluation, error::Error, facts::FactKey, metrics::Tier};

/// Answers as freshly as the caller demands. Fails closed without facts that are known to be
/// current.
pub(super) async fn evaluate_question(
    app: &App,
    context: &Context,
    question: &Question<'_>,
    consistency: Option<&Consistency>,
) -> Result<Decision, Error> {
    let answered = attempt(app, context, question, consistency).await;
    match &answered {
        Ok(decision) => app.log(context, question, decision),
        Err(Error::Facts(_) | Error::ProjectionBehind) => app.measures.refused(),
        Err(_) => {}
    }
    answered
}

async fn attempt(
    app: &App,
    context: &Context,
    question: &Question<'_>,
    consistency: Option<&Consistency>,
) -> Result<Decision, Error> {
    let requirement = consistency.and_then(|demand| demand.requirement.as_ref());
    if !matches!(requirement, None | Some(Requirement::MinimizeLatency(_))) {
        // The waiting part is boxed, so that the future of a hot answer stays small.
        Box::pin(async {
            // A caller without the permission makes nothing wait.
            app.permit_for_organization(context, &question.organization)
                .await?;
            app.engine.ensure_fresh(context, consistency).await
        })
        .await?;
    }
    let at_once = app.engine.facts.try_read(|world| {
        let mut evaluation = app.engine.evaluation(world);
        if !app.engine.feeds_alive(evaluation.at) {
            return Ok(Err(Error::ProjectionBehind));
        }
        from_memory(app, context, &mut evaluation, question)
    });
    match at_once {
        Some(Ok(answered)) => {
            app.measures.answered(Tier::Memory);
            answered
        }
        Some(Err(_)) | None => Box::pin(later(app, context, question)).await,
    }
}

/// Checks that the caller may query, and answers, both at one revision.
pub(super) fn from_memory<'q>(
    app: &App,
    context: &Context,
    evaluation: &mut Evaluation<'_, 'q>,
    question: &'q Question<'_>,
) -> Result<Result<Decision, Error>, Vec<FactKey>> {
    let organization = &question.organization;
    match app.engine.permits_in_memory(
        evaluation.world,
        context,
        organization,
        evaluation.at.now,
    )? {
        Ok(true) => decide_in(app, evaluation, question),
        Ok(false) => Ok(Err(Fault::denied().into())),
        Err(error) => Ok(Err(error)),
    }
}

/// Answers from memory for a caller that may query. Shares the decision with the other replicas and
/// with readers of Redis, unless it depends on a condition.
pub(super) fn decide_in<'q>(
    app: &App,
    evaluation: &mut Evaluation<'_, 'q>,
    question: &'q Question<'_>,
) -> Result<Result<Decision, Error>, Vec<FactKey>> {
    let query_facts = evaluation.query_facts(&question.query())?;
    Ok(query_facts.map(|query_facts| {
        let (decided, answer) = decide(&query_facts, &question.organization, evaluation.status);
        evaluation.budget.charge(&decided);
        // INVARIANT: a shared decision holds for the query with any context.
        if let Some(decisions) = &app.decisions
            && !decided.is_conditional()
        {
            decisions.share(evaluation.world, question, &answer, decided.valid_until);
        }
        answer
    }))
}

/// Answers a query that memory alone cannot answer.
async fn later(app: &App, context: &Context, question: &Question<'_>) -> Result<Decision, Error> {
    app.permit_for_organization(context, &question.organization)
        .await?;
    if let Some(decisions) = &app.decisions
        && let Some(found) = decisions.find(&app.engine, question).await
    {
        app.measures.answered(Tier::Redis);
        return Ok(found);
    }
    let answer = app
        .engine
        .facts
        .read(|world| decide_in(app, &mut app.engine.evaluation(world), question))
        .await?;
    app.measures.answered(Tier::Store);
    answer
}
