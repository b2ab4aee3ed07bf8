//! Connections with verification on both sides.

use std::{net::Ipv4Addr, num::NonZero, path::Path};

use mandate_client::{Client, Error};
use rpc::{Listener, TlsFiles, serve};
use tests::{Authority, Setting};
use tokio_util::sync::CancellationToken;

use crate::world::{World, view};

async fn serve_with(world: &World, own: &Authority, folder: &Path) -> (String, CancellationToken) {
    let issued = own.issue_into(folder, "localhost");
    let files = TlsFiles {
        certificate: issued.certificate,
        key: issued.key,
        client_ca: Some(issued.authority),
    };
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
    let (own, other) = (Authority::default(), Authority::default());
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
