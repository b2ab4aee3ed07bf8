//! Connections that are verified on both sides.

use std::{net::Ipv4Addr, num::NonZero, path::Path};

use mandate_client::{Client, Error};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rpc::{Listener, TlsFiles, serve};
use tests::Setting;
use tokio_util::sync::CancellationToken;

use crate::world::{World, view};

/// An authority, and what it issues for a name.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// Its certificate, in PEM.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate and its key, in PEM.
    pub fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        // OpenSSL takes one with the name of its issuer for its own issuer.
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

async fn serve_with(world: &World, own: &Authority, folder: &Path) -> (String, CancellationToken) {
    let (certificate, key) = own.issue("localhost");
    let files = TlsFiles {
        certificate: folder.join("tls.crt"),
        key: folder.join("tls.key"),
        client_ca: Some(folder.join("clients.crt")),
    };
    std::fs::write(&files.certificate, certificate).unwrap();
    std::fs::write(&files.key, key).unwrap();
    std::fs::write(folder.join("clients.crt"), own.pem()).unwrap();
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into())
        .await
        .unwrap();
    let port = listener.address().unwrap().port();
    let (service, threads) = (world.rig.service(), NonZero::<usize>::MIN);
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, service, Some(files), threads, stop.clone()));
    (format!("https://localhost:{port}"), stop)
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_are_verified_by_the_name_of_the_endpoint() {
    let world = World::start(Setting::Sqlite).await;
    let folder = tempfile::tempdir().unwrap();
    let (own, other) = (Authority::new(), Authority::new());
    let (url, stop) = serve_with(&world, &own, folder.path()).await;
    let builder = |url: &str| Client::builder(url).key(world.rig.secrets().root.clone());
    let (certificate, key) = own.issue("client");

    let good = builder(&url).ca_certificate(own.pem());
    let good = good.identity(&certificate, &key).build().unwrap();
    world.compare(&good).await;

    let elsewhere = url.replace("localhost", "127.0.0.1");
    let cases = [
        builder(&url).ca_certificate(own.pem()),
        builder(&url)
            .ca_certificate(other.pem())
            .identity(&certificate, &key),
        builder(&elsewhere)
            .ca_certificate(own.pem())
            .identity(&certificate, &key),
    ];
    for (case, builder) in cases.into_iter().enumerate() {
        let client = builder.build().unwrap();
        let answer = client.check(&view("ann", "acme")).await;
        assert!(
            matches!(answer, Err(Error::Unavailable { .. })),
            "{case}: {answer:?}"
        );
    }
    assert!(builder(&url).build().is_err(), "https without an authority");
    stop.cancel();
}
