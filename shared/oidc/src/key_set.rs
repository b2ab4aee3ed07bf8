//! The keys that an issuer publishes.

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse},
};
use serde::Deserialize;

use crate::settings::Settings;

/// Maximum number of keys that are kept.
const KEYS: usize = 64;
const RSA: [Algorithm; 6] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// A key, and the required claims of its tokens.
pub(crate) struct Key {
    id: Option<String>,
    pub(crate) key: DecodingKey,
    pub(crate) validation: Validation,
}

/// The keys of an issuer that can sign tokens.
pub(crate) struct KeySet(Vec<Key>);

/// A published set of keys; source: RFC 7517, section 5.
#[derive(Deserialize)]
struct Published {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    /// Reads a set. Keys of unknown types are left out, as the RFC requires.
    pub(crate) fn read(json: &[u8], settings: &Settings) -> Result<Self, serde_json::Error> {
        let published: Published = serde_json::from_slice(json)?;
        let keys = published.keys.into_iter().take(KEYS);
        let read = keys.filter_map(|key| Key::read(serde_json::from_value(key).ok()?, settings));
        Ok(Self(read.collect()))
    }

    /// Returns the key with an id. A token need not name the only key.
    pub(crate) fn find(&self, id: Option<&str>) -> Option<&Key> {
        match (id, self.0.as_slice()) {
            (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }
}

impl Key {
    fn read(published: Jwk, settings: &Settings) -> Option<Self> {
        let signs = published.common.public_key_use.as_ref();
        if signs.is_some_and(|purpose| *purpose != PublicKeyUse::Signature) {
            return None;
        }
        let algorithms = algorithms(&published)?;
        let mut validation = Validation::new(*algorithms.first()?);
        validation.algorithms = algorithms;
        validation.set_issuer(&[settings.issuer.expose()]);
        validation.set_audience(&[&settings.audience]);
        validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
        // Checked by the clock of the service, in `token.rs`.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Some(Self {
            key: DecodingKey::from_jwk(&published).ok()?,
            id: published.common.key_id,
            validation,
        })
    }
}

/// Returns the algorithms that a key may sign with. Symmetric ones are never among them.
fn algorithms(key: &Jwk) -> Option<Vec<Algorithm>> {
    let possible = match &key.algorithm {
        AlgorithmParameters::RSA(_) => RSA.to_vec(),
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => vec![Algorithm::ES256],
            EllipticCurve::P384 => vec![Algorithm::ES384],
            _ => return None,
        },
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            vec![Algorithm::EdDSA]
        }
        _ => return None,
    };
    let Some(named) = key.common.key_algorithm else {
        return Some(possible);
    };
    let named = named.to_string().parse().ok()?;
    possible.contains(&named).then(|| vec![named])
}
