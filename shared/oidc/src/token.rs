//! What a token proves: a pure function of the token, the keys and the time.

use base::{InvalidOidcIdentity, Millis, OidcIdentity};
use jsonwebtoken::{decode, decode_header};
use serde::Deserialize;

use crate::key_set::KeySet;

/// Longer ones are not read.
const LENGTH: usize = 8 << 10;
/// How far the issuer's clock may be ahead.
const AHEAD_MS: i64 = 60_000;

/// Whom a token proves, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Whom.
    pub identity: OidcIdentity,
    /// From then on it proves nothing.
    pub expire: Millis,
}

/// Why a token proves nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Rejected {
    #[error("it is longer than {LENGTH} bytes")]
    Long,
    #[error("it needs extensions that are not understood: `{0}`")]
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

/// The claims that count. An issuer is one and not several.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    /// In seconds.
    exp: f64,
    nbf: Option<f64>,
}

/// What a token proves now.
pub(crate) fn verify(token: &str, keys: &KeySet, now: Millis) -> Result<Verified, Rejected> {
    if token.len() > LENGTH {
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
    let soon = Millis(now.0.saturating_add(AHEAD_MS));
    if claims.nbf.is_some_and(|nbf| millis(nbf) > soon) {
        return Err(Rejected::Early);
    }
    Ok(verified)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a moment that is out of range is the first or the last, and none is none"
)]
fn millis(seconds: f64) -> Millis {
    Millis((seconds * 1000.0) as i64)
}
