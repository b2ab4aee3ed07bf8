//! Requests other than gRPC, and compressed gRPC.

use std::num::NonZero;

use api::entitlement::v1::{
    CheckRequest, authorization_service_client::AuthorizationServiceClient,
};
use http_body_util::BodyExt;
use rpc::{Listener, over_tcp, serve};
use tests::{Rig, Setting};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;
use tonic::{Request, body::Body, codec::CompressionEncoding};
use tower::ServiceExt;

const CHECK: &str = "/mandate.entitlement.v1.AuthorizationService/Check";

/// Serves a rig without TLS, and returns its URL.
async fn served(rig: &Rig, stop: &CancellationToken) -> String {
    let listener = Listener::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = listener.address().unwrap();
    let serving = serve(
        listener,
        rig.service(),
        None,
        NonZero::<usize>::MIN,
        stop.clone(),
    );
    tokio::spawn(async move { serving.await.unwrap() });
    address.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_content_type_is_answered_with_415() {
    let (rig, stop) = (Rig::start(Setting::Sqlite).await, CancellationToken::new());
    let url = format!("http://{}", served(&rig, &stop).await);
    let channel = over_tcp(&url, None).unwrap();
    for kind in [None, Some("text/html"), Some("application/json")] {
        let mut request = http::Request::post(format!("{url}{CHECK}"));
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = channel.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 415, "{kind:?}");
        let text = response.into_body().collect().await.unwrap().to_bytes();
        assert!(text.starts_with(b"this port speaks gRPC"), "{text:?}");
    }
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn http_1_is_told_what_is_spoken_here() {
    let (rig, stop) = (Rig::start(Setting::Sqlite).await, CancellationToken::new());
    let address = served(&rig, &stop).await;
    let mut connection = TcpStream::connect(&address).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 505 "), "{answer}");
    assert!(
        answer.ends_with("this port speaks gRPC, which needs HTTP/2\n"),
        "{answer}"
    );
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_may_be_compressed_with_gzip_and_grows_no_larger_than_any_other() {
    let (rig, stop) = (Rig::start(Setting::Sqlite).await, CancellationToken::new());
    let url = format!("http://{}", served(&rig, &stop).await);
    let key = std::fs::read_to_string(rig.secrets_folder().join("root.key")).unwrap();
    let mut client = AuthorizationServiceClient::new(over_tcp(&url, None).unwrap())
        .send_compressed(CompressionEncoding::Gzip)
        .max_encoding_message_size(64 << 20);
    let asked = |subject: String| {
        let mut request = Request::new(CheckRequest {
            subject,
            permission: "mandate.grants.read".to_owned(),
            resource: "organizations/operator".to_owned(),
            ..CheckRequest::default()
        });
        let bearer = format!("Bearer {}", key.trim()).parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
        request
    };
    let answer = client.check(asked("serviceAccounts/root".to_owned())).await;
    assert!(answer.unwrap().into_inner().decision.is_some());
    let refused = client.check(asked("x".repeat(32 << 20))).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{refused:?}");
    stop.cancel();
}
