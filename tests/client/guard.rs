//! Services that one line of code guards.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use api::entitlement::v1::{
    CheckRequest, authorization_service_client::AuthorizationServiceClient,
    authorization_service_server::AuthorizationServiceServer,
};
use axum::{Router, routing::get};
use mandate_client::{GuardLayer, Question};
use tests::Setting;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tonic::{Code, Request, transport::Endpoint};

use crate::{
    fake::Fake,
    world::{World, view},
};

/// Returns the question of a request: its user and unit come from headers.
fn asked<B>(request: &http::Request<B>) -> Option<Question> {
    let header = |name| request.headers().get(name)?.to_str().ok();
    Some(view(header("x-user")?, header("x-place")?))
}

const CASES: [(Option<&str>, &str, bool); 5] = [
    (Some("ann"), "acme/units/k2", true),
    (Some("ben"), "acme/units/k1", true),
    (Some("ben"), "acme/units/k2", false),
    (Some("/"), "acme", false),
    (None, "acme", false),
];

async fn http(address: SocketAddr, user: Option<&str>, place: &str) -> u16 {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let user = user.map_or_else(String::new, |user| format!("x-user: {user}\r\n"));
    let request = format!(
        "GET /bill HTTP/1.1\r\nhost: x\r\n{user}x-place: {place}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(
        answer.contains("the bill"),
        answer.starts_with("HTTP/1.1 200")
    );
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_over_http_lets_through_what_is_allowed() {
    let mut world = World::start(Setting::Sqlite).await;
    let client = world
        .client()
        .timeout(Duration::from_secs(2))
        .build()
        .unwrap();
    let router = Router::new()
        .route("/bill", get(async || "the bill"))
        .layer(GuardLayer::new(client, asked::<axum::body::Body>));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    for (user, place, allowed) in CASES {
        let expected = if allowed { 200 } else { 403 };
        assert_eq!(
            http(address, user, place).await,
            expected,
            "{user:?} {place}"
        );
    }
    world.wire.cut().await;
    assert_eq!(http(address, Some("ann"), "acme").await, 503);
    assert_eq!(http(address, None, "acme").await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_over_grpc_lets_through_what_is_allowed() {
    let mut world = World::start(Setting::Sqlite).await;
    let client = world
        .client()
        .timeout(Duration::from_secs(2))
        .build()
        .unwrap();
    let fake = Fake::default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let guarded = tonic::transport::Server::builder()
        .layer(GuardLayer::new(client, asked::<tonic::body::Body>))
        .add_service(AuthorizationServiceServer::new(fake.clone()))
        .serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener));
    tokio::spawn(guarded);
    let channel = Endpoint::from_shared(url).unwrap().connect_lazy();
    let call = async |user: Option<&str>, place: &str| {
        let mut request = Request::new(CheckRequest {
            subject: "users/a".to_owned(),
            permission: "a.b.c".to_owned(),
            resource: "organizations/a".to_owned(),
            consistency: None,
            read_time: None,
            context: None,
        });
        let metadata = request.metadata_mut();
        if let Some(user) = user {
            metadata.insert("x-user", user.parse().unwrap());
        }
        metadata.insert("x-place", place.parse().unwrap());
        let mut client = AuthorizationServiceClient::new(channel.clone());
        client
            .check(request)
            .await
            .err()
            .map(|status| status.code())
    };
    let mut through = 0;
    for (user, place, allowed) in CASES {
        let expected = (!allowed).then_some(Code::PermissionDenied);
        assert_eq!(call(user, place).await, expected, "{user:?} {place}");
        through += usize::from(allowed);
    }
    assert_eq!(
        fake.asked(),
        through,
        "a refused request does not reach the handler"
    );
    world.wire.cut().await;
    assert_eq!(call(Some("ann"), "acme").await, Some(Code::Unavailable));
    assert_eq!(fake.asked(), through);
}
