//! Tokens in `mandate serve`.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use api::identity::v1::CreateServiceAccountKeyRequest;
use mandate_documents::clients::Clients;
use mandate_server::Secrets;
use secrecy::SecretString;
use serde_json::json;
use tests::{program, signal::kill_running};
use tonic::Code;

use super::{AUDIENCE, SUBJECT, check, code, identity, issuer::Issuer, signer::Signer};

/// A process, which is killed when this is dropped.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        kill_running(&mut self.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_accepts_tokens_of_the_configured_issuer() {
    let signer = Signer::rsa("a");
    let issuer = Issuer::start(vec![signer.published()]).await;
    issuer.say(|says| says.demands = Some("Bearer of-the-service".to_owned()));
    let folder = tempfile::tempdir().unwrap();
    let secrets = Secrets::read_or_make(folder.path()).unwrap();
    let own = folder.path().join("own-token");
    fs::write(&own, "of-the-service\n").unwrap();
    let address = format!("127.0.0.1:{}", testkit::free_port().unwrap());
    let _serving = Serving(
        Command::new(program())
            .args(["serve", "all", "--insecure-plaintext", "--listen", &address])
            .args(["--store", &format!("sqlite:{}", folder.path().display())])
            .arg("--secrets")
            .arg(folder.path())
            .args(["--oidc-issuer", &issuer.url, "--oidc-audience", AUDIENCE])
            .arg("--oidc-ca")
            .arg(issuer.settings().ca.unwrap())
            .arg("--oidc-token")
            .arg(&own)
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let clients = |key: &SecretString| {
        let channel = rpc::over_tcp(&format!("http://{address}"), None).unwrap();
        Clients::new(channel.clone(), channel.clone(), channel, key)
    };
    let root = clients(&secrets.root);
    let mut tries = 0..400;
    while check(&root).await.is_err() {
        assert!(tries.next().is_some(), "the server does not answer");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let request = CreateServiceAccountKeyRequest {
        parent: "serviceAccounts/root".to_owned(),
        key: Some(identity(&issuer.url, SUBJECT)),
        ..CreateServiceAccountKeyRequest::default()
    };
    let mut accounts = root.service_accounts();
    accounts.create_service_account_key(request).await.unwrap();

    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let claims = |audience: &str| {
        json!({
            "iss": issuer.url,
            "aud": audience,
            "sub": SUBJECT,
            "exp": now.as_secs() + 600,
        })
    };
    let token = |audience| clients(&signer.sign(&claims(audience)).into());
    assert_eq!(code(check(&token(AUDIENCE)).await), Code::Ok);
    assert_eq!(code(check(&token("other")).await), Code::Unauthenticated);
}
