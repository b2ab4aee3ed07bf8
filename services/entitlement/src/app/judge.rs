//! Judges again what was refused for what may be there and not be heard of yet: a client that was told
//! of a change by one service is not refused for it by this one.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use ::rpc::Fault;
use authority::Context;
use tokio::time::timeout;
use tonic::Code;

use super::App;
use crate::error::Error;

/// How long what there is may take to be heard of.
const CATCH_UP: Duration = Duration::from_secs(2);

/// What a refusal says where that is not known.
const BEHIND: &str = "what identity and membership know may not be known here yet";

/// A use case that runs.
type Case<'a, R> = Pin<Box<dyn Future<Output = Result<R, Error>> + Send + 'a>>;

/// Runs a use case, and again if it was refused while there was something to hear.
pub(crate) async fn judge<Q: Clone, R>(
    app: &App,
    context: &Context,
    request: Q,
    case: impl for<'a> Fn(&'a App, &'a Context, Q) -> Case<'a, R>,
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
            Err(refused.saying(BEHIND).with("facts", "behind").into())
        }
    }
}

/// Whether a refusal may be by what is or is not there.
fn is_about_facts(code: Code) -> bool {
    matches!(
        code,
        Code::NotFound | Code::PermissionDenied | Code::FailedPrecondition
    )
}

impl App {
    /// Waits until everything is known here that identity, membership or another replica has told
    /// anybody, and returns the revision of the facts.
    pub(super) async fn catch_up(&self, context: &Context) -> Result<i64, Error> {
        let left = context.deadline.saturating_duration_since(Instant::now());
        let caught_up = async {
            for head in self.owners.heads().await? {
                self.engine.reach(context, &head).await?;
            }
            self.engine.facts.refresh(Vec::new()).await?;
            Ok(self.engine.facts.revision())
        };
        let caught_up = timeout(left.min(CATCH_UP), caught_up).await;
        caught_up.unwrap_or_else(|_| Err(Fault::deadline().into()))
    }
}
