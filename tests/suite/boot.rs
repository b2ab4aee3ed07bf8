//! Starting servers, and refusing to start them.

use std::process::{Command, Output};

use api::entitlement::v1::CheckRequest;
use mandate_server::{
    CallerAuthentication, Installation, InstallationSettings, PeerKeys, Secrets, ServiceSettings,
    Stores,
};
use tests::{BoundedWait, Rig, Setting, program, signal::kill_running};
use tonic::Code;
use tonic_types::StatusExt;

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
    assert!(refusal(&plaintext).contains("root.key"));
    std::fs::write(folder.path().join("root.key"), "short").unwrap();
    std::fs::write(folder.path().join("token.key"), "short").unwrap();
    assert!(refusal(&plaintext).contains("at least 32 characters"));
}

#[test]
fn k_k_serve_refuses_to_start_with_incomplete_token_settings() {
    let folder = tempfile::tempdir().unwrap();
    Secrets::read_or_make(folder.path()).unwrap();
    let path = folder.path().display().to_string();
    let store = format!("sqlite:{path}");
    let base = ["serve", "all", "--insecure-plaintext", "--secrets", &path];
    let base = [&base[..], &["--listen", "127.0.0.1:0", "--store", &store]].concat();
    let serve = |more: &[&str]| refusal(&[&base[..], more].concat());
    let (issuer, audience) = ("https://issuer.example", "mandate");
    assert!(serve(&["--oidc-issuer", issuer]).contains("--oidc-audience"));
    assert!(serve(&["--oidc-audience", audience]).contains("--oidc-issuer"));
    assert!(serve(&["--oidc-ca", "ca.crt"]).contains("--oidc-issuer"));
    let both = |issuer, audience| serve(&["--oidc-issuer", issuer, "--oidc-audience", audience]);
    assert!(both(issuer, "").contains("audience"));
    assert!(both("", audience).contains("issuer"));
    assert!(both("http://issuer.example", audience).contains("https"));
}

/// K-r: no caller from another machine is treated as the operator.
#[test]
fn k_r_unauthenticated_callers_are_the_operator_on_loopback_only() {
    let folder = tempfile::tempdir().unwrap();
    Secrets::read_or_make(folder.path()).unwrap();
    let path = folder.path().display().to_string();
    let store = format!("sqlite:{path}");
    for address in ["192.0.2.1:0", "[::ffff:192.0.2.1]:0", "0.0.0.0:0", "[::]:0"] {
        let base = ["serve", "all", "--insecure-plaintext", "--secrets", &path];
        let more = ["--store", &store, "--listen", address];
        let waived = ["--insecure-anonymous-operator"];
        let refused = refusal(&[&base[..], &more, &waived].concat());
        assert!(
            refused.contains("is for loopback only"),
            "{address}: {refused}"
        );
    }
}

