//! Keys of service accounts: hashed secrets, and OIDC identities.

use ::store::{StoreError, WriteTx, new_row};
use api::identity::v1::{ServiceAccountKey, ServiceAccountKeyChange, change::Entity};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use service::{etag, timestamp};
use types::{Id, KeyId, KeyName, OidcIdentity, ServiceAccountId, UnixTime};

use super::{emit, service_accounts};

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub service_account: String,
        pub secret_sha256: Vec<u8>,
        pub expire_ms: i64,
        pub create_ms: i64,
        pub oidc: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

use entity::Column;

/// The proof of ownership of a key.
pub(crate) enum Proof<'a> {
    /// A secret, by its hash.
    Secret(&'a [u8]),
    /// Tokens of an issuer.
    Oidc(&'a OidcIdentity),
}

/// A stored credential and its owner.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) service_account: ServiceAccountId,
    /// Empty, which is the hash of nothing, if the key is an OIDC identity.
    pub(crate) secret_sha256: Vec<u8>,
    pub(crate) expire: UnixTime,
    /// True if the service account is active.
    pub(crate) active: bool,
}

/// Inserts a key and returns it as stored.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    name: &KeyName,
    proof: Proof<'_>,
    expire: UnixTime,
) -> Result<ServiceAccountKey, StoreError> {
    let (secret_sha256, oidc) = match proof {
        Proof::Secret(hash) => (hash.to_vec(), None),
        Proof::Oidc(identity) => (Vec::new(), Some(identity.to_string())),
    };
    let row = entity::Model {
        id: name.key.as_str().to_owned(),
        service_account: name.service_account.as_str().to_owned(),
        secret_sha256,
        expire_ms: expire.0,
        create_ms: tx.now().0,
        oidc,
    };
    entity::Entity::insert(new_row::<entity::ActiveModel, _>(row.clone()))
        .exec_without_returning(tx.connection())
        .await?;
    let key = key(&row)?;
    let change = ServiceAccountKeyChange {
        name: name.to_string(),
        secret_sha256: row.secret_sha256,
        expire_time_ms: if expire == UnixTime::MAX { 0 } else { expire.0 },
        deleted: false,
        oidc: key.oidc.clone(),
    };
    emit(tx, name.to_string(), Entity::Key(change));
    Ok(key)
}

/// Returns the credential with an id, of any service account.
pub(crate) async fn find_by_id(
    db: &impl ConnectionTrait,
    id: &KeyId,
) -> Result<Option<Key>, StoreError> {
    find_credential(db, entity::Entity::find_by_id(id.as_str())).await
}

/// Returns the credential of an OIDC identity.
pub(crate) async fn find_by_oidc(
    db: &impl ConnectionTrait,
    identity: &OidcIdentity,
) -> Result<Option<Key>, StoreError> {
    let known = entity::Entity::find().filter(Column::Oidc.eq(identity.as_str()));
    find_credential(db, known).await
}

async fn find_credential(
    db: &impl ConnectionTrait,
    found: Select<entity::Entity>,
) -> Result<Option<Key>, StoreError> {
    let Some(row) = found.one(db).await? else {
        return Ok(None);
    };
    let account = service_accounts::entity::Entity::find_by_id(row.service_account.as_str())
        .one(db)
        .await?;
    Ok(Some(Key {
        id: row.id,
        service_account: ServiceAccountId::parse(&row.service_account)?,
        secret_sha256: row.secret_sha256,
        expire: UnixTime(row.expire_ms),
        active: account.is_some_and(|account| account.active),
    }))
}

/// Returns a key of a service account.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    name: &KeyName,
) -> Result<Option<ServiceAccountKey>, StoreError> {
    let row = entity::Entity::find_by_id(name.key.as_str())
        .filter(Column::ServiceAccount.eq(name.service_account.as_str()))
        .one(db)
        .await?;
    row.as_ref().map(key).transpose()
}

/// Returns a page of the keys of a service account after an id, ordered by id.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    service_account: &ServiceAccountId,
    after: &str,
    limit: u64,
) -> Result<Vec<ServiceAccountKey>, StoreError> {
    let rows = entity::Entity::find()
        .filter(Column::ServiceAccount.eq(service_account.as_str()))
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    rows.iter().map(key).collect()
}

/// Deletes a key.
pub(crate) async fn delete(tx: &mut WriteTx, name: &KeyName) -> Result<(), StoreError> {
    entity::Entity::delete_many()
        .filter(Column::Id.eq(name.key.as_str()))
        .filter(Column::ServiceAccount.eq(name.service_account.as_str()))
        .exec(tx.connection())
        .await?;
    let change = ServiceAccountKeyChange {
        name: name.to_string(),
        deleted: true,
        ..ServiceAccountKeyChange::default()
    };
    emit(tx, name.to_string(), Entity::Key(change));
    Ok(())
}

fn key(row: &entity::Model) -> Result<ServiceAccountKey, StoreError> {
    let oidc = row.oidc.as_deref().map(OidcIdentity::parse).transpose();
    let oidc = oidc.map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok(ServiceAccountKey {
        name: format!("serviceAccounts/{}/keys/{}", row.service_account, row.id),
        expire_time: timestamp(UnixTime(row.expire_ms)),
        create_time: timestamp(UnixTime(row.create_ms)),
        etag: etag(1),
        oidc: oidc.map(|identity| api::identity::v1::OidcIdentity {
            issuer: identity.issuer().to_owned(),
            subject: identity.subject().to_owned(),
        }),
    })
}
