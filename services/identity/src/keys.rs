//! Authentication, from this service's own tables.

use std::sync::Arc;

use async_trait::async_trait;
use authz::{Account, Undecided};
use aws_lc_rs::constant_time;
use identity_core::KeySecret;
use rpc::{Authenticator, Credential};
use store::{Store, StoreError};
use types::Subject;

use crate::{
    secret,
    store::keys::{self, Key},
};

/// An authenticator that looks keys up in the store every time: deleting a key takes effect
/// immediately.
pub(crate) struct StoredKeys(pub(crate) Store);

impl StoredKeys {
    pub(crate) async fn owner(
        &self,
        presented: Credential<'_>,
    ) -> Result<Option<Arc<Account>>, StoreError> {
        self.0.present()?;
        let key = match presented {
            Credential::Secret(secret) => self.by_secret(secret).await?,
            Credential::Oidc(identity) => keys::find_by_oidc(self.0.reader(), identity).await?,
        };
        let now = self.0.clock().now();
        let valid = key.filter(|key| key.active && now < key.expire);
        Ok(valid.map(|key| Account::new(Subject::ServiceAccount(key.service_account), &key.id)))
    }

    async fn by_secret(&self, presented: &str) -> Result<Option<Key>, StoreError> {
        let Ok(parsed) = KeySecret::parse(presented) else {
            return Ok(None);
        };
        let found = keys::find_by_id(self.0.reader(), &parsed.key).await?;
        let hash = secret::hash(presented);
        Ok(found.filter(|key| {
            constant_time::verify_slices_are_equal(&key.secret_sha256, &hash).is_ok()
        }))
    }
}

#[async_trait]
impl Authenticator for StoredKeys {
    async fn authenticate(
        &self,
        credential: Credential<'_>,
    ) -> Result<Option<Arc<Account>>, Undecided> {
        let owner = self.owner(credential).await;
        owner.map_err(|error| Undecided(error.into()))
    }
}
