//! Retries calls that were refused for facts that may exist but are not projected yet, so that a
//! client that learned of a change from one service is not refused for it by this one.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use ::rpc::Fault;
use authz::Context;
use tokio::time::timeout;
use tonic::Code;

use super::App;
use crate::error::Error;

/// Maximum time to wait for the projection to catch up.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(2);

/// Message added to a refusal if the projection has not caught up in time.
const FACTS_BEHIND_MESSAGE: &str = "what identity and membership know may not be known here yet";

/// A running use case.
type UseCase<'a, R> = Pin<Box<dyn Future<Output = Result<R, Error>> + Send + 'a>>;

/// Runs a use case, and again if it was refused while changes were still missing here.
pub(crate) async fn judge<Q: Clone, R>(
    app: &App,
    context: &Context,
    request: Q,
    case: impl for<'a> Fn(&'a App, &'a Context, Q) -> UseCase<'a, R>,
) -> Result<R, Error> {
    let known = app.engine.facts.revision();
    let refused = match case(app, context, request.clone()).await {
        Err(error) => Fault::from(error),
        answered => return answered,
    };
    if !is_about_facts(refused.code()) {
        return Err(refused.into());
    }
    match app.catch_up(context).await {
        Ok(revision) if revision == known => Err(refused.into()),
        Ok(_) => case(app, context, request).await,
        Err(error) => {
            tracing::warn!(%error, "a call is refused by facts that may be behind");
            Err(refused
                .saying(FACTS_BEHIND_MESSAGE)
                .with("facts", "behind")
                .into())
        }
    }
}

/// True if a refusal may be due to missing facts.
fn is_about_facts(code: Code) -> bool {
    matches!(
        code,
        Code::NotFound | Code::PermissionDenied | Code::FailedPrecondition
    )
}

impl App {
    /// Waits until this replica has every change that identity, membership or another replica has
    /// reported to any client. Returns the revision of the facts.
    pub(super) async fn catch_up(&self, context: &Context) -> Result<i64, Error> {
        let left = context.deadline.saturating_duration_since(Instant::now());
        let caught_up = async {
            for head in self.owners.heads().await? {
                self.engine.await_token(context, &head).await?;
            }
            self.engine.facts.refresh(Vec::new()).await?;
            Ok(self.engine.facts.revision())
        };
        let caught_up = timeout(left.min(CATCH_UP_TIMEOUT), caught_up).await;
        caught_up.unwrap_or_else(|_| Err(Fault::deadline().into()))
    }
}
