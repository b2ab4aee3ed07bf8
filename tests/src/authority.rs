//! Who issues certificates for a test.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// A certificate authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// Where a certificate is, its key, and the certificate of its authority, in PEM.
pub struct Files {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// That of the authority.
    pub authority: PathBuf,
}

impl Default for Authority {
    fn default() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }
}

impl Authority {
    /// Its certificate, in PEM.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a host and its key, in PEM.
    pub fn issue(&self, host: &str) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![host.to_owned()]).expect("a host");
        // OpenSSL takes one with the name of its issuer for its own issuer.
        params.distinguished_name.push(DnType::CommonName, host);
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }

    /// Issues a certificate for a host, as files in a folder: `tls.crt`, `tls.key` and `ca.crt`.
    pub fn issue_into(&self, folder: &Path, host: &str) -> Files {
        let (certificate, key) = self.issue(host);
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            fs::write(&path, text).expect("a file");
            path
        };
        Files {
            certificate: write("tls.crt", certificate),
            key: write("tls.key", key),
            authority: write("ca.crt", self.pem()),
        }
    }
}
