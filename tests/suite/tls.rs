//! Servers with TLS, and with certificates of their clients.

use std::{net::SocketAddr, sync::Arc};

use api::entitlement::v1::{
    CheckRequest, authorization_service_client::AuthorizationServiceClient,
};
use rpc::{Listener, TlsFiles, over_tcp, serve};
use tests::{Authority, Rig, Setting};
use tokio_util::sync::CancellationToken;
use tonic::Code;

/// Serves a rig with TLS; returns its URL.
async fn serve_with(rig: &Rig, tls: TlsFiles, stop: &CancellationToken) -> String {
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let listener = Listener::bind(any).await.unwrap();
    let address = listener.address().unwrap();
    tokio::spawn(serve(
        listener,
        rig.service(),
        Some(tls),
        std::num::NonZero::<usize>::MIN,
        stop.clone(),
    ));
    format!("https://{address}")
}

/// Whether a call arrives. It has no key, so one that arrives is refused as nobody's.
async fn arrives(url: &str, ca: &str) -> bool {
    let channel = over_tcp(url, Some(ca.as_bytes())).unwrap();
    let request = CheckRequest {
        subject: "users/nobody".to_owned(),
        permission: "mandate.users.read".to_owned(),
        resource: "organizations/operator".to_owned(),
        consistency: None,
        read_time: None,
        context: None,
    };
    let answer = AuthorizationServiceClient::new(channel)
        .check(request)
        .await;
    answer.is_err_and(|status| status.code() == Code::Unauthenticated)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_verified_and_lets_in_whom_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let (own, other) = (Authority::default(), Authority::default());
    let issued = own.issue_into(folder.path(), "127.0.0.1");
    let rig = Arc::new(Rig::start(Setting::Sqlite).await);
    let stop = CancellationToken::new();
    let open = TlsFiles {
        certificate: issued.certificate,
        key: issued.key,
        client_ca: None,
    };
    let url = serve_with(&rig, open.clone(), &stop).await;
    assert!(arrives(&url, &own.pem()).await);
    assert!(!arrives(&url, &other.pem()).await);
    assert!(!arrives(&url.replace("https", "http"), &own.pem()).await);

    let closed = TlsFiles {
        client_ca: Some(issued.authority),
        ..open
    };
    let url = serve_with(&rig, closed, &stop).await;
    assert!(!arrives(&url, &own.pem()).await);
    stop.cancel();
}
