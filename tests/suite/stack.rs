//! The layers of the stack, around handlers that misbehave.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use api::entitlement::v1::{
    CheckBatchRequest, CheckRequest, CheckResponse,
    authorization_service_client::AuthorizationServiceClient,
};
use async_trait::async_trait;
use authz::{Account, Caller, Context, RequestId, Undecided};
use http::{HeaderMap, HeaderValue};
use http_body_util::Full;
use prost::bytes::Bytes;
use rpc::{
    Authentication, Authenticator, Channel, Credential, Limits, PeerChannel, in_process, stack,
};
use tonic::{Code, Request, Response, Status, body::Body};
use tonic_types::StatusExt;
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};
use types::Subject;

/// Authenticates every caller as the service account that its key names.
struct Anybody;

#[async_trait]
impl Authenticator for Anybody {
    async fn authenticate(
        &self,
        credential: Credential<'_>,
    ) -> Result<Option<Arc<Account>>, Undecided> {
        let Credential::Secret(id) = credential else {
            return Ok(None);
        };
        let anybody = Subject::parse_name(&format!("serviceAccounts/{id}")).ok();
        Ok(anybody.map(|anybody| Account::new(anybody, "")))
    }
}

/// Returns a client of the stack around a `Check` that `handler` implements.
fn client<F>(
    limits: Limits,
    handler: impl Fn() -> F + Clone + Send + Sync + 'static,
) -> AuthorizationServiceClient<Channel>
where
    F: Future<Output = ()> + Send + 'static,
{
    let service = service_fn(move |_: http::Request<Body>| {
        let handled = handler();
        async move {
            handled.await;
            // The frame of an empty message: not compressed, length 0.
            let frame = Full::new(Bytes::from_static(&[0; 5]));
            let mut response = http::Response::new(Body::new(frame));
            let headers = response.headers_mut();
            headers.insert("content-type", HeaderValue::from_static("application/grpc"));
            headers.insert("grpc-status", HeaderValue::from_static("0"));
            Ok::<_, Infallible>(response)
        }
    });
    let authentication = Authentication {
        credentials: Arc::new(Anybody),
        tokens: None,
        anonymous: None,
    };
    AuthorizationServiceClient::new(in_process(stack(service, authentication, limits)))
}

async fn check(
    client: &AuthorizationServiceClient<Channel>,
    timeout: Duration,
) -> Result<Response<CheckResponse>, Status> {
    let request = request("anybody", timeout, CheckRequest::default());
    client.clone().check(request).await
}

/// Returns a request of a service account.
fn request<Q>(caller: &str, timeout: Duration, message: Q) -> Request<Q> {
    let mut request = Request::new(message);
    request.set_timeout(timeout);
    let bearer = format!("Bearer {caller}").parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);
    request
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().unwrap().reason
}

