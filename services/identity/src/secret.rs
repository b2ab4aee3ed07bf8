//! Random secrets and their hashes.

use aws_lc_rs::{digest, error::Unspecified, rand};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

/// Returns the stored hash of a secret. SHA-256 is enough: a secret is 32 random bytes, not a
/// password.
pub(crate) fn hash(secret: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, secret.as_bytes())
        .as_ref()
        .to_vec()
}

/// Returns the random part of a secret.
pub(crate) fn random() -> Result<String, Unspecified> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use identity_core::KeySecret;
    use types::{Id, KeyId};

    use super::*;

    #[test]
    fn a_random_part_makes_a_secret() {
        let key = KeyId::parse("k").unwrap();
        let secret = KeySecret::compose(&key, &random().unwrap());
        assert_eq!(KeySecret::parse(&secret).unwrap().key, key);
    }
}
