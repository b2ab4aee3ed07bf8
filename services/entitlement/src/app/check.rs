use api::entitlement::v1::{CheckRequest, CheckResponse, Decision};
use authority::Context;
use base::Millis;

use super::{
    App,
    question::{Question, decide, decision},
};
use crate::{error::Error, facts::Piece};

/// Answers one question.
pub(crate) async fn check(
    app: &App,
    context: &Context,
    request: CheckRequest,
) -> Result<CheckResponse, Error> {
    let question = Question::read(None, request.subject, request.permission, &request.resource)?;
    app.permit_in(context, &question.organization).await?;
    app.engine
        .freshen(context, request.consistency.as_ref())
        .await?;
    let decision = match app
        .engine
        .facts
        .try_read(|world| answer(app, world, &question))
    {
        Some(Ok(answered)) => answered?.0,
        Some(Err(_)) | None => cold(app, &question).await?,
    };
    Ok(CheckResponse {
        decision: Some(decision),
    })
}

/// An answer from memory, and until when time alone cannot change it.
fn answer(
    app: &App,
    world: &crate::facts::World,
    question: &Question,
) -> Result<Result<(Decision, Millis), Error>, Vec<Piece>> {
    let bearing = app.engine.bearing(world, &question.ask())?;
    Ok(bearing.map(|bearing| {
        let decided = decide(&bearing);
        let behind = app.engine.is_behind();
        let organization = &question.organization;
        (
            decision(&decided, organization, world.revision(), behind),
            decided.valid_until,
        )
    }))
}

/// An answer that memory alone cannot give: from the shared cache, if another replica has given
/// it and no fact of it has changed, else from the store.
async fn cold(app: &App, question: &Question) -> Result<Decision, Error> {
    let Some(decisions) = &app.decisions else {
        return Ok(app
            .engine
            .facts
            .read(|world| answer(app, world, question))
            .await??
            .0);
    };
    // The slot is read before the facts: if these change between, nobody asks for it again.
    let slot = decisions.slot(&question.ask()).await?;
    if let Some(found) = decisions.find(&slot, app.engine.clock.now()).await {
        return Ok(Decision {
            feed_behind: app.engine.is_behind(),
            ..found
        });
    }
    let read = app.engine.facts.read(|world| answer(app, world, question));
    let (decision, until) = read.await??;
    decisions
        .keep(&slot, &decision, until, app.engine.clock.now())
        .await;
    Ok(decision)
}
