//! The options of tokens that are taken in place of keys.

use std::path::PathBuf;

use base::SecretUrl;
use clap::Args;
use oidc::Settings;

/// Whose tokens are taken in place of keys, if anybody's are.
#[derive(Debug, Args)]
pub struct OidcArgs {
    /// Take tokens of this OpenID Connect issuer in place of keys; Kubernetes is one. Who may
    /// present which is said by keys of service accounts that name issuer and subject
    #[arg(
        long,
        value_name = "URL",
        requires = "oidc_audience",
        env = "MANDATE_OIDC_ISSUER",
        hide_env_values = true
    )]
    oidc_issuer: Option<SecretUrl>,

    /// The audience that its tokens must have been made for
    #[arg(
        long,
        value_name = "NAME",
        requires = "oidc_issuer",
        env = "MANDATE_OIDC_AUDIENCE"
    )]
    oidc_audience: Option<String>,

    /// The authority that signed the issuer's certificate, in PEM; those of the system if absent
    #[arg(
        long,
        value_name = "FILE",
        requires = "oidc_issuer",
        env = "MANDATE_OIDC_CA"
    )]
    oidc_ca: Option<PathBuf>,

    /// A token to present to the issuer, where it demands one; read anew each time
    #[arg(
        long,
        value_name = "FILE",
        requires = "oidc_issuer",
        env = "MANDATE_OIDC_TOKEN"
    )]
    oidc_token: Option<PathBuf>,
}

impl OidcArgs {
    /// What tokens are verified by, if any are taken.
    pub(super) fn settings(&self) -> Option<Settings> {
        Some(Settings {
            issuer: self.oidc_issuer.clone()?,
            audience: self.oidc_audience.clone()?,
            ca: self.oidc_ca.clone(),
            token: self.oidc_token.clone(),
        })
    }
}
