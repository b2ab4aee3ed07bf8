//! Keys of service accounts: who presents one, and whether it is still valid.

use std::{sync::Arc, task::Poll};

use ::rpc::Authenticator;
use async_trait::async_trait;
use authority::{Account, Caller, Context, Undecided};
use aws_lc_rs::{constant_time, digest};

use super::Engine;
use crate::{
    error::Error,
    facts::{Key, Piece, World},
};

impl Engine {
    /// Whether the credential of a call is still valid: a stream outlives the moment at which
    /// it was presented.
    pub(crate) async fn still_valid(&self, context: &Context) -> Result<bool, Error> {
        let Caller::Subject(caller) = &context.caller else {
            return Ok(true);
        };
        if caller.credential.is_empty() {
            return Ok(true);
        }
        let valid = self.facts.read(|world| {
            let Some(key) = world.key(&caller.credential) else {
                return Ok(false);
            };
            self.is_valid(world, key)
        });
        Ok(valid.await?)
    }

    /// Whose key this is, if it is valid.
    fn owner(
        &self,
        world: &World,
        presented: &Presented<'_>,
    ) -> Result<Option<Arc<Account>>, Vec<Piece>> {
        let Some(key) = world.key(presented.id) else {
            return Ok(None);
        };
        let (own, presented) = (&key.secret_sha256, presented.digest.as_ref());
        let equal = constant_time::verify_slices_are_equal(own, presented).is_ok();
        let valid = equal && self.is_valid(world, key)?;
        Ok(valid.then(|| key.account.clone()))
    }

    fn is_valid(&self, world: &World, key: &Key) -> Result<bool, Vec<Piece>> {
        let account = world.subject(&key.account.name)?;
        let active = account.is_some_and(|account| account.active);
        Ok(active && self.clock.now() < key.expire)
    }
}

#[async_trait]
impl Authenticator for Engine {
    fn recall(&self, secret: &str) -> Poll<Option<Arc<Account>>> {
        let presented = Presented::read(secret);
        match self.facts.try_read(|world| self.owner(world, &presented)) {
            Some(Ok(owner)) => Poll::Ready(owner),
            Some(Err(_)) | None => Poll::Pending,
        }
    }

    async fn authenticate(&self, secret: &str) -> Result<Option<Arc<Account>>, Undecided> {
        let presented = Presented::read(secret);
        let owner = self.facts.read(|world| self.owner(world, &presented));
        owner.await.map_err(|error| Undecided(error.into()))
    }
}

/// A key as it is presented: `mk_{key}_{random}`.
struct Presented<'a> {
    /// The id in it; none is empty.
    id: &'a str,
    digest: digest::Digest,
}

impl<'a> Presented<'a> {
    fn read(secret: &'a str) -> Self {
        let parts = secret
            .strip_prefix("mk_")
            .and_then(|rest| rest.split_once('_'));
        Self {
            id: parts.map_or("", |(id, _)| id),
            digest: digest::digest(&digest::SHA256, secret.as_bytes()),
        }
    }
}
