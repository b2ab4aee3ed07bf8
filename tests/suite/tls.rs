//! Servers with TLS, and with certificates of their clients.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use api::entitlement::v1::{
    CheckRequest, authorization_service_client::AuthorizationServiceClient,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rpc::{Listener, TlsFiles, over_tcp, serve};
use tests::{Rig, Setting};
use tokio_util::sync::CancellationToken;
use tonic::Code;

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

impl Authority {
    fn new(folder: &Path) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self {
            issuer: CertifiedIssuer::self_signed(params, key).unwrap(),
            folder: folder.to_owned(),
        }
    }

    fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for 127.0.0.1 and its key, as files.
    fn issue(&self) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = (self.folder.join("tls.crt"), self.folder.join("tls.key"));
        std::fs::write(&files.0, certificate.pem()).unwrap();
        std::fs::write(&files.1, key.serialize_pem()).unwrap();
        files
    }
}

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
    let (own, other) = (Authority::new(folder.path()), Authority::new(folder.path()));
    let (certificate, key) = own.issue();
    let rig = Arc::new(Rig::start(Setting::Sqlite).await);
    let stop = CancellationToken::new();
    let open = TlsFiles {
        certificate,
        key,
        client_ca: None,
    };
    let url = serve_with(&rig, open.clone(), &stop).await;
    assert!(arrives(&url, &own.pem()).await);
    assert!(!arrives(&url, &other.pem()).await);
    assert!(!arrives(&url.replace("https", "http"), &own.pem()).await);

    let client_ca = folder.path().join("clients.crt");
    std::fs::write(&client_ca, own.pem()).unwrap();
    let closed = TlsFiles {
        client_ca: Some(client_ca),
        ..open
    };
    let url = serve_with(&rig, closed, &stop).await;
    assert!(!arrives(&url, &own.pem()).await);
    stop.cancel();
}
