//! The answer to one question, whichever method asks it: from memory, else from what another
//! replica has shared, else from the store.

use ::rpc::Fault;
use api::{
    common::v1::{Consistency, consistency::Requirement},
    entitlement::v1::Decision,
};
use authority::Context;

use super::{
    App,
    question::{Question, decide, decision},
};
use crate::{
    error::Error,
    facts::{Piece, World},
    measure::Tier,
};

/// Answers as freshly as is demanded. Without facts that are known to be current it fails closed.
pub(super) async fn answer(
    app: &App,
    context: &Context,
    question: &Question,
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
    question: &Question,
    consistency: Option<&Consistency>,
) -> Result<Decision, Error> {
    let requirement = consistency.and_then(|demand| demand.requirement.as_ref());
    if !matches!(requirement, None | Some(Requirement::MinimizeLatency(_))) {
        // What waits is boxed: the future of a hot answer stays small.
        Box::pin(async {
            // Who may not ask makes nothing wait.
            app.permit_in(context, &question.organization).await?;
            app.engine.freshen(context, consistency).await
        })
        .await?;
    } else if !app.engine.is_heard() {
        return Err(Error::ProjectionBehind);
    }
    let at_once = app
        .engine
        .facts
        .try_read(|world| from_memory(app, context, world, question));
    match at_once {
        Some(Ok(answered)) => {
            app.measures.answered(Tier::Memory);
            answered
        }
        Some(Err(_)) | None => Box::pin(later(app, context, question)).await,
    }
}

/// Whether the caller may ask, and the answer, of one revision.
pub(super) fn from_memory(
    app: &App,
    context: &Context,
    world: &World,
    question: &Question,
) -> Result<Result<Decision, Error>, Vec<Piece>> {
    match app
        .engine
        .permits_in(world, context, &question.organization)?
    {
        Ok(true) => decide_in(app, world, question),
        Ok(false) => Ok(Err(Fault::denied().into())),
        Err(error) => Ok(Err(error)),
    }
}

/// The answer from memory to a caller who may ask; it is shared with the other replicas and with those who read Redis.
pub(super) fn decide_in(
    app: &App,
    world: &World,
    question: &Question,
) -> Result<Result<Decision, Error>, Vec<Piece>> {
    let bearing = app.engine.bearing(world, &question.ask())?;
    Ok(bearing.map(|bearing| {
        let decided = decide(&bearing);
        let status = app.engine.status(world, bearing.now);
        let answer = decision(&decided, &question.organization, status);
        if let Some(decisions) = &app.decisions {
            decisions.share(world, question, &answer, decided.valid_until);
        }
        answer
    }))
}

/// An answer that memory alone cannot give.
async fn later(app: &App, context: &Context, question: &Question) -> Result<Decision, Error> {
    app.permit_in(context, &question.organization).await?;
    if let Some(decisions) = &app.decisions
        && let Some(found) = decisions.find(&app.engine, question).await
    {
        app.measures.answered(Tier::Redis);
        return Ok(found);
    }
    let answer = app
        .engine
        .facts
        .read(|world| decide_in(app, world, question))
        .await?;
    app.measures.answered(Tier::Store);
    answer
}
