//! The secrets that the services of an installation share.

use std::path::Path;

use runtime::{read_secret, secret_in};
use secrecy::{ExposeSecret, SecretString};
use tokens::Sealer;

use crate::ServerError;

/// The secrets that the services of an installation share.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// The key of the first service account.
    pub root: SecretString,
    /// Seals and opens tokens.
    pub sealer: Sealer,
}

/// The file with the key of the first service account.
pub const ROOT_KEY_FILE: &str = "root.key";
/// The file with the key that seals tokens.
const TOKEN_KEY_FILE: &str = "token.key";

impl Secrets {
    /// Reads the secrets in a folder: `root.key` and `token.key`.
    ///
    /// # Errors
    /// A file cannot be read, or its secret is too short.
    pub fn read(folder: &Path) -> Result<Self, ServerError> {
        let secret = |name| read_secret(&folder.join(name)).map_err(ServerError::from_error);
        Self::new(secret(ROOT_KEY_FILE)?, &secret(TOKEN_KEY_FILE)?)
    }

    /// Reads the secrets in a folder, and creates missing ones.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn read_or_make(folder: &Path) -> Result<Self, ServerError> {
        let secret =
            |name, prefix| secret_in(&folder.join(name), prefix).map_err(ServerError::from_error);
        Self::new(
            secret(ROOT_KEY_FILE, "mk_root_")?,
            &secret(TOKEN_KEY_FILE, "")?,
        )
    }

    fn new(root: SecretString, token: &SecretString) -> Result<Self, ServerError> {
        if token.expose_secret().len() < 32 {
            return Err(ServerError::usage("a key has at least 32 characters"));
        }
        let token = token.expose_secret().as_bytes().to_vec();
        Ok(Self {
            root,
            sealer: Sealer::new(&token.into()),
        })
    }
}
