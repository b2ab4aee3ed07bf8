//! The credential that a client presents to the service.

use std::{fs, io, path::PathBuf};

use secrecy::{ExposeSecret, SecretString};
use tonic::metadata::AsciiMetadataValue;

/// An error in reading the key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("the key has characters that a header cannot hold")]
    Characters,
    #[error("`{}` cannot be read", path.display())]
    File { path: PathBuf, source: io::Error },
}

/// The source of the key.
pub(crate) enum Key {
    None,
    Given(SecretString),
    /// A file that another process rewrites before the credential expires.
    File(PathBuf),
}

impl Key {
    /// Returns the header with the current key.
    pub(crate) fn read(&self) -> Result<Option<AsciiMetadataValue>, KeyError> {
        match self {
            Self::None => Ok(None),
            Self::Given(key) => bearer(key).map(Some),
            // A few bytes of a local file: reading them here is faster than handing the read to
            // another thread.
            Self::File(path) => match fs::read_to_string(path) {
                Ok(key) => bearer(&key.trim().into()).map(Some),
                Err(source) => Err(KeyError::File {
                    path: path.clone(),
                    source,
                }),
            },
        }
    }
}

fn bearer(key: &SecretString) -> Result<AsciiMetadataValue, KeyError> {
    let value = format!("Bearer {}", key.expose_secret());
    let mut value: AsciiMetadataValue = value.parse().map_err(|_| KeyError::Characters)?;
    value.set_sensitive(true);
    Ok(value)
}
