//! Credentials of service accounts: the owner of a credential, and its validity.

use std::{sync::Arc, task::Poll};

use ::rpc::{Authenticator, Credential};
use async_trait::async_trait;
use authz::{Account, Caller, Context, Undecided};
use aws_lc_rs::{constant_time, digest};
use types::OidcIdentity;

use super::Engine;
use crate::{
    error::Error,
    facts::{FactKey, FactSnapshot, Key},
};

impl Engine {
    /// Checks that the credential of a call is still valid. A stream outlives the time at which its
    /// credential was presented.
    pub(crate) async fn still_valid(&self, context: &Context) -> Result<bool, Error> {
        let Caller::Subject(caller) = &context.caller else {
            return Ok(true);
        };
        if caller.credential.is_empty() {
            return Ok(true);
        }
        if caller.until.is_some_and(|until| until <= self.clock.now()) {
            return Ok(false);
        }
        let valid = self.facts.read(|world| {
            let Some(key) = world.key(&caller.credential) else {
                return Ok(false);
            };
            self.is_valid(world, key)
        });
        Ok(valid.await?)
    }

    /// Returns the account that a credential proves, if the credential is valid.
    fn owner(
        &self,
        world: &FactSnapshot,
        presented: &Presented<'_>,
    ) -> Result<Option<Arc<Account>>, Vec<FactKey>> {
        let Some(key) = presented.key(world) else {
            return Ok(None);
        };
        let valid = self.is_valid(world, key)?;
        Ok(valid.then(|| key.account.clone()))
    }

    fn is_valid(&self, world: &FactSnapshot, key: &Key) -> Result<bool, Vec<FactKey>> {
        let account = world.subject(&key.account.name)?;
        let active = account.is_some_and(|account| account.active);
        Ok(active && self.clock.now() < key.expire)
    }
}

#[async_trait]
impl Authenticator for Engine {
    fn recall(&self, credential: Credential<'_>) -> Poll<Option<Arc<Account>>> {
        let presented = Presented::read(credential);
        match self.facts.try_read(|world| self.owner(world, &presented)) {
            Some(Ok(owner)) => Poll::Ready(owner),
            Some(Err(_)) | None => Poll::Pending,
        }
    }

    async fn authenticate(
        &self,
        credential: Credential<'_>,
    ) -> Result<Option<Arc<Account>>, Undecided> {
        let presented = Presented::read(credential);
        let owner = self.facts.read(|world| self.owner(world, &presented));
        owner.await.map_err(|error| Undecided(error.into()))
    }
}

/// A credential in the form in which it is compared.
enum Presented<'a> {
    /// `mk_{key}_{random}`.
    Secret {
        /// The id in the secret; no key has an empty id.
        id: &'a str,
        digest: digest::Digest,
    },
    Oidc(&'a OidcIdentity),
}

impl<'a> Presented<'a> {
    fn read(credential: Credential<'a>) -> Self {
        let secret = match credential {
            Credential::Secret(secret) => secret,
            Credential::Oidc(identity) => return Self::Oidc(identity),
        };
        let parts = secret
            .strip_prefix("mk_")
            .and_then(|rest| rest.split_once('_'));
        Self::Secret {
            id: parts.map_or("", |(id, _)| id),
            digest: digest::digest(&digest::SHA256, secret.as_bytes()),
        }
    }

    /// Returns the key that the credential proves.
    fn key<'w>(&self, world: &'w FactSnapshot) -> Option<&'w Key> {
        match self {
            Self::Secret { id, digest } => world.key(id).filter(|key| {
                let (own, presented) = (&key.secret_sha256, digest.as_ref());
                constant_time::verify_slices_are_equal(own, presented).is_ok()
            }),
            Self::Oidc(identity) => world.key_of(identity),
        }
    }
}
