//! The keys with which services call each other, where each runs by itself.

use std::{fs, path::Path};

use api::Peer;
use boot::{read_secret, secret_in};
use rpc::{PeerDigest, PeerKey};
use secrecy::ExposeSecret;

use super::failed;
use crate::exit::Failure;

/// The folder of the keys, in a folder of secrets.
const FOLDER: &str = "peers";

/// The key of one service, and what it knows the keys of the others by.
#[derive(Debug, Clone)]
pub struct PeerKeys {
    /// Its own.
    pub own: PeerKey,
    /// The digests of those of the others.
    pub known: Vec<(Peer, PeerDigest)>,
}

impl PeerKeys {
    /// Reads the key of a service in a folder of secrets, `peers/SERVICE.key`, and for each of the
    /// others `peers/OTHER.sha256`.
    ///
    /// # Errors
    /// A file cannot be read, or is not what it is to be.
    pub fn read(folder: &Path, service: Peer) -> Result<Self, Failure> {
        let folder = folder.join(FOLDER);
        let own = read_secret(&folder.join(format!("{}.key", service.name()))).map_err(failed)?;
        let others = Peer::ALL.into_iter().filter(|peer| *peer != service);
        let known = others.map(|peer| {
            let path = folder.join(format!("{}.sha256", peer.name()));
            let text = read_secret(&path).map_err(failed)?;
            let digest = text.expose_secret().parse();
            let digest =
                digest.map_err(|error| Failure::usage(format!("`{}`: {error}", path.display())))?;
            Ok((peer, digest))
        });
        Ok(Self {
            own: PeerKey::new(own).map_err(failed)?,
            known: known.collect::<Result<_, Failure>>()?,
        })
    }

    /// Makes the keys of all services and their digests in a folder of secrets, where they are not
    /// there.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn make(folder: &Path) -> Result<(), Failure> {
        let folder = folder.join(FOLDER);
        fs::create_dir_all(&folder).map_err(failed)?;
        for peer in Peer::ALL {
            let key = secret_in(&folder.join(format!("{}.key", peer.name())), "");
            let key = PeerKey::new(key.map_err(failed)?).map_err(failed)?;
            let digest = key.digest().to_string();
            fs::write(folder.join(format!("{}.sha256", peer.name())), digest).map_err(failed)?;
        }
        Ok(())
    }
}
