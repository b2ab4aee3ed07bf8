//! Whose key is whose, from this service's own tables.

use std::sync::Arc;

use async_trait::async_trait;
use authority::{Account, Undecided};
use aws_lc_rs::constant_time;
use base::{Id, Subject};
use identity_core::KeySecret;
use rpc::Authenticator;
use store::{Store, StoreError};

use crate::{secret, store::keys};

/// Looks keys up in the store, at each call: a key that is deleted is dead at once.
pub(crate) struct StoredKeys(pub(crate) Store);

impl StoredKeys {
    pub(crate) async fn owner(&self, presented: &str) -> Result<Option<Arc<Account>>, StoreError> {
        let Ok(parsed) = KeySecret::parse(presented) else {
            return Ok(None);
        };
        let Some(key) = keys::find_by_id(self.0.reader(), &parsed.key).await? else {
            return Ok(None);
        };
        let equal =
            constant_time::verify_slices_are_equal(&key.secret_sha256, &secret::hash(presented));
        if equal.is_err() || !key.active || key.expire <= self.0.clock().now() {
            return Ok(None);
        }
        let owner = Subject::ServiceAccount(key.service_account);
        Ok(Some(Account::new(owner, parsed.key.as_str())))
    }
}

#[async_trait]
impl Authenticator for StoredKeys {
    async fn authenticate(&self, presented: &str) -> Result<Option<Arc<Account>>, Undecided> {
        self.owner(presented)
            .await
            .map_err(|error| Undecided(error.into()))
    }
}
