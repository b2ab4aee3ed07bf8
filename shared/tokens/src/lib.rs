//! Opaque tokens that only this installation can make: consistency tokens, which name a change, and
//! page tokens, which name a position in one list.
//!
//! A token is base64url of its content and an HMAC-SHA-256 over its purpose and content, so that
//! tokens cannot be forged, altered, or used for another purpose. It is neither a secret nor an
//! authorization (AIP-158).

use std::fmt;

use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use secrecy::{ExposeSecret, SecretSlice};
use types::Epoch;

/// A string that is not a token of this installation, or not one for this purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token was not issued for this purpose")]
pub struct InvalidToken;

/// The log that a position is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The changes of the identity service.
    Identity,
    /// The changes of the membership service.
    Membership,
    /// The changes of the entitlement service.
    Entitlement,
}

/// A position in the log of changes of one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The log.
    pub source: Source,
    /// The epoch of the position.
    pub epoch: Epoch,
    /// The number of the position: 0 before the first change.
    pub at: i64,
}

/// Makes and opens tokens. All services of an installation share the key.
#[derive(Clone)]
pub struct Sealer(hmac::Key);

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// Returns a sealer with the installation's key.
    pub fn new(key: &SecretSlice<u8>) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret()))
    }

    /// Returns a token that names a change.
    pub fn consistency(&self, position: Position) -> String {
        let mut content = vec![match position.source {
            Source::Identity => b'i',
            Source::Membership => b'm',
            Source::Entitlement => b'e',
        }];
        content.extend(position.epoch.0.to_be_bytes());
        content.extend(position.at.to_be_bytes());
        self.seal("consistency", &content)
    }

    /// Returns the change that a token names.
    ///
    /// # Errors
    /// [`InvalidToken`].
    pub fn open_consistency(&self, token: &str) -> Result<Position, InvalidToken> {
        let content = self.open("consistency", token)?;
        let (source, numbers) = content.split_first().ok_or(InvalidToken)?;
        let source = match source {
            b'i' => Source::Identity,
            b'm' => Source::Membership,
            b'e' => Source::Entitlement,
            _ => return Err(InvalidToken),
        };
        let (epoch, at) = numbers.split_first_chunk().ok_or(InvalidToken)?;
        let at = at.try_into().map_err(|_| InvalidToken)?;
        Ok(Position {
            source,
            epoch: Epoch(i64::from_be_bytes(*epoch)),
            at: i64::from_be_bytes(at),
        })
    }

    /// Returns a token for the page after `end` in `list`, a text that identifies the list by its
    /// method, parent and filters.
    pub fn page(&self, list: &str, end: &str) -> String {
        self.seal(list, end.as_bytes())
    }

    /// Returns the last item of the page before.
    ///
    /// # Errors
    /// [`InvalidToken`].
    pub fn open_page(&self, list: &str, token: &str) -> Result<String, InvalidToken> {
        String::from_utf8(self.open(list, token)?).map_err(|_| InvalidToken)
    }

    /// Returns a key of this installation for another purpose.
    pub fn key(&self, purpose: &str) -> Vec<u8> {
        self.tag("key", purpose.as_bytes()).as_ref().to_vec()
    }

    /// Returns a key prefix unique to this installation, for stores shared with others.
    pub fn namespace(&self, purpose: &str) -> String {
        let tag = self.tag("namespace", purpose.as_bytes());
        BASE64.encode(tag.as_ref().get(..9).unwrap_or_default())
    }

    fn seal(&self, purpose: &str, content: &[u8]) -> String {
        let mut token = self.tag(purpose, content).as_ref().to_vec();
        token.extend(content);
        BASE64.encode(token)
    }

    fn open(&self, purpose: &str, token: &str) -> Result<Vec<u8>, InvalidToken> {
        let token = BASE64.decode(token).map_err(|_| InvalidToken)?;
        let (tag, content) = token.split_at_checked(32).ok_or(InvalidToken)?;
        hmac::verify(&self.0, &signed(purpose, content), tag).map_err(|_| InvalidToken)?;
        Ok(content.to_vec())
    }

    fn tag(&self, purpose: &str, content: &[u8]) -> hmac::Tag {
        hmac::sign(&self.0, &signed(purpose, content))
    }
}

/// Returns the signed bytes. The length of the purpose comes first, so that different purposes and
/// contents never give the same bytes.
fn signed(purpose: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = (purpose.len() as u64).to_be_bytes().to_vec();
    bytes.extend(purpose.as_bytes());
    bytes.extend(content);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealer(key: u8) -> Sealer {
        Sealer::new(&vec![key; 32].into())
    }

    #[test]
    fn a_token_opens_to_what_it_was_made_from() {
        let position = Position {
            source: Source::Membership,
            epoch: Epoch(i64::MAX - 1),
            at: i64::MAX,
        };
        let token = sealer(1).consistency(position);
        assert_eq!(sealer(1).open_consistency(&token), Ok(position));
        assert_eq!(sealer(2).open_consistency(&token), Err(InvalidToken));
    }

    #[test]
    fn k_i_a_token_of_one_list_does_not_open_in_another() {
        let token = sealer(1).page("units acme", "k1");
        assert_eq!(
            sealer(1).open_page("units acme", &token).as_deref(),
            Ok("k1")
        );
        assert!(sealer(1).open_page("units other", &token).is_err());
        assert!(sealer(1).open_consistency(&token).is_err());
    }

    proptest! {
        #[test]
        fn k_i_an_altered_token_does_not_open(at: i64, index in 0usize..49, bit in 0u8..8) {
            let epoch = Epoch(at);
            let token = sealer(1).consistency(Position { source: Source::Identity, epoch, at });
            let mut bytes = BASE64.decode(&token).unwrap();
            bytes[index] ^= 1 << bit;
            prop_assert!(sealer(1).open_consistency(&BASE64.encode(bytes)).is_err());
        }

        #[test]
        fn k_i_what_nobody_issued_does_not_open(token in "\\PC{0,80}") {
            prop_assert!(sealer(1).open_consistency(&token).is_err());
            prop_assert!(sealer(1).open_page("list", &token).is_err());
        }
    }
}
