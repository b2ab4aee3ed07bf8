//! The options for OIDC tokens in place of keys.

use std::path::PathBuf;

use clap::Args;
use oidc::Settings;
use types::SecretUrl;

/// The issuer whose tokens are accepted in place of keys, if any.
#[derive(Debug, Args)]
pub struct OidcArgs {
    /// Accept tokens of this OpenID Connect issuer in place of keys, such as those of Kubernetes.
    /// Keys of service accounts that name issuer and subject map tokens to accounts
    #[arg(
        long,
        value_name = "URL",
        requires = "oidc_audience",
        env = "MANDATE_OIDC_ISSUER",
        hide_env_values = true
    )]
    oidc_issuer: Option<SecretUrl>,

    /// The audience that tokens must have
    #[arg(
        long,
        value_name = "NAME",
        requires = "oidc_issuer",
        env = "MANDATE_OIDC_AUDIENCE"
    )]
    oidc_audience: Option<String>,

    /// The CA that signed the issuer's certificate, in PEM; the CAs of the system if absent
    #[arg(
        long,
        value_name = "FILE",
        requires = "oidc_issuer",
        env = "MANDATE_OIDC_CA"
    )]
    oidc_ca: Option<PathBuf>,

    /// A token to present to the issuer, if it requires one; read before each request
    #[arg(
        long,
        value_name = "FILE",
        requires = "oidc_issuer",
        env = "MANDATE_OIDC_TOKEN"
    )]
    oidc_token: Option<PathBuf>,
}

impl OidcArgs {
    /// Returns the settings of token verification, if tokens are accepted.
    pub(crate) fn settings(&self) -> Option<Settings> {
        Some(Settings {
            issuer: self.oidc_issuer.clone()?,
            audience: self.oidc_audience.clone()?,
            ca: self.oidc_ca.clone(),
            token: self.oidc_token.clone(),
        })
    }
}
