use std::collections::HashMap;

use ::rpc::Fault;
use api::entitlement::v1::{CheckBatchRequest, CheckBatchResponse, Decision};
use authz::Context;

use super::{
    App,
    question::{Question, decide},
};
use crate::{engine::MAX_CONDITIONS_UNDER_LOCK, error::Error};

/// Answers queries over one snapshot of the facts, in their order. An invalid query gets its own
/// error.
pub(crate) async fn check_batch(
    app: &App,
    context: &Context,
    request: CheckBatchRequest,
) -> Result<CheckBatchResponse, Error> {
    let mut questions = Vec::with_capacity(request.questions.len());
    let mut failed = HashMap::new();
    for (place, asked) in (0..).zip(&request.questions) {
        match Question::judge(asked) {
            Ok(question) => questions.push((place, question)),
            Err(fault) => {
                failed.insert(place, fault.into_message());
            }
        }
    }
    let mut decisions = vec![Decision::default(); request.questions.len()];
    if let Some((_, first)) = questions.first() {
        let organization = &first.organization;
        if questions
            .iter()
            .any(|(_, other)| other.organization != *organization)
        {
            return Err(Error::MixedOrganizations);
        }
        app.permit_for_organization(context, organization).await?;
        app.engine
            .ensure_fresh(context, request.consistency.as_ref())
            .await?;
    }
    let outcomes = outcomes(app, &questions).await?;
    for ((place, question), outcome) in questions.iter().zip(outcomes) {
        match outcome {
            Ok(decision) => {
                app.log(context, question, &decision);
                if let Some(own) = decisions.get_mut(*place as usize) {
                    *own = decision;
                }
            }
            Err(error) => {
                failed.insert(*place, Fault::from(error).into_message());
            }
        }
    }
    Ok(CheckBatchResponse { decisions, failed })
}

/// Returns the answer to each query, or its error.
async fn outcomes(
    app: &App,
    questions: &[(u32, Question<'_>)],
) -> Result<Vec<Result<Decision, Error>>, Error> {
    let answered = app.engine.facts.read(|world| {
        let mut outcomes = Vec::with_capacity(questions.len());
        let mut missing = Vec::new();
        let mut evaluation = app.engine.evaluation(world);
        for (_, question) in questions {
            if evaluation.budget.is_spent() {
                outcomes.push(Err(Error::TooManyAsked(MAX_CONDITIONS_UNDER_LOCK)));
                continue;
            }
            match evaluation.query_facts(&question.query()) {
                Ok(query_facts) => outcomes.push(query_facts.map(|query_facts| {
                    let (decided, answer) =
                        decide(&query_facts, &question.organization, evaluation.status);
                    evaluation.budget.charge(&decided);
                    answer
                })),
                Err(pieces) => missing.extend(pieces),
            }
        }
        if missing.is_empty() {
            Ok(outcomes)
        } else {
            Err(missing)
        }
    });
    Ok(answered.await?)
}
