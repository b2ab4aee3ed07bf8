//! The chain: each record's code covers the code before, so that records cannot be altered,
//! removed, moved or inserted without the key; and the anchor, which shows if the end was cut off.

use std::fmt;

use aws_lc_rs::{constant_time, hmac};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use tokens::Sealer;

/// The code of a record in its chain: HMAC-SHA-256.
pub type Mac = [u8; 32];

/// The chain of one log of one installation. Another log has another key, so records cannot be
/// moved there.
#[derive(Clone)]
pub struct Chain {
    key: hmac::Key,
    sealer: Sealer,
    log: &'static str,
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chain({})", self.log)
    }
}

/// The number of records of a log at some time, and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// The number of records.
    pub count: u64,
    /// The code of the last record.
    pub mac: Mac,
}

/// A text that is not an anchor of this log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the anchor was not made by this log")]
pub struct InvalidAnchor;

impl Chain {
    /// Returns the chain of a log: `identity`, `membership` or `entitlement`.
    pub fn new(sealer: &Sealer, log: &'static str) -> Self {
        let key = sealer.key(&format!("audit {log}"));
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            sealer: sealer.clone(),
            log,
        }
    }

    /// The code before the first record.
    pub const START: Mac = [0; 32];

    /// Returns the code of a record that follows another.
    // The code before always has the same length, so two different pairs never read alike.
    pub fn next(&self, before: &Mac, record: &[u8]) -> Mac {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(before);
        context.update(record);
        mac(context.sign())
    }

    /// True if a code is that of a record that follows another.
    pub(crate) fn follows(&self, before: &Mac, record: &[u8], presented: &[u8]) -> bool {
        let expected = self.next(before, record);
        constant_time::verify_slices_are_equal(&expected, presented).is_ok()
    }

    /// Returns a digest of a request that names no person.
    pub fn digest(&self, request: &[u8]) -> Mac {
        mac(hmac::sign(&self.key, request))
    }

    /// Returns the anchor as sealed text.
    pub fn seal(&self, anchor: &Anchor) -> String {
        let content = format!("{} {}", anchor.count, BASE64.encode(anchor.mac));
        self.sealer.page(&self.purpose(), &content)
    }

    /// Reads an anchor of this log.
    ///
    /// # Errors
    /// [`InvalidAnchor`].
    pub fn open(&self, text: &str) -> Result<Anchor, InvalidAnchor> {
        let content = self
            .sealer
            .open_page(&self.purpose(), text)
            .map_err(|_| InvalidAnchor)?;
        let (count, mac) = content.split_once(' ').ok_or(InvalidAnchor)?;
        let mac = BASE64.decode(mac).map_err(|_| InvalidAnchor)?;
        Ok(Anchor {
            count: count.parse().map_err(|_| InvalidAnchor)?,
            mac: mac.try_into().map_err(|_| InvalidAnchor)?,
        })
    }

    fn purpose(&self) -> String {
        format!("audit anchor {}", self.log)
    }
}

pub(crate) fn mac(tag: hmac::Tag) -> Mac {
    let mut mac = [0; 32];
    // A tag of HMAC-SHA-256 has 32 bytes.
    for (to, from) in mac.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    mac
}