#[tokio::test(flavor = "multi_thread")]
async fn k_n_calls_beyond_capacity_are_refused_immediately() {
    let limits = Limits {
        concurrency: 2,
        ..Limits::default()
    };
    let client = client(limits, || tokio::time::sleep(Duration::from_millis(500)));
    let begin = Instant::now();
    let calls: Vec<_> = (0..5)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let answer = check(&client, Duration::from_secs(5)).await;
                (answer.err(), begin.elapsed())
            })
        })
        .collect();
    let mut refused = 0;
    for call in calls {
        if let (Some(status), after) = call.await.unwrap() {
            assert_eq!(
                (status.code(), reason(&status)),
                (Code::ResourceExhausted, "OVERLOADED".into())
            );
            assert!(after < Duration::from_millis(400));
            refused += 1;
        }
    }
    assert_eq!(refused, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn k_n_one_caller_has_a_quota_of_concurrent_calls() {
    let limits = Limits {
        calls_per_caller: 2,
        ..Limits::default()
    };
    let client = client(limits, || tokio::time::sleep(Duration::from_millis(500)));
    let call = |caller: &'static str| {
        let mut client = client.clone();
        tokio::spawn(async move {
            let asked = request(caller, Duration::from_secs(5), CheckRequest::default());
            client.check(asked).await
        })
    };
    let loud: Vec<_> = (0..5).map(|_| call("loud")).collect();
    let other = call("other");
    let mut refused = Vec::new();
    for call in loud {
        refused.extend(call.await.unwrap().err());
    }
    assert_eq!(refused.len(), 3);
    for status in refused {
        let expected = (Code::ResourceExhausted, "CALLER_LIMIT_REACHED".into());
        assert_eq!((status.code(), reason(&status)), expected);
        let retry = status.get_details_retry_info().unwrap().retry_delay;
        assert!(retry.unwrap() > Duration::ZERO);
    }
    other.await.unwrap().unwrap();
    check(&client, Duration::from_secs(5)).await.unwrap();
    // The slot is free again.
    call("loud").await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn k_n_batches_of_one_caller_delay_no_other_caller() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counted = most.clone();
    let client = client(Limits::default(), move || {
        let (now, most) = (now.clone(), most.clone());
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(50)).await;
            now.fetch_sub(1, Ordering::SeqCst);
        }
    });
    let batch = |caller: &'static str| {
        let mut client = client.clone();
        tokio::spawn(async move {
            let asked = request(
                caller,
                Duration::from_secs(20),
                CheckBatchRequest::default(),
            );
            client.check_batch(asked).await
        })
    };
    let loud: Vec<_> = (0..40).map(|_| batch("loud")).collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begin = Instant::now();
    batch("other").await.unwrap().unwrap();
    assert!(
        begin.elapsed() < Duration::from_millis(500),
        "another caller waits for its own calls only"
    );
    for call in loud {
        call.await.unwrap().unwrap();
    }
    let most = counted.load(Ordering::SeqCst);
    assert!(
        (2..=3).contains(&most),
        "{most} concurrent batches of two callers"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn k_n_a_call_ends_at_its_deadline_or_at_that_of_the_service() {
    let limits = Limits {
        deadline: Duration::from_millis(300),
        ..Limits::default()
    };
    let client = client(limits, std::future::pending);
    for timeout in [Duration::from_millis(50), Duration::from_secs(60)] {
        let begin = Instant::now();
        let status = check(&client, timeout).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status)),
            (Code::DeadlineExceeded, "DEADLINE_EXCEEDED".into())
        );
        assert!(begin.elapsed() < Duration::from_millis(900));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_fails_one_call_and_the_service_continues() {
    let first = Arc::new(Mutex::new(true));
    let client = client(Limits::default(), move || {
        let panics = std::mem::replace(&mut *first.lock().unwrap(), false);
        async move { assert!(!panics, "boom") }
    });
    let status = check(&client, Duration::from_secs(5)).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status)),
        (Code::Internal, "INTERNAL".into())
    );
    assert!(!status.message().contains("boom"));
    check(&client, Duration::from_secs(5)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_to_a_peer_carries_the_remaining_deadline_and_the_request_id() {
    let seen: Arc<Mutex<HeaderMap>> = Arc::default();
    let into = seen.clone();
    let peer: Channel =
        BoxCloneSyncService::new(service_fn(move |request: http::Request<Body>| {
            into.lock().unwrap().clone_from(request.headers());
            async { Ok::<_, Status>(Status::unimplemented("").into_http()) }
        }));
    let context = Context {
        caller: Caller::Peer(api::Peer::Membership),
        through: None,
        policy: &api::METHODS[0],
        request_id: RequestId::Given("the-same".into()),
        deadline: Instant::now() + Duration::from_millis(250),
        trail: None,
    };
    let channel = PeerChannel::new(peer).for_call(&context);
    channel
        .oneshot(http::Request::new(Body::empty()))
        .await
        .unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen["x-request-id"], "the-same");
    assert!(
        !seen.contains_key("authorization"),
        "no header of the caller"
    );
    let timeout = seen["grpc-timeout"].to_str().unwrap();
    let micros: u64 = timeout.trim_end_matches('u').parse().unwrap();
    assert!((1..=250_000).contains(&micros), "{timeout}");
}