/// Kills the process when dropped.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        kill_running(&mut self.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k_r_plaintext_on_a_public_address_is_logged_and_measured() {
    for (host, value) in [("127.0.0.1", 0), ("0.0.0.0", 1)] {
        let folder = tempfile::tempdir().unwrap();
        Secrets::read_or_make(folder.path()).unwrap();
        let path = folder.path().display().to_string();
        let admin = format!("127.0.0.1:{}", testkit::free_port().unwrap());
        let log = folder.path().join("log");
        let server = Command::new(program())
            .args(["serve", "all", "--insecure-plaintext", "--secrets", &path])
            .args([
                "--store",
                &format!("sqlite:{path}"),
                "--admin-listen",
                &admin,
            ])
            .args(["--listen", &format!("{host}:0")])
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn();
        let _server = Running(server.unwrap());
        let measured = format!(" {value}");
        let (mut told, mut said) = (String::new(), String::new());
        for _ in 0..400 {
            if tokio::net::TcpStream::connect(&admin).await.is_ok() {
                told = http(&admin, "/metrics").await;
            }
            said = std::fs::read_to_string(&log).unwrap();
            if told.contains("mandate_server_plaintext") && said.contains("\"listening\"") {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        let mut lines = told.lines();
        let line = lines.find(|line| line.starts_with("mandate_server_plaintext"));
        assert!(
            line.is_some_and(|line| line.ends_with(&measured)),
            "{host}: {told}"
        );
        assert_eq!(
            said.contains("calls are accepted without TLS"),
            value == 1,
            "{said}"
        );
    }
}

#[test]
fn a_separate_service_names_its_missing_peer_options() {
    let folder = tempfile::tempdir().unwrap();
    Secrets::read_or_make(folder.path()).unwrap();
    let path = folder.path().display().to_string();
    let store = format!("sqlite:{path}/one.db");
    let serve = |service: &str, more: &[&str]| {
        let base = [
            "serve",
            service,
            "--listen",
            "127.0.0.1:0",
            "--secrets",
            &path,
        ];
        let url = ["--entitlement-url", "http://127.0.0.1:1", "--store", &store];
        refusal(&[&base[..], &url, more].concat())
    };
    let (waived, door) = ("--insecure-plaintext", ["--peer-listen", "127.0.0.1:0"]);
    assert!(serve("identity", &[waived]).contains("--peer-listen"));
    let alone = [&[waived][..], &door].concat();
    assert!(serve("all", &alone).contains("runs by itself"));
    assert!(serve("identity", &alone).contains("peers/identity.key"));
    PeerKeys::make(folder.path()).unwrap();
    let digest = folder.path().join("peers/membership.sha256");
    std::fs::write(&digest, "0123").unwrap();
    assert!(serve("identity", &alone).contains("64 hexadecimal digits"));
    let half = ["--peer-tls-certificate", "peer.crt", "--peer-ca", "ca.crt"];
    assert!(serve("identity", &[&alone[..], &half].concat()).contains("--peer-tls-key"));
    let tls = ["--tls-certificate", "tls.crt", "--tls-key", "tls.key"];
    let refused = serve("identity", &[&door[..], &tls].concat());
    assert!(refused.contains("TLS between the services"), "{refused}");
}

#[test]
fn serve_names_the_missing_or_invalid_option() {
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
    PeerKeys::make(folder.path()).unwrap();
    let alone = ["--store", &store, "--peer-listen", "127.0.0.1:0"];
    assert!(serve("identity", &alone).contains("--entitlement-url"));
    assert!(serve("all", &["--store", "mysql://x"]).contains("is not the URL of a database"));
    assert!(serve("all", &["--store", "sqlite::memory:"]).contains("sqlite:"));
    let cache = ["--store", &store, "--cache", "memcached://x"];
    assert!(serve("all", &cache).contains("is not the URL of a cache"));
}

#[tokio::test(flavor = "multi_thread")]
async fn k_r_unauthenticated_callers_are_refused_unless_waived() {
    let request = CheckRequest {
        subject: "users/nobody".to_owned(),
        permission: "mandate.users.read".to_owned(),
        resource: "organizations/operator".to_owned(),
        consistency: None,
        read_time: None,
        context: None,
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
            clock: std::sync::Arc::new(clock::SystemClock::default()),
            secrets: Secrets::read_or_make(folder.path()).unwrap(),
            limits: rpc::Limits::default(),
            callers: CallerAuthentication::Waived,
            tokens: None,
            tasks: tasks::Tasks::new(tokio_util::sync::CancellationToken::new()),
        },
        stores: Stores::in_folder(folder.path()).unwrap(),
        cache: None,
        answers: entitlement::Limits::default(),
        decision_log: None,
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
    // The tasks that refresh the facts end; the facts in memory then outlive the lease.
    rig.stop();
    tokio::time::sleep(entitlement::Limits::default().lease).await;
    let request = CheckRequest {
        subject: "serviceAccounts/root".to_owned(),
        permission: "mandate.users.read".to_owned(),
        resource: "organizations/operator".to_owned(),
        consistency: None,
        read_time: None,
        context: None,
    };
    let refused = clients.authorization().check(request).await.unwrap_err();
    let info = refused.get_details_error_info().unwrap();
    let said = (refused.code(), info.reason.as_str());
    assert_eq!(said, (Code::Unavailable, "DEPENDENCY_UNAVAILABLE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_errors_use_the_configured_absolute_url() {
    let folder = tempfile::tempdir().unwrap();
    Secrets::read_or_make(folder.path()).unwrap();
    let path = folder.path().display().to_string();
    let store = format!("sqlite:{path}");
    let listen = format!("127.0.0.1:{}", testkit::free_port().unwrap());
    let base = ["serve", "all", "--insecure-plaintext", "--secrets", &path];
    let base = [&base[..], &["--store", &store, "--listen", &listen]].concat();
    for wrong in ["docs", "/docs", "ftp://docs.example", "https://"] {
        let told = refusal(&[&base[..], &["--help-url", wrong]].concat());
        assert!(told.contains("https://"), "{wrong}: {told}");
    }
    let server = Command::new(program())
        .args(&base)
        .args(["--help-url", "https://docs.example/mandate/"])
        .stderr(std::process::Stdio::null())
        .spawn();
    let _server = Running(server.unwrap());
    let patience = BoundedWait::with("a server");
    while tokio::net::TcpStream::connect(&listen).await.is_err() {
        patience.pause().await;
    }
    let channel = rpc::over_tcp(&format!("http://{listen}"), None).unwrap();
    let mut client =
        api::entitlement::v1::authorization_service_client::AuthorizationServiceClient::new(
            channel,
        );
    let refused = client.check(CheckRequest::default()).await.unwrap_err();
    let links = refused.get_details_help().unwrap().links;
    let url = "https://docs.example/mandate/docs/reference/errors.md#unauthenticated";
    assert_eq!(links[0].url, url);
}

#[test]
fn the_version_and_the_completion_need_no_server() {
    let version = mandate(&["version"]);
    assert!(String::from_utf8_lossy(&version.stdout).contains(env!("CARGO_PKG_VERSION")));
    let completion = mandate(&["completion", "bash"]);
    assert!(String::from_utf8_lossy(&completion.stdout).contains("mandate"));
}

/// Sends an HTTP request, and returns the whole response.
async fn http(address: &str, path: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_port_reports_readiness_and_call_metrics() {
    let folder = tempfile::tempdir().unwrap();
    Secrets::read_or_make(folder.path()).unwrap();
    let [listen, admin] = [(), ()].map(|()| {
        let port = testkit::free_port().unwrap();
        format!("127.0.0.1:{port}")
    });
    let mut server = Command::new(program())
        .args(["serve", "all", "--insecure-plaintext", "--listen", &listen])
        .args(["--admin-listen", &admin, "--store"])
        .arg(format!("sqlite:{}", folder.path().display()))
        .arg("--secrets")
        .arg(folder.path())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..400 {
        let up = tokio::net::TcpStream::connect(&admin).await.is_ok();
        if up && http(&admin, "/readyz").await.starts_with("HTTP/1.1 200") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    let channel = rpc::over_tcp(&format!("http://{listen}"), None).unwrap();
    let mut client =
        api::entitlement::v1::authorization_service_client::AuthorizationServiceClient::new(
            channel,
        );
    client.check(CheckRequest::default()).await.unwrap_err();
    assert!(http(&admin, "/livez").await.starts_with("HTTP/1.1 200"));
    let metrics = http(&admin, "/metrics").await;
    kill_running(&mut server);
    let measured = metrics.lines().any(|line| {
        line.starts_with("rpc_server_call_duration_seconds_count")
            && line.contains("rpc_method=\"mandate.entitlement.v1.AuthorizationService/Check\"")
            && line.contains("rpc_response_status_code=\"UNAUTHENTICATED\"")
    });
    assert!(measured, "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_can_explore_the_interface_without_files_and_without_a_key() {
    use tonic_reflection::pb::v1::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let rig = Rig::start(Setting::Sqlite).await;
    let [.., entitlement] = rig.channels();
    let ask = |request| ServerReflectionRequest {
        host: String::new(),
        message_request: Some(request),
    };
    let requests = tokio_stream::iter([
        ask(MessageRequest::ListServices(String::new())),
        ask(MessageRequest::FileContainingSymbol(
            "google.rpc.ErrorInfo".to_owned(),
        )),
    ]);
    let mut client = ServerReflectionClient::new(entitlement);
    let mut answers = client
        .server_reflection_info(requests)
        .await
        .unwrap()
        .into_inner();
    let Some(MessageResponse::ListServicesResponse(list)) =
        answers.message().await.unwrap().unwrap().message_response
    else {
        panic!("no list of services");
    };
    let names: Vec<&str> = list
        .service
        .iter()
        .map(|service| service.name.as_str())
        .collect();
    for method in api::METHODS {
        let service = method.path.split('/').nth(1).unwrap();
        assert!(names.contains(&service), "{service} is not in {names:?}");
    }
    let second = answers.message().await.unwrap().unwrap().message_response;
    assert!(matches!(
        second,
        Some(MessageResponse::FileDescriptorResponse(_))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn k_r_answers_are_refused_after_too_long_feed_silence() {
    let rig = Rig::at(Setting::Sqlite, types::UnixTime(1_700_000_000_000)).await;
    let clock = rig.clock.clone().unwrap();
    let silence = entitlement::Limits::default().max_feed_silence;
    let request = CheckRequest {
        subject: "serviceAccounts/root".to_owned(),
        permission: "mandate.users.read".to_owned(),
        resource: "organizations/operator".to_owned(),
        consistency: None,
        read_time: None,
        context: None,
    };
    // A feed sends a message every second; the clock moves between two messages.
    let mut refused = false;
    for _ in 0..5 {
        clock.advance(silence + std::time::Duration::from_secs(1));
        let answer = rig.root().authorization().check(request.clone()).await;
        refused |= answer.is_err_and(|status| {
            let reason = status.get_details_error_info().map(|info| info.reason);
            status.code() == Code::Unavailable && reason.as_deref() == Some("PROJECTION_BEHIND")
        });
    }
    assert!(refused);
    // The next message ends the refusals.
    let patience = BoundedWait::with("the next message of a feed");
    loop {
        match rig.root().authorization().check(request.clone()).await {
            Ok(_) => return,
            Err(status) => assert_eq!(status.code(), Code::Unavailable),
        }
        patience.pause().await;
    }
}
