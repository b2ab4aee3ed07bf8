//! Secrets are read from files, never from arguments or the environment, which others can read.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use aws_lc_rs::rand;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::SecretString;

/// An error in reading or creating a secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read or written.
    #[error("the secret in `{}` cannot be read or created", path.display())]
    File {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file is empty.
    #[error("`{}` is empty", .0.display())]
    Empty(PathBuf),
    /// The operating system returned no random bytes.
    #[error("the operating system returned no random bytes")]
    Random,
}

/// Reads a secret from a file, without the white space around it.
///
/// # Errors
/// [`SecretError`].
pub fn read_secret(path: &Path) -> Result<SecretString, SecretError> {
    let text = fs::read_to_string(path).map_err(|source| SecretError::File {
        path: path.to_owned(),
        source,
    })?;
    match text.trim() {
        "" => Err(SecretError::Empty(path.to_owned())),
        secret => Ok(secret.into()),
    }
}

/// Reads a secret from a file. If the file does not exist, creates it with a secret of 32 random
/// bytes in base64url after `prefix`, readable by its owner only.
///
/// # Errors
/// [`SecretError`].
pub fn secret_in(path: &Path, prefix: &str) -> Result<SecretString, SecretError> {
    match fs::exists(path) {
        Ok(true) => return read_secret(path),
        Ok(false) => {}
        Err(source) => {
            return Err(SecretError::File {
                path: path.to_owned(),
                source,
            });
        }
    }
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| SecretError::Random)?;
    let secret = format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes));
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(secret.as_bytes()));
    match written {
        Ok(()) => Ok(secret.into()),
        Err(source) => Err(SecretError::File {
            path: path.to_owned(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_secret_is_made_once_and_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = secret_in(&path, "mk_root_").unwrap();
        let read = secret_in(&path, "mk_root_").unwrap();
        assert_eq!(made.expose_secret(), read.expose_secret());
        assert_eq!(made.expose_secret().len(), "mk_root_".len() + 43);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
