use api::entitlement::v1::{CheckRequest, CheckResponse, Decision};
use authz::Context;
use types::UnixTime;

use super::{
    App,
    as_of::{passed, read_at},
    evaluate_question::evaluate_question,
    question::{Question, decide},
};
use crate::error::Error;

/// Answers one query.
pub(crate) async fn check(
    app: &App,
    context: &Context,
    request: CheckRequest,
) -> Result<CheckResponse, Error> {
    let question = Question::read(
        &request.subject,
        &request.permission,
        &request.resource,
        request.context.as_ref(),
    )?;
    let consistency = request.consistency.as_ref();
    let decision = match &request.read_time {
        None => evaluate_question(app, context, &question, consistency).await?,
        // Boxed, so that the future of a present-time answer stays small.
        Some(read_time) => {
            Box::pin(async {
                app.permit_for_organization(context, &question.organization)
                    .await?;
                app.engine.ensure_fresh(context, consistency).await?;
                check_at(app, &question, passed(app, read_time)?).await
            })
            .await?
        }
    };
    Ok(CheckResponse {
        decision: Some(decision),
    })
}

/// Answers as of an earlier time.
async fn check_at(app: &App, question: &Question<'_>, at: UnixTime) -> Result<Decision, Error> {
    let answered = read_at(app, at, |world| {
        let mut evaluation = app.engine.past_row(world, at);
        let query_facts = evaluation.query_facts(&question.query())?;
        Ok(query_facts
            .map(|query_facts| decide(&query_facts, &question.organization, evaluation.status).1))
    });
    answered.await
}
