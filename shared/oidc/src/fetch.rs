//! Reads the documents that an issuer publishes: its configuration, and the keys that this names.

use std::{fs, io, path::PathBuf, sync::Arc, time::Duration};

use http::{Request, StatusCode, header::AUTHORIZATION};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde::Deserialize;
use types::SecretUrl;

use crate::{
    key_set::KeySet,
    settings::{Settings, SettingsError},
};

/// Maximum time to read one document.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum size of a document, in bytes.
const MAX_DOCUMENT_BYTES: usize = 1 << 20;

/// An error in reading the keys of an issuer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("`{}` cannot be read", path.display())]
    Token { path: PathBuf, source: io::Error },
    #[error("`{url}` cannot be requested")]
    Request { url: SecretUrl, source: http::Error },
    #[error("`{url}` cannot be reached")]
    Connection {
        url: SecretUrl,
        source: hyper_util::client::legacy::Error,
    },
    #[error("`{url}` cannot be read: {reason}")]
    Body { url: SecretUrl, reason: String },
    #[error("`{0}` does not answer in time")]
    Late(SecretUrl),
    #[error("`{url}` answers {status}")]
    Status { url: SecretUrl, status: StatusCode },
    #[error("`{url}` has unexpected content")]
    Malformed {
        url: SecretUrl,
        source: serde_json::Error,
    },
    #[error("`{url}` describes the issuer `{issuer}`")]
    Other { url: SecretUrl, issuer: SecretUrl },
}

/// The configuration of an issuer; source: OpenID Connect Discovery 1.0, section 3.
#[derive(Deserialize)]
struct Description {
    issuer: String,
    jwks_uri: String,
}

/// The source of an issuer's keys.
pub(crate) struct Source {
    settings: Settings,
    client: Client<HttpsConnector<HttpConnector>, Empty<&'static [u8]>>,
}

impl Source {
    pub(crate) fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        if let Some(path) = &settings.token {
            fs::read_to_string(path).map_err(|source| SettingsError::Token {
                path: path.clone(),
                source,
            })?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| SettingsError::System(error.to_string()))?
            .with_root_certificates(authorities(&settings)?)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_only()
            .enable_http1()
            .build();
        Ok(Self {
            settings,
            client: Client::builder(TokioExecutor::new()).build(connector),
        })
    }

    /// Reads the keys that the issuer publishes now.
    pub(crate) async fn keys(&self) -> Result<KeySet, FetchError> {
        let issuer = self.settings.issuer.expose();
        let url = SecretUrl::from(format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        ));
        let malformed = |url: &SecretUrl| {
            let url = url.clone();
            move |source| FetchError::Malformed { url, source }
        };
        let description: Description =
            serde_json::from_slice(&self.get(&url).await?).map_err(malformed(&url))?;
        if description.issuer != issuer {
            let issuer = description.issuer.into();
            return Err(FetchError::Other { url, issuer });
        }
        let url = description.jwks_uri.into();
        KeySet::read(&self.get(&url).await?, &self.settings).map_err(malformed(&url))
    }

    async fn get(&self, url: &SecretUrl) -> Result<Vec<u8>, FetchError> {
        let late = |_| FetchError::Late(url.clone());
        let got = tokio::time::timeout(FETCH_TIMEOUT, self.get_without_timeout(url));
        got.await.map_err(late)?
    }

    async fn get_without_timeout(&self, url: &SecretUrl) -> Result<Vec<u8>, FetchError> {
        let mut request = Request::get(url.expose());
        if let Some(path) = &self.settings.token {
            let token = tokio::fs::read_to_string(path).await;
            let token = token.map_err(|source| FetchError::Token {
                path: path.clone(),
                source,
            })?;
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.trim()));
        }
        let own = || url.clone();
        let request = request
            .body(Empty::new())
            .map_err(|source| FetchError::Request { url: own(), source })?;
        let answer = self.client.request(request).await;
        let answer = answer.map_err(|source| FetchError::Connection { url: own(), source })?;
        let status = answer.status();
        if status != StatusCode::OK {
            return Err(FetchError::Status { url: own(), status });
        }
        let body = Limited::new(answer.into_body(), MAX_DOCUMENT_BYTES)
            .collect()
            .await;
        let body = body.map_err(|error| FetchError::Body {
            url: own(),
            reason: error.to_string(),
        })?;
        Ok(body.to_bytes().into())
    }
}

fn authorities(settings: &Settings) -> Result<RootCertStore, SettingsError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = &settings.ca else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err(SettingsError::System(format!("{:?}", found.errors)));
        }
        return Ok(roots);
    };
    let wrong = |reason: String| SettingsError::Authority {
        path: path.clone(),
        reason,
    };
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        let added = roots.add(certificate);
        added.map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("there are none".to_owned()));
    }
    Ok(roots)
}
