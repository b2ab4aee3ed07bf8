//! Personal data, sealed with a key for each person. Without the key nobody can read it, in the
//! log, in exports of it or in a backup of either; and the chain, which covers the sealed data,
//! stays valid.

use std::fmt;

use api::common::v1::AuditName;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    hmac, rand,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};

use crate::chain::{Mac, mac};

const NONCE: usize = 12;

/// The key of a person.
#[derive(Clone)]
pub struct PersonKey {
    /// Identifies the key, and reveals nothing of the person.
    pub alias: String,
    /// The secret.
    pub secret: [u8; 32],
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonKey({})", self.alias)
    }
}

/// The data could not be sealed, or sealed data could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("personal data cannot be sealed or read")]
pub struct Unsealed;

impl PersonKey {
    /// Returns a new key.
    ///
    /// # Errors
    /// [`Unsealed`] if the operating system returns no random bytes.
    pub fn random() -> Result<Self, Unsealed> {
        let (mut alias, mut secret) = ([0; 15], [0; 32]);
        rand::fill(&mut alias).map_err(|_| Unsealed)?;
        rand::fill(&mut secret).map_err(|_| Unsealed)?;
        Ok(Self {
            alias: BASE64.encode(alias),
            secret,
        })
    }

    /// Seals a name.
    ///
    /// # Errors
    /// [`Unsealed`] if the library fails.
    pub fn seal(&self, name: &str) -> Result<AuditName, Unsealed> {
        let mut text = name.as_bytes().to_vec();
        let nonce = self
            .cipher()?
            .seal_in_place_append_tag(Aad::from(&self.alias), &mut text)
            .map_err(|_| Unsealed)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.extend(text);
        Ok(AuditName {
            person: self.alias.clone(),
            sealed,
            ..AuditName::default()
        })
    }

    /// Reads a sealed name.
    ///
    /// # Errors
    /// [`Unsealed`] if it was sealed with another key.
    pub fn open(&self, sealed: &[u8]) -> Result<String, Unsealed> {
        let (nonce, text) = sealed.split_at_checked(NONCE).ok_or(Unsealed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unsealed)?;
        let mut text = text.to_vec();
        let text = self
            .cipher()?
            .open_in_place(nonce, Aad::from(&self.alias), &mut text)
            .map_err(|_| Unsealed)?;
        String::from_utf8(text.to_vec()).map_err(|_| Unsealed)
    }

    /// Returns a digest of a request about the person. Deleting the key also ends guesses of the
    /// request by its digest.
    pub fn digest(&self, request: &[u8]) -> Mac {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.secret);
        mac(hmac::sign(&key, request))
    }

    fn cipher(&self) -> Result<RandomizedNonceKey, Unsealed> {
        RandomizedNonceKey::new(&AES_256_GCM, &self.secret).map_err(|_| Unsealed)
    }
}

/// Returns the person that a name belongs to: the person itself, or the `subject` if that is a
/// person.
pub fn person_of<'a>(name: &'a str, subject: &'a str) -> Option<&'a str> {
    let user = |name: &'a str| {
        let id = name.strip_prefix("users/")?;
        let end = id.find('/').map_or(name.len(), |at| at + "users/".len());
        name.get(..end)
    };
    user(name).or_else(|| user(subject))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_with_the_key_that_sealed_it_only() {
        let (jan, other) = (PersonKey::random().unwrap(), PersonKey::random().unwrap());
        let sealed = jan.seal("users/jan").unwrap();
        assert_eq!(sealed.clear, "");
        assert_eq!(jan.open(&sealed.sealed).as_deref(), Ok("users/jan"));
        assert_eq!(other.open(&sealed.sealed), Err(Unsealed));
        assert_eq!(jan.open(&[]), Err(Unsealed));
        assert_ne!(jan.digest(b"request"), other.digest(b"request"));
    }

    #[test]
    fn what_is_of_a_person_is_known_by_its_name_or_its_subject() {
        let membership = "organizations/acme/memberships/m1";
        for (name, subject, person) in [
            ("users/jan", "", Some("users/jan")),
            ("users/jan/contacts/c1", "", Some("users/jan")),
            (membership, "users/jan", Some("users/jan")),
            (membership, "serviceAccounts/bot", None),
            ("serviceAccounts/bot", "", None),
            ("", "", None),
        ] {
            assert_eq!(person_of(name, subject), person, "{name} {subject}");
        }
    }
}
