//! Keys that sign tokens.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256};
use serde_json::{Value, json};

/// Length of the PKCS#8 header before the key in an RSA key of 2048 bits.
const BEFORE_RSA: usize = 26;

/// A key that signs tokens.
pub struct Signer {
    pub id: &'static str,
    pub algorithm: Algorithm,
    pub pair: KeyPair,
    key: EncodingKey,
}

impl Signer {
    pub fn rsa(id: &'static str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let key = EncodingKey::from_rsa_der(&pair.serialized_der()[BEFORE_RSA..]);
        Self::new(id, Algorithm::RS256, pair, key)
    }

    pub fn ec(id: &'static str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let key = EncodingKey::from_ec_der(pair.serialized_der());
        Self::new(id, Algorithm::ES256, pair, key)
    }

    pub fn ed(id: &'static str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let key = EncodingKey::from_ed_der(pair.serialized_der());
        Self::new(id, Algorithm::EdDSA, pair, key)
    }

    fn new(id: &'static str, algorithm: Algorithm, pair: KeyPair, key: EncodingKey) -> Self {
        Self {
            id,
            algorithm,
            pair,
            key,
        }
    }

    /// Returns the key as an issuer publishes it.
    pub fn published(&self) -> Value {
        let mut key = if self.algorithm == Algorithm::EdDSA {
            let public = BASE64.encode(self.pair.public_key_raw());
            json!({"kty": "OKP", "crv": "Ed25519", "x": public})
        } else {
            let key = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
            serde_json::to_value(key).unwrap()
        };
        key["kid"] = json!(self.id);
        key["use"] = json!("sig");
        key
    }

    pub fn header(&self) -> Header {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.id.to_owned());
        header
    }

    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(&self.header(), claims)
    }

    pub fn sign_as(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.key).unwrap()
    }
}
