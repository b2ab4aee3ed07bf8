//! Whose tokens are taken, and for whom they must have been made.

use std::{io, path::PathBuf};

use base::{OidcIdentity, SecretUrl};

/// Whose tokens are taken, and for whom they must have been made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The issuer, an `https` URL, as its tokens name it.
    pub issuer: SecretUrl,
    /// What its tokens must name as their audience.
    pub audience: String,
    /// Certificates of the authority that the issuer's host is verified with, in PEM; those of the
    /// system if absent.
    pub ca: Option<PathBuf>,
    /// A token that is presented to the issuer, read anew each time: Kubernetes demands one.
    pub token: Option<PathBuf>,
}

/// Why tokens cannot be verified with settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The issuer is malformed.
    #[error(
        "`{0}` is not an OpenID Connect issuer: an https URL without a user, a query or a fragment"
    )]
    Issuer(SecretUrl),
    /// There is no audience.
    #[error("the audience of the tokens is empty")]
    Audience,
    /// No certificate can be read.
    #[error("the certificates in `{}` cannot be used: {reason}", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The system has no certificates.
    #[error("the certificates of the system cannot be used: {0}")]
    System(String),
    /// The token for the issuer cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Token {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl Settings {
    /// Checks what needs no file.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        let parts = self.issuer.parts();
        let named = parts.is_some_and(|parts| parts.is_of_hosts && parts.credentials.is_empty());
        let issuer = self.issuer.expose();
        if !named || issuer.contains(['?', '#']) || OidcIdentity::new(issuer, "a").is_err() {
            return Err(SettingsError::Issuer(self.issuer.clone()));
        }
        if self.audience.trim().is_empty() {
            return Err(SettingsError::Audience);
        }
        Ok(())
    }
}
