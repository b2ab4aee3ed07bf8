//! The peer door, through which other services call: a call is authenticated as a service, or not
//! at all.

use std::{fmt, str::FromStr};

use api::Peer;
use aws_lc_rs::{constant_time, digest};
use balance::{EndpointError, Tls};
use http::{HeaderValue, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use tonic::{
    body::Body,
    transport::{Certificate, Identity},
};
use tower::{ServiceExt, util::BoxCloneSyncService};

use crate::{
    balanced::balanced,
    channel::Channel,
    layer::{Request, authenticate::bearer},
    service::GrpcService,
};

/// Minimum length of a key, in characters.
const SHORTEST: usize = 32;

/// Marks a call through the peer door, with the calling service if its key is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AtPeerDoor(pub(crate) Option<Peer>);

/// The text is not a valid key, or not the digest of one.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPeerKey {
    /// The key is too short.
    #[error("a key has at least {SHORTEST} characters")]
    Short,
    /// The digest is not a SHA-256 digest.
    #[error("a digest has 64 hexadecimal digits")]
    Digest,
}

/// The key with which one service calls the others. Only the service itself has it: the others know
/// its digest.
#[derive(Clone)]
pub struct PeerKey(SecretString);

impl PeerKey {
    /// Wraps a secret.
    ///
    /// # Errors
    /// [`InvalidPeerKey::Short`].
    pub fn new(secret: SecretString) -> Result<Self, InvalidPeerKey> {
        if secret.expose_secret().len() < SHORTEST {
            return Err(InvalidPeerKey::Short);
        }
        Ok(Self(secret))
    }

    /// Returns the digest by which the other services know the key.
    pub fn digest(&self) -> PeerDigest {
        PeerDigest::of(self.0.expose_secret())
    }
}

impl fmt::Debug for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeerKey")
    }
}

/// The SHA-256 digest of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerDigest([u8; 32]);

impl PeerDigest {
    fn of(secret: &str) -> Self {
        let digest = digest::digest(&digest::SHA256, secret.as_bytes());
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(digest.as_ref()) {
            *to = *from;
        }
        Self(bytes)
    }

    /// Compares in constant time, which reveals nothing of the content.
    fn is(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl fmt::Display for PeerDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for PeerDigest {
    type Err = InvalidPeerKey;

    fn from_str(text: &str) -> Result<Self, InvalidPeerKey> {
        let mut bytes = [0; 32];
        let mut digits = text.bytes().map(|digit| char::from(digit).to_digit(16));
        for byte in &mut bytes {
            let (Some(Some(high)), Some(Some(low))) = (digits.next(), digits.next()) else {
                return Err(InvalidPeerKey::Digest);
            };
            *byte = u8::try_from(high << 4 | low).map_err(|_| InvalidPeerKey::Digest)?;
        }
        match digits.next() {
            None => Ok(Self(bytes)),
            Some(_) => Err(InvalidPeerKey::Digest),
        }
    }
}

/// Wraps a service for calls from other services over the network: a call without a known key is
/// unauthenticated.
pub fn peer_door(service: GrpcService, known: Vec<(Peer, PeerDigest)>) -> GrpcService {
    GrpcService::of(move |mut request: Request| {
        let peer = bearer(&request).and_then(|secret| {
            let presented = PeerDigest::of(secret);
            let mut known = known.iter();
            known
                .find(|(_, digest)| digest.is(&presented))
                .map(|(peer, _)| *peer)
        });
        pass(&mut request, peer);
        service.answer(request)
    })
}

/// Returns a channel to a service in this process, as another service calls it, through its whole
/// stack.
pub fn in_process_as(peer: Peer, service: GrpcService) -> Channel {
    crate::in_process(GrpcService::of(move |mut request: Request| {
        pass(&mut request, Some(peer));
        service.answer(request)
    }))
}

/// Removes the credential, which goes no further, and stores the calling service.
fn pass(request: &mut Request, peer: Option<Peer>) {
    request.headers_mut().remove(AUTHORIZATION);
    request.extensions_mut().insert(AtPeerDoor(peer));
}

/// Mutual TLS between services, in PEM.
#[derive(Clone)]
pub struct PeerTls {
    /// The authority that signed all certificates.
    pub authority: Vec<u8>,
    /// The certificate chain of this service.
    pub certificate: Vec<u8>,
    /// Its private key.
    pub key: Vec<u8>,
}

impl fmt::Debug for PeerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeerTls")
    }
}

/// Returns a channel to the peer door of a service at a URL, whose host may have many addresses.
///
/// # Errors
/// The URL or a certificate is malformed.
pub fn over_tcp_as(
    key: &PeerKey,
    url: &str,
    tls: Option<&PeerTls>,
) -> Result<Channel, EndpointError> {
    let tls = tls.map_or_else(Tls::default, |tls| Tls {
        authority: Some(Certificate::from_pem(&tls.authority)),
        identity: Some(Identity::from_pem(&tls.certificate, &tls.key)),
    });
    let bearer = format!("Bearer {}", key.0.expose_secret());
    let channel = balanced(url, &tls)?.map_request(move |mut request: http::Request<Body>| {
        if let Ok(mut value) = HeaderValue::from_str(&bearer) {
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        request
    });
    Ok(BoxCloneSyncService::new(channel))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_back() {
        let key = PeerKey::new("a".repeat(32).into()).unwrap();
        let digest = key.digest();
        assert_eq!(digest.to_string().parse::<PeerDigest>().unwrap(), digest);
        for text in ["", "0", &"g".repeat(64), &"0".repeat(63), &"0".repeat(65)] {
            assert!(text.parse::<PeerDigest>().is_err(), "{text}");
        }
        assert!(PeerKey::new("a".repeat(31).into()).is_err());
    }
}
