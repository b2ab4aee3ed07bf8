//! Keeps callers from blocking each other: each has a quota, and long work runs on separate
//! threads.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll, ready},
    time::Duration,
};

use api::Work;
use authz::Caller;
use futures_util::{
    FutureExt,
    future::{Either, ready as now},
};
use pin_project_lite::pin_project;
use tokio::{runtime::Runtime, task::JoinSet};
use tonic::{Status, body::Body};
use tower::{Layer, Service};
use tracing::Instrument;

use super::{BoxFuture, Request, Response, call::Call, complete::complete, metered::Metered};
use crate::{
    fault::Fault,
    share::{CallUnderWay, Quota, Quotas, Slots},
};

/// Size of a batch, in bytes, that is answered in a fraction of a millisecond.
const MAX_SMALL_BATCH_BYTES: usize = 16 * 1024;

/// Applies the quota of each caller. Other services have no quota, because they call for many.
#[derive(Debug, Clone)]
pub(crate) struct FairLayer {
    shares: Arc<Quotas>,
    longest: Duration,
}

impl FairLayer {
    pub(crate) fn new(calls_per_caller: usize, longest: Duration) -> Self {
        Self {
            shares: Arc::new(Quotas::new(calls_per_caller)),
            longest,
        }
    }
}

impl<S> Layer<S> for FairLayer {
    type Service = Fair<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Fair {
            shares: self.shares.clone(),
            longest: self.longest,
            inner,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Fair<S> {
    /// Shared, because the stack is cloned for each call.
    shares: Arc<Quotas>,
    /// Maximum time of a change that its caller no longer waits for.
    longest: Duration,
    inner: S,
}

impl<S> Service<Request> for Fair<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Counted<S::Future>, BoxFuture<Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let (work, streams, begun) = {
            let call = request.extensions().get::<Call>();
            let policy = call.and_then(|call| call.policy);
            let caller = call.and_then(|call| call.caller.as_ref());
            let begun = match caller {
                Some(Caller::Subject(account)) => Some(self.shares.begin(&account.name)),
                Some(Caller::Peer(_)) | None => None,
            };
            let work = policy.map_or(Work::One, |policy| policy.work);
            (work, policy.is_some_and(|policy| policy.streams), begun)
        };
        let call = match begun.transpose() {
            Ok(call) => call,
            Err(fault) => {
                return now(Ok(Status::from(fault).into_http()))
                    .boxed()
                    .right_future();
            }
        };
        let share = call.as_ref().map(|call| call.0.clone());
        if streams {
            request.extensions_mut().insert(Slots(share.clone()));
        }
        if work == Work::One {
            if let Some(share) = share {
                request = request.map(|body| Body::new(Metered::new(body, share)));
            }
            let call = Counted {
                inner: self.inner.call(request),
                streams,
                call,
            };
            return call.left_future();
        }
        let clone = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, clone);
        let longest = self.longest;
        let answered = async move {
            let answered = answer_in_slot(inner, request, work, share, longest).await;
            drop(call);
            Ok(answered.unwrap_or_else(Status::into_http))
        };
        answered.boxed().right_future()
    }
}

/// Answers a call that needs a slot, once its caller gets one.
async fn answer_in_slot<S>(
    mut inner: S,
    request: Request,
    work: Work,
    share: Option<Arc<Quota>>,
    longest: Duration,
) -> Result<Response, Status>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    let (mut request, mut held) = (request, None);
    let mut is_long = work == Work::Scan;
    if let Some(share) = share {
        let (head, body) = request.into_parts();
        let read = Metered::new(body, share.clone()).read().await?;
        request = Request::from_parts(head, read.body);
        is_long |= work == Work::Batch && read.bytes > MAX_SMALL_BATCH_BYTES;
        held = Some((share.slot(work).await, read.room));
        // Let other ready tasks go first: a small batch is then answered without waiting.
        tokio::task::yield_now().await;
    }
    let call = inner.call(request);
    let Ok(answered) = match work {
        Work::Change => complete(&CHANGES, call, longest, held).await,
        _ if is_long => on(&SCANS, call).await?,
        _ => call.await,
    };
    Ok(answered)
}

/// Runs a call on other threads than those that serve.
async fn on<F>(threads: &Runtime, call: F) -> Result<F::Output, Status>
where
    F: Future<Output: Send> + Send + 'static,
{
    // A call that its caller has abandoned ends with the set.
    let mut calls = JoinSet::new();
    calls.spawn_on(call.in_current_span(), threads.handle());
    match calls.join_next().await {
        Some(Ok(answered)) => Ok(answered),
        Some(Err(error)) => Err(Fault::internal(error).into()),
        None => Err(Fault::overloaded().into()),
    }
}

/// The threads of calls that would occupy a serving thread too long: searches, large batches.
static SCANS: LazyLock<Runtime> = LazyLock::new(|| threads("scan"));
/// The threads of changes. On a serving thread, a change would queue behind all questions there
/// each time it resumes.
static CHANGES: LazyLock<Runtime> = LazyLock::new(|| threads("change"));

/// Starts as many threads as there are processors; the system schedules them fairly.
fn threads(name: &str) -> Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name(name)
        .enable_all()
        .build();
    #[expect(
        clippy::expect_used,
        reason = "a process that cannot start threads cannot serve"
    )]
    runtime.expect("threads can be started")
}

pin_project! {
    /// A call that counts until its response begins, or until its end if it is a stream.
    pub(crate) struct Counted<F> {
        #[pin]
        inner: F,
        streams: bool,
        call: Option<CallUnderWay>,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Counted<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(response) = ready!(this.inner.poll(cx));
        let call = this.call.take();
        Poll::Ready(Ok(if *this.streams {
            response.map(|body| Body::new(Streaming { body, _call: call }))
        } else {
            response
        }))
    }
}

pin_project! {
    /// The response stream of a call in progress.
    struct Streaming {
        #[pin]
        body: Body,
        _call: Option<CallUnderWay>,
    }
}

impl http_body::Body for Streaming {
    type Data = <Body as http_body::Body>::Data;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Self::Data>, Status>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}
