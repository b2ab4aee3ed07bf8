//! The first service account: without it nobody could grant anything.

use api::identity::v1::{ServiceAccount, ServiceAccountState};
use authz::Permit;
use identity_core::{KeySecret, ROOT};
use secrecy::{ExposeSecret, SecretString};
use types::{Id, KeyName, ServiceAccountId, UnixTime};

use store::{Store, StoreError};

use crate::{
    secret,
    store::{
        keys::{self, Proof},
        root_keys, service_accounts,
    },
};

/// Creates the first service account and its key, unless they exist. A new root key in the file
/// replaces the previous one. A root key that was deleted stays deleted, until the file holds
/// another one.
pub(crate) async fn ensure(store: &Store, root_key: &SecretString) -> Result<(), StoreError> {
    let key = KeySecret::parse(root_key.expose_secret())
        .map_err(|_| StoreError::Corrupt("the root key is not of the form `mk_ID_RANDOM`".into()))?
        .key;
    let root = ServiceAccountId::parse(ROOT)?;
    let hash = secret::hash(root_key.expose_secret());
    let name = KeyName {
        service_account: root.clone(),
        key,
    };
    let mut tx = store.begin_internal(&Permit::system("bootstrap")).await?;
    // The log lock makes replicas that start at the same time wait for each other.
    tx.lock_log().await?;
    let is_known = !root_keys::note(&tx, &hash).await?;
    let exists = service_accounts::find(tx.connection(), &root)
        .await?
        .is_some();
    let current = keys::find_by_id(tx.connection(), &name.key).await?;
    let is_current = exists && current.is_some_and(|key| key.secret_sha256 == hash);
    match (is_current, is_known) {
        (true, true) => return Ok(()),
        (false, true) => {
            tracing::error!("the root key was deleted; write another one to its file");
            return Ok(());
        }
        // The key is older than the record of root keys.
        (true, false) => {
            tx.commit().await?;
            return Ok(());
        }
        (false, false) => {}
    }
    if !exists {
        let account = ServiceAccount {
            display_name: "The first service account".to_owned(),
            state: ServiceAccountState::Active.into(),
            ..ServiceAccount::default()
        };
        service_accounts::insert(&mut tx, &root, &account).await?;
    }
    for key in keys::page(tx.connection(), &root, "", 1000).await? {
        let key = KeyName::parse_name(&key.name)?;
        keys::delete(&mut tx, &key).await?;
    }
    keys::insert(&mut tx, &name, Proof::Secret(&hash), UnixTime::MAX).await?;
    tx.commit().await?;
    Ok(())
}
