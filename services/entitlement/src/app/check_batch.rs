use api::entitlement::v1::{CheckBatchRequest, CheckBatchResponse};
use authority::Context;

use super::{
    App,
    question::{Question, decide},
};
use crate::error::Error;

/// Answers questions over one snapshot of the facts, in their order.
pub(crate) async fn check_batch(
    app: &App,
    context: &Context,
    request: CheckBatchRequest,
) -> Result<CheckBatchResponse, Error> {
    let questions = request
        .questions
        .iter()
        .enumerate()
        .map(|(index, asked)| {
            Question::read(
                Some(index),
                &asked.subject,
                &asked.permission,
                &asked.resource,
                asked.context.as_ref(),
            )
        })
        .collect::<Result<Vec<_>, _>>()?;
    let Some(first) = questions.first() else {
        return Ok(CheckBatchResponse::default());
    };
    if questions
        .iter()
        .any(|other| other.organization != first.organization)
    {
        return Err(Error::MixedOrganizations);
    }
    app.permit_in(context, &first.organization).await?;
    app.engine
        .freshen(context, request.consistency.as_ref())
        .await?;
    let answered = app.engine.facts.read(|world| {
        let mut decisions = Vec::with_capacity(questions.len());
        let mut missing = Vec::new();
        let mut row = app.engine.row(world);
        for question in &questions {
            match row.bearing(&question.ask()) {
                Ok(Ok(bearing)) => {
                    let (decided, answer) = decide(&bearing, &question.organization, row.status);
                    row.allowance.take(&decided);
                    if row.allowance.is_spent() {
                        return Ok(Err(Error::TooManyAsked));
                    }
                    decisions.push(answer);
                }
                Ok(Err(error)) => return Ok(Err(error)),
                Err(pieces) => missing.extend(pieces),
            }
        }
        if missing.is_empty() {
            Ok(Ok(decisions))
        } else {
            Err(missing)
        }
    });
    let decisions = answered.await??;
    for (question, decision) in questions.iter().zip(&decisions) {
        app.log(context, question, decision);
    }
    Ok(CheckBatchResponse { decisions })
}
