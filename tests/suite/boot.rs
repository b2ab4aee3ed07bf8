//! How servers begin, and how they refuse to.

use std::process::{Command, Output};

use api::entitlement::v1::CheckRequest;
use mandate::run::{
    CallerAuthentication, Installation, InstallationSettings, Secrets, ServiceSettings, Stores,
};
use tests::{Rig, Setting, program};
use tonic::Code;

fn mandate(arguments: &[&str]) -> Output {
    Command::new(program()).args(arguments).output().unwrap()
}

fn refusal(arguments: &[&str]) -> String {
    let output = mandate(arguments);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn k_r_serve_refuses_to_start_without_tls_or_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let store = format!("sqlite:{path}");
    let base = [
        "serve",
        "all",
        "--listen",
        "127.0.0.1:0",
        "--store",
        &store,
        "--secrets",
        &path,
    ];
    assert!(refusal(&base).contains("TLS is not configured"));
    let plaintext = [&base[..], &["--insecure-plaintext"]].concat();
    assert!(refusal(&plaintext).contains("peer.key"));
    std::fs::write(folder.path().join("peer.key"), "short").unwrap();
    std::fs::write(folder.path().join("root.key"), "short").unwrap();
    std::fs::write(folder.path().join("token.key"), "short").unwrap();
    assert!(refusal(&plaintext).contains("at least 32 characters"));
}

#[test]
fn serve_says_which_option_is_missing_or_wrong() {
    let folder = tempfile::tempdir().unwrap();
    Secrets::read_or_make(folder.path()).unwrap();
    let path = folder.path().display().to_string();
    let serve = |service: &str, more: &[&str]| {
        let base = [
            "serve",
            service,
            "--insecure-plaintext",
            "--listen",
            "127.0.0.1:0",
        ];
        refusal(&[&base[..], &["--secrets", &path], more].concat())
    };
    let store = format!("sqlite:{path}/one.db");
    assert!(serve("identity", &["--store", &store]).contains("--entitlement-url"));
    assert!(serve("all", &["--store", "mysql://x"]).contains("is not the URL of a database"));
    assert!(serve("all", &["--store", "sqlite::memory:"]).contains("sqlite:"));
    let cache = ["--store", &store, "--cache", "memcached://x"];
    assert!(serve("all", &cache).contains("is not the URL of a cache"));
}

#[tokio::test(flavor = "multi_thread")]
async fn k_r_whoever_presents_no_key_is_nobody_unless_it_is_waived() {
    let request = CheckRequest {
        subject: "users/nobody".to_owned(),
        permission: "mandate.users.read".to_owned(),
        resource: "organizations/operator".to_owned(),
        consistency: None,
    };
    let rig = Rig::start(Setting::Sqlite).await;
    let key = "".into();
    let anonymous = rig.clients(&key);
    let refused = anonymous
        .authorization()
        .check(request.clone())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);

    let folder = tempfile::tempdir().unwrap();
    let waived = Installation::start(InstallationSettings {
        services: ServiceSettings {
            clock: std::sync::Arc::new(clock::SystemClock),
            secrets: Secrets::read_or_make(folder.path()).unwrap(),
            limits: rpc::Limits::default(),
            callers: CallerAuthentication::Waived,
            shutdown: tokio_util::sync::CancellationToken::new(),
        },
        stores: Stores::in_folder(folder.path()).unwrap(),
        cache: None,
        answers: entitlement::Limits::default(),
    })
    .await
    .unwrap();
    let channel = waived.channel();
    let mut client =
        api::entitlement::v1::authorization_service_client::AuthorizationServiceClient::new(
            channel,
        );
    client.check(request).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn k_r_an_error_is_never_an_allow() {
    let mut rig = Rig::start(Setting::Sqlite).await;
    assert!(
        rig.allows(
            "serviceAccounts/root",
            "mandate.users.read",
            "organizations/operator"
        )
        .await
    );
    let clients = rig.root();
    // The tasks that keep the facts end; what is in memory is then older than the lease.
    rig.stop();
    tokio::time::sleep(entitlement::Limits::default().lease).await;
    let request = CheckRequest {
        subject: "serviceAccounts/root".to_owned(),
        permission: "mandate.users.read".to_owned(),
        resource: "organizations/operator".to_owned(),
        consistency: None,
    };
    let refused = clients.authorization().check(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
}

#[test]
fn the_version_and_the_completion_need_no_server() {
    let version = mandate(&["version"]);
    assert!(String::from_utf8_lossy(&version.stdout).contains(env!("CARGO_PKG_VERSION")));
    let completion = mandate(&["completion", "bash"]);
    assert!(String::from_utf8_lossy(&completion.stdout).contains("mandate"));
}
