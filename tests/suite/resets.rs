//! Calls that are cancelled while the server stalls.

use std::{convert::Infallible, num::NonZero, time::Duration};

use api::entitlement::v1::{
    CheckRequest, authorization_service_client::AuthorizationServiceClient,
};
use futures_util::future::join_all;
use http::HeaderValue;
use http_body_util::Full;
use prost::bytes::Bytes;
use rpc::{Channel, GrpcService, Listener, over_tcp, serve};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, body::Body};
use tower::service_fn;

/// Duration of the stall, timeout of the calls that are cancelled meanwhile, and their number.
const STALL: Duration = Duration::from_millis(300);
const IMPATIENT: Duration = Duration::from_millis(60);
const CUT_OFF: usize = 800;
/// Duration of a call that stays in progress throughout.
const LONG: Duration = Duration::from_millis(900);

/// Handles a call as its header demands.
async fn answer(request: http::Request<Body>) -> Result<http::Response<Body>, Infallible> {
    match request.headers().get("x-do").map(HeaderValue::as_bytes) {
        Some(b"stall") => std::thread::sleep(STALL),
        Some(b"wait") => tokio::time::sleep(LONG).await,
        _ => {}
    }
    let frame = Full::new(Bytes::from_static(&[0; 5]));
    let mut response = http::Response::new(Body::new(frame));
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from_static("0"));
    Ok(response)
}

async fn call(channel: Channel, deed: &'static str) -> Result<(), Status> {
    let mut request = Request::new(CheckRequest::default());
    request.metadata_mut().insert("x-do", deed.parse().unwrap());
    let answered = AuthorizationServiceClient::new(channel)
        .check(request)
        .await;
    answered.map(Response::into_inner).map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_outlives_a_stall_in_which_its_calls_are_cut_off() {
    let listener = Listener::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let url = format!("http://{}", listener.address().unwrap());
    let end = CancellationToken::new();
    let service = GrpcService::new(service_fn(answer));
    let served = serve(listener, service, None, NonZero::<usize>::MIN, end.clone());
    let server = tokio::spawn(async move { served.await.map_err(|error| error.to_string()) });
    let channel = over_tcp(&url, None).unwrap();
    call(channel.clone(), "nothing").await.unwrap();
    // This call would fail if the connection broke.
    let long = tokio::spawn(call(channel.clone(), "wait"));
    let stall = tokio::spawn(call(channel.clone(), "stall"));
    tokio::time::sleep(Duration::from_millis(20)).await;
    let impatient = (0..CUT_OFF).map(|_| timeout(IMPATIENT, call(channel.clone(), "nothing")));
    let cut = join_all(impatient).await;
    let cut = cut.iter().filter(|answered| answered.is_err()).count();
    assert!(cut > CUT_OFF / 2, "only {cut} calls were cut off");
    stall.await.unwrap().unwrap();
    long.await.unwrap().unwrap();
    call(channel, "nothing").await.unwrap();
    end.cancel();
    server.await.unwrap().unwrap();
}
