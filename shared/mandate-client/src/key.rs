//! What a client presents to the service.

use std::{fs, path::PathBuf};

use secrecy::{ExposeSecret, SecretString};
use tonic::metadata::AsciiMetadataValue;

use crate::builder::BuildError;

/// Where the key is.
pub(crate) enum Key {
    None,
    Given(SecretString),
    /// Another writes it anew before it ends.
    File(PathBuf),
}

impl Key {
    /// The header with the key as it is now.
    pub(crate) fn read(&self) -> Result<Option<AsciiMetadataValue>, BuildError> {
        match self {
            Self::None => Ok(None),
            Self::Given(key) => bearer(key).map(Some),
            // A few bytes of a local file: quicker read than handed to another thread.
            Self::File(path) => match fs::read_to_string(path) {
                Ok(key) => bearer(&key.trim().into()).map(Some),
                Err(source) => Err(BuildError::KeyFile {
                    path: path.clone(),
                    source,
                }),
            },
        }
    }
}

fn bearer(key: &SecretString) -> Result<AsciiMetadataValue, BuildError> {
    let value = format!("Bearer {}", key.expose_secret());
    let mut value: AsciiMetadataValue = value.parse().map_err(|_| BuildError::Key)?;
    value.set_sensitive(true);
    Ok(value)
}
