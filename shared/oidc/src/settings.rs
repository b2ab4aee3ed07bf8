//! The accepted issuer of tokens, and their required audience.

use std::{io, path::PathBuf};

use types::{OidcIdentity, SecretUrl};

/// The accepted issuer of tokens, and their required audience.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The issuer, an `https` URL, as its tokens name it.
    pub issuer: SecretUrl,
    /// The audience that its tokens must name.
    pub audience: String,
    /// Certificates of the authority that verifies the issuer's host, in PEM; those of the system
    /// if absent.
    pub ca: Option<PathBuf>,
    /// A token that is presented to the issuer, and read again each time: Kubernetes requires one.
    pub token: Option<PathBuf>,
}

/// An error in settings.
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
    /// The certificates cannot be read.
    #[error("the certificates in `{}` cannot be used: {reason}", path.display())]
    Authority {
        /// The path of the file.
        path: PathBuf,
        /// A description of the problem.
        reason: String,
    },
    /// The system has no certificates.
    #[error("the certificates of the system cannot be used: {0}")]
    System(String),
    /// The token for the issuer cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Token {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl Settings {
    /// Checks the settings that need no file.
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
