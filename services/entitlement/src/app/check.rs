use api::entitlement::v1::{CheckRequest, CheckResponse, Decision};
use authority::Context;
use base::Millis;

use super::{
    App,
    answer::answer,
    past::{passed, read_at},
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
        None => answer(app, context, &question, consistency).await?,
        // Boxed, so that the future of a present-time answer stays small.
        Some(read_time) => {
            Box::pin(async {
                app.permit_in(context, &question.organization).await?;
                app.engine.freshen(context, consistency).await?;
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
async fn check_at(app: &App, question: &Question<'_>, at: Millis) -> Result<Decision, Error> {
    let answered = read_at(app, at, |world| {
        let mut row = app.engine.past_row(world, at);
        let bearing = row.bearing(&question.ask())?;
        Ok(bearing.map(|bearing| decide(&bearing, &question.organization, row.status).1))
    });
    answered.await
}
