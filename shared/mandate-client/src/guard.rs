//! A layer that guards a service with a question per request.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use tonic::Status;
use tower::{Layer, Service};

use crate::{client::Client, error::Error, question::Question};

/// Guards a service: each request passes only if Mandate allows its question.
///
/// For services over gRPC (`tonic`) and over HTTP (`axum`) alike. A request that is not allowed
/// gets `PERMISSION_DENIED` or 403; if there is no answer, `UNAVAILABLE` or 503. A request for
/// which the function returns no question is refused too.
///
/// The function returns the question of a request, and is called once for each request:
///
/// ```
/// # fn example(client: mandate_client::Client) -> mandate_client::GuardLayer<
/// #     impl Fn(&http::Request<()>) -> Option<mandate_client::Question> + Clone> {
/// use mandate_client::{GuardLayer, Question};
///
/// GuardLayer::new(client, |request: &http::Request<_>| {
///     let user = request.headers().get("x-user")?.to_str().ok()?;
///     let account = request.uri().path().strip_prefix("/accounts/")?;
///     Some(Question::new(
///         format!("users/{user}"),
///         "fleet.billing.view",
///         format!("organizations/{account}"),
///     ))
/// })
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct GuardLayer<F> {
    client: Client,
    question: Arc<F>,
}

impl<F> GuardLayer<F> {
    /// Guards with the questions that `question` returns for requests.
    pub fn new<B>(client: Client, question: F) -> Self
    where
        F: Fn(&http::Request<B>) -> Option<Question>,
    {
        Self {
            client,
            question: Arc::new(question),
        }
    }
}

impl<S, F> Layer<S> for GuardLayer<F> {
    type Service = Guard<S, F>;

    fn layer(&self, inner: S) -> Guard<S, F> {
        Guard {
            client: self.client.clone(),
            question: self.question.clone(),
            inner,
        }
    }
}

/// A guarded service.
#[derive(Debug)]
pub struct Guard<S, F> {
    client: Client,
    question: Arc<F>,
    inner: S,
}

impl<S: Clone, F> Clone for Guard<S, F> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            question: self.question.clone(),
            inner: self.inner.clone(),
        }
    }
}

/// A guarded service keeps the name of the inner service.
impl<S: tonic::server::NamedService, F> tonic::server::NamedService for Guard<S, F> {
    const NAME: &'static str = S::NAME;
}

impl<S, F, B, R> Service<http::Request<B>> for Guard<S, F>
where
    S: Service<http::Request<B>, Response = http::Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    F: Fn(&http::Request<B>) -> Option<Question>,
    B: Send + 'static,
    R: Default,
{
    type Response = http::Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let clone = self.inner.clone();
        // Takes the clone that is ready.
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let (client, question) = (self.client.clone(), (self.question)(&request));
        Box::pin(async move {
            let refused = match question {
                None => Refusal::Denied,
                Some(question) => match client.check(&question).await {
                    Ok(decision) if decision.is_allowed() => return inner.call(request).await,
                    Ok(_) | Err(Error::Invalid { .. }) => Refusal::Denied,
                    Err(error) => {
                        tracing::warn!(%error, "a request is refused without a decision");
                        Refusal::Undecided
                    }
                },
            };
            Ok(refused.into_response(request.headers()))
        })
    }
}

#[derive(Debug, Clone, Copy)]
enum Refusal {
    Denied,
    Undecided,
}

impl Refusal {
    fn into_response<R: Default>(self, headers: &HeaderMap) -> http::Response<R> {
        if is_grpc(headers) {
            return match self {
                Self::Denied => Status::permission_denied("this is not allowed"),
                Self::Undecided => Status::unavailable("the decision on this request is not known"),
            }
            .into_http();
        }
        let mut response = http::Response::new(R::default());
        *response.status_mut() = match self {
            Self::Denied => StatusCode::FORBIDDEN,
            Self::Undecided => StatusCode::SERVICE_UNAVAILABLE,
        };
        response
    }
}

fn is_grpc(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}
