//! Keeps callers from standing in each other's way: each has its share, and what takes long runs on
//! threads of its own.

use std::{
    convert::Infallible,
    num::NonZero,
    pin::Pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll, ready},
    thread,
};

use api::Work;
use authority::Caller;
use futures_util::{
    FutureExt,
    future::{Either, ready as now},
};
use pin_project_lite::pin_project;
use tokio::{runtime::Runtime, task::JoinSet};
use tonic::{Status, body::Body};
use tower::{Layer, Service};

use super::{BoxFuture, Request, Response, call::Call, metered::Metered};
use crate::{
    fault::Fault,
    share::{CallUnderWay, Share, Shares, Turns},
};

/// Gives each caller its share. Other services have no share: they call for many.
#[derive(Debug, Clone)]
pub(crate) struct FairLayer(Arc<Shares>);

impl FairLayer {
    pub(crate) fn new(calls_per_caller: usize) -> Self {
        Self(Arc::new(Shares::new(calls_per_caller)))
    }
}

impl<S> Layer<S> for FairLayer {
    type Service = Fair<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Fair {
            shares: self.0.clone(),
            inner,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Fair<S> {
    /// Shared: the stack is cloned for each call.
    shares: Arc<Shares>,
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
            request.extensions_mut().insert(Turns(share.clone()));
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
        let answered = async move {
            let answered = answer_in_turn(inner, request, work, share).await;
            drop(call);
            Ok(answered.unwrap_or_else(Status::into_http))
        };
        answered.boxed().right_future()
    }
}

/// Answers a call that is more than one question when its caller has a turn.
async fn answer_in_turn<S>(
    mut inner: S,
    request: Request,
    work: Work,
    share: Option<Arc<Share>>,
) -> Result<Response, Status>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    let (mut request, mut held) = (request, None);
    if let Some(share) = share {
        let (head, body) = request.into_parts();
        let read = Metered::new(body, share.clone()).read().await?;
        request = Request::from_parts(head, read.body);
        held = Some((share.turn(work).await, read.room));
        // Whoever else is ready goes first: a batch is answered without waiting for anything.
        tokio::task::yield_now().await;
    }
    let call = inner.call(request);
    let Ok(answered) = if work == Work::Scan {
        scan(call).await?
    } else {
        call.await
    };
    drop(held);
    Ok(answered)
}

/// Runs a call on threads of its own: it takes so much of one that others would wait for it.
async fn scan<F>(call: F) -> Result<F::Output, Status>
where
    F: Future<Output: Send> + Send + 'static,
{
    // A scan for which nobody waits any more ends with the set.
    let mut scans = JoinSet::new();
    scans.spawn_on(call, SCANS.handle());
    match scans.join_next().await {
        Some(Ok(answered)) => Ok(answered),
        Some(Err(error)) => Err(Fault::internal(error).into()),
        None => Err(Fault::overloaded().into()),
    }
}

/// The threads on which scans run: at most half of the processors.
static SCANS: LazyLock<Runtime> = LazyLock::new(|| {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(processors.div_ceil(2).max(1))
        .thread_name("scan")
        .enable_all()
        .build();
    #[expect(
        clippy::expect_used,
        reason = "a process that cannot start threads cannot serve"
    )]
    runtime.expect("threads can be started")
});

pin_project! {
    /// A call that counts until its response begins, or until it ends where it is a stream.
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
    /// The answers of a call that is under way.
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
