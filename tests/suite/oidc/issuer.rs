//! An OpenID Connect issuer over TLS.

use std::sync::{Arc, Mutex};

use oidc::Settings;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::Authority;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};
use tokio_rustls::TlsAcceptor;

/// The audience of the tokens.
pub const AUDIENCE: &str = "mandate";

/// The answers of an issuer.
#[derive(Clone, Default)]
pub struct Says {
    /// The published keys.
    pub keys: Vec<Value>,
    /// The issuer in the configuration document, if not this one.
    pub describes: Option<String>,
    /// The required `authorization` header, if any.
    pub demands: Option<String>,
    /// Number of times that the keys were read.
    pub reads: usize,
}

/// An issuer, which ends when this is dropped.
pub struct Issuer {
    pub url: String,
    pub says: Arc<Mutex<Says>>,
    folder: TempDir,
    task: AbortHandle,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Issuer {
    pub async fn start(keys: Vec<Value>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/tenant", listener.local_addr().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let issued = Authority::default().issue_into(folder.path(), "127.0.0.1");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_file(issued.certificate).unwrap()],
                PrivateKeyDer::from_pem_file(issued.key).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let says = Arc::new(Mutex::new(Says {
            keys,
            ..Says::default()
        }));
        let (own, said) = (url.clone(), says.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, own, said) = (acceptor.clone(), own.clone(), said.clone());
                tokio::spawn(answer(stream, acceptor, own, said));
            }
        });
        Self {
            url,
            says,
            folder,
            task: task.abort_handle(),
        }
    }

    /// Returns the settings that verify its tokens.
    pub fn settings(&self) -> Settings {
        Settings {
            issuer: self.url.as_str().into(),
            audience: AUDIENCE.to_owned(),
            ca: Some(self.folder.path().join("ca.crt")),
            token: None,
        }
    }

    pub fn say(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.says.lock().unwrap());
    }
}

/// Answers one request over TLS.
async fn answer(stream: TcpStream, acceptor: TlsAcceptor, url: String, says: Arc<Mutex<Says>>) {
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    let mut request = String::new();
    while !request.contains("\r\n\r\n") {
        let mut bytes = [0; 4096];
        match stream.read(&mut bytes).await {
            Ok(read) if read > 0 => request.push_str(&String::from_utf8_lossy(&bytes[..read])),
            _ => return,
        }
    }
    let answered = respond(&request, &url, &mut says.lock().unwrap());
    let (status, body) = answered.map_or(("404 Not Found", String::new()), |body| {
        ("200 OK", body.to_string())
    });
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: ");
    let answer = format!("{head}{}\r\n\r\n{body}", body.len());
    // The client may be gone, because a test of deadlines cancels calls.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn respond(request: &str, url: &str, says: &mut Says) -> Option<Value> {
    let demanded = says.demands.as_ref();
    if !demanded.is_none_or(|demanded| request.contains(&format!("authorization: {demanded}\r\n")))
    {
        return None;
    }
    match request.split(' ').nth(1)? {
        "/tenant/.well-known/openid-configuration" => {
            let issuer = says.describes.clone().unwrap_or_else(|| url.to_owned());
            Some(json!({"issuer": issuer, "jwks_uri": format!("{url}/keys")}))
        }
        "/tenant/keys" => {
            says.reads += 1;
            Some(json!({"keys": says.keys}))
        }
        _ => None,
    }
}
