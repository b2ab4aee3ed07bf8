//! Verification of a token, as a pure function of the token, the keys and the time.

use jsonwebtoken::{decode, decode_header};
use serde::Deserialize;
use types::{InvalidOidcIdentity, OidcIdentity, UnixTime};

use crate::key_set::KeySet;

/// Maximum length of a token, in bytes.
const MAX_TOKEN_BYTES: usize = 8 << 10;
/// Maximum lead of the issuer's clock, in milliseconds.
const MAX_CLOCK_LEAD_MS: i64 = 60_000;

/// The proven identity of a token, and the end of the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The identity.
    pub identity: OidcIdentity,
    /// The time from which on the token proves nothing.
    pub expire: UnixTime,
}

/// The rejection of a token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Rejected {
    #[error("it is longer than {MAX_TOKEN_BYTES} bytes")]
    Long,
    #[error("it requires unknown extensions: `{0}`")]
    Critical(String),
    #[error("the issuer publishes no key `{0}`")]
    UnknownKey(String),
    #[error(transparent)]
    Invalid(#[from] jsonwebtoken::errors::Error),
    #[error("it has expired")]
    Expired,
    #[error("it is not valid yet")]
    Early,
    #[error(transparent)]
    Identity(#[from] InvalidOidcIdentity),
}

/// The claims in use. The issuer is a single string, not a list.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    /// In seconds.
    exp: f64,
    nbf: Option<f64>,
}

/// Verifies a token at the given time.
pub(crate) fn verify(token: &str, keys: &KeySet, now: UnixTime) -> Result<Verified, Rejected> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Rejected::Long);
    }
    let header = decode_header(token)?;
    if let Some(critical) = header.crit {
        return Err(Rejected::Critical(critical.join(" ")));
    }
    let id = header.kid.as_deref();
    let key = keys
        .find(id)
        .ok_or_else(|| Rejected::UnknownKey(id.unwrap_or_default().to_owned()))?;
    let claims: Claims = decode(token, &key.key, &key.validation)?.claims;
    let verified = Verified {
        identity: OidcIdentity::new(&claims.iss, &claims.sub)?,
        expire: millis(claims.exp),
    };
    if verified.expire <= now {
        return Err(Rejected::Expired);
    }
    let soon = UnixTime(now.0.saturating_add(MAX_CLOCK_LEAD_MS));
    if claims.nbf.is_some_and(|nbf| millis(nbf) > soon) {
        return Err(Rejected::Early);
    }
    Ok(verified)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a time out of range becomes the first or the last time"
)]
fn millis(seconds: f64) -> UnixTime {
    UnixTime((seconds * 1000.0) as i64)
}
