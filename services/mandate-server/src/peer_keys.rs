//! The keys with which services call each other, if each runs in its own process.

use std::{fs, path::Path};

use api::Peer;
use rpc::{PeerDigest, PeerKey};
use runtime::{read_secret, secret_in};
use secrecy::ExposeSecret;

use crate::ServerError;

/// The folder of the keys, in a folder of secrets.
const PEER_KEY_FOLDER: &str = "peers";

/// The key of one service, and the digests of the others' keys.
#[derive(Debug, Clone)]
pub struct PeerKeys {
    /// The key of the service.
    pub own: PeerKey,
    /// The digests of the keys of the others.
    pub known: Vec<(Peer, PeerDigest)>,
}

impl PeerKeys {
    /// Reads the key of a service in a folder of secrets, `peers/SERVICE.key`, and the digest of
    /// each other service, `peers/OTHER.sha256`.
    ///
    /// # Errors
    /// A file cannot be read, or is malformed.
    pub fn read(folder: &Path, service: Peer) -> Result<Self, ServerError> {
        let folder = folder.join(PEER_KEY_FOLDER);
        let own = read_secret(&folder.join(format!("{}.key", service.name())))
            .map_err(ServerError::from_error)?;
        let others = Peer::ALL.into_iter().filter(|peer| *peer != service);
        let known = others.map(|peer| {
            let path = folder.join(format!("{}.sha256", peer.name()));
            let text = read_secret(&path).map_err(ServerError::from_error)?;
            let digest = text.expose_secret().parse();
            let digest = digest
                .map_err(|error| ServerError::usage(format!("`{}`: {error}", path.display())))?;
            Ok((peer, digest))
        });
        Ok(Self {
            own: PeerKey::new(own).map_err(ServerError::from_error)?,
            known: known.collect::<Result<_, ServerError>>()?,
        })
    }

    /// Creates the missing keys of all services, and their digests, in a folder of secrets.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn make(folder: &Path) -> Result<(), ServerError> {
        let folder = folder.join(PEER_KEY_FOLDER);
        fs::create_dir_all(&folder).map_err(ServerError::from_error)?;
        for peer in Peer::ALL {
            let key = secret_in(&folder.join(format!("{}.key", peer.name())), "");
            let key = PeerKey::new(key.map_err(ServerError::from_error)?)
                .map_err(ServerError::from_error)?;
            let digest = key.digest().to_string();
            fs::write(folder.join(format!("{}.sha256", peer.name())), digest)
                .map_err(ServerError::from_error)?;
        }
        Ok(())
    }
}
