//! Servers with TLS and with client certificates.

use std::{net::SocketAddr, sync::Arc};

use api::Peer;
use api::entitlement::v1::{
    AuthorizeRequest, CheckRequest, authorization_service_client::AuthorizationServiceClient,
    peer_service_client::PeerServiceClient,
};
use rpc::{
    GrpcService, Listener, PeerKey, PeerTls, TlsFiles, over_tcp, over_tcp_as, peer_door, serve,
};
use tests::{Authority, Rig, Setting};
use tokio_util::sync::CancellationToken;
use tonic::Code;

/// Serves a rig with TLS. Returns its URL.
async fn serve_with(rig: &Rig, tls: TlsFiles, stop: &CancellationToken) -> String {
    serve_as(rig.service(), tls, stop).await
}

async fn serve_as(service: GrpcService, tls: TlsFiles, stop: &CancellationToken) -> String {
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let listener = Listener::bind(any).await.unwrap();
    let address = listener.address().unwrap();
    tokio::spawn(serve(
        listener,
        service,
        Some(tls),
        std::num::NonZero::<usize>::MIN,
        stop.clone(),
    ));
    format!("https://{address}")
}

/// Returns true if a call arrives. The call has no key, so the server answers it with
/// `UNAUTHENTICATED`.
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

/// C2: services verify each other. A caller without a certificate of their authority cannot
/// connect, and one with a certificate but no service key is not authenticated.
#[tokio::test(flavor = "multi_thread")]
async fn c2_services_verify_each_other_by_certificate_and_key() {
    let rig = Arc::new(Rig::start(Setting::Sqlite).await);
    let stop = CancellationToken::new();
    let (own, other) = (Authority::default(), Authority::default());
    let folders = [(), ()].map(|()| tempfile::tempdir().unwrap());
    let read = |path: &std::path::Path| std::fs::read(path).unwrap();
    let [right, wrong] = [(&own, &folders[0]), (&other, &folders[1])].map(|(of, folder)| {
        let issued = of.issue_into(folder.path(), "127.0.0.1");
        let tls = PeerTls {
            authority: own.pem().into_bytes(),
            certificate: read(&issued.certificate),
            key: read(&issued.key),
        };
        (issued, tls)
    });
    let files = TlsFiles {
        certificate: right.0.certificate.clone(),
        key: right.0.key.clone(),
        client_ca: Some(right.0.authority.clone()),
    };
    let [key, stolen] = ["a", "b"].map(|letter| PeerKey::new(letter.repeat(32).into()).unwrap());
    let door = peer_door(rig.service(), vec![(Peer::Membership, key.digest())]);
    let url = serve_as(door, files, &stop).await;
    let ask = async |key: &PeerKey, tls: Option<&PeerTls>| {
        let channel = over_tcp_as(key, &url, tls).unwrap();
        let request = AuthorizeRequest {
            caller: "serviceAccounts/root".to_owned(),
            permission: "mandate.users.read".to_owned(),
            ..AuthorizeRequest::default()
        };
        PeerServiceClient::new(channel).authorize(request).await
    };
    assert!(
        ask(&key, Some(&right.1))
            .await
            .unwrap()
            .into_inner()
            .allowed
    );
    let refused = ask(&stolen, Some(&right.1)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let refused = ask(&key, Some(&wrong.1)).await.unwrap_err();
    assert_ne!(refused.code(), Code::Unauthenticated, "{refused:?}");
    assert_ne!(refused.code(), Code::Ok);
    // Without an authority the client cannot verify the server, and so does not connect.
    assert!(over_tcp_as(&key, &url, None).is_err());
    stop.cancel();
}
