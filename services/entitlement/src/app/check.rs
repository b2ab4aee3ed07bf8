use api::entitlement::v1::{CheckRequest, CheckResponse};
use authority::Context;

use super::{App, answer::answer, question::Question};
use crate::error::Error;

/// Answers one question.
pub(crate) async fn check(
    app: &App,
    context: &Context,
    request: CheckRequest,
) -> Result<CheckResponse, Error> {
    let question = Question::read(
        None,
        &request.subject,
        &request.permission,
        &request.resource,
    )?;
    let decision = answer(app, context, &question, request.consistency.as_ref()).await?;
    Ok(CheckResponse {
        decision: Some(decision),
    })
}
