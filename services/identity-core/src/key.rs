//! The secrets of service accounts: `mk_{key}_{random}`.

use types::{Id, KeyId};

const SECRET_PREFIX: &str = "mk_";
/// Length of 32 random bytes in base64url without padding.
const RANDOM_PART_LENGTH: usize = 43;

/// The string is not the secret of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the secret of a key")]
pub struct InvalidSecret;

/// The secret of a key. Its id selects the hash to compare with; only the whole secret proves
/// anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySecret {
    /// The key.
    pub key: KeyId,
}

impl KeySecret {
    /// Composes a secret from 32 random bytes in base64url.
    pub fn compose(key: &KeyId, random: &str) -> String {
        format!("{SECRET_PREFIX}{key}_{random}")
    }

    /// Parses the id in a secret.
    ///
    /// # Errors
    /// [`InvalidSecret`].
    pub fn parse(secret: &str) -> Result<Self, InvalidSecret> {
        let rest = secret.strip_prefix(SECRET_PREFIX).ok_or(InvalidSecret)?;
        // An id contains no underscore; the random part may.
        let (key, random) = rest.split_once('_').ok_or(InvalidSecret)?;
        if random.len() != RANDOM_PART_LENGTH {
            return Err(InvalidSecret);
        }
        let key = KeyId::parse(key).map_err(|_| InvalidSecret)?;
        Ok(Self { key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_names_its_key() {
        let key = KeyId::parse("k-1").unwrap();
        let secret = KeySecret::compose(&key, &"_".repeat(43));
        assert_eq!(KeySecret::parse(&secret).unwrap().key, key);
    }

    #[test]
    fn a_part_of_a_secret_is_no_secret() {
        let key = KeyId::parse("k-1").unwrap();
        let secret = KeySecret::compose(&key, &"a".repeat(43));
        for end in 0..secret.len() {
            assert!(KeySecret::parse(secret.get(..end).unwrap()).is_err());
        }
    }
}
