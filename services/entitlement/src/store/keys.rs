//! Keys of service accounts, projected from identity.

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::OnConflict,
};
use store::{StoreError, WriteTx, new_row};

use super::{CHUNK, table};

table!("p_keys", key { id: String }, {
    service_account: String,
    secret_sha256: Vec<u8>,
    expire_ms: i64,
    oidc: Option<String>,
});
pub(crate) use row::Model as Row;
use row::{Column, Entity};

/// Writes the latest state of a key.
pub(crate) async fn put(tx: &WriteTx, row: Row) -> Result<(), StoreError> {
    Entity::insert(new_row::<row::ActiveModel, _>(row))
        .on_conflict(
            OnConflict::column(Column::Id)
                .update_columns([
                    Column::ServiceAccount,
                    Column::SecretSha256,
                    Column::ExpireMs,
                    Column::Oidc,
                ])
                .to_owned(),
        )
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}

/// Deletes a key.
pub(crate) async fn delete(tx: &WriteTx, id: &str) -> Result<(), StoreError> {
    Entity::delete_by_id(id).exec(tx.connection()).await?;
    Ok(())
}

/// Returns the ids of all keys.
pub(crate) async fn ids(db: &impl ConnectionTrait) -> Result<Vec<String>, StoreError> {
    let ids = Entity::find().select_only().column(Column::Id);
    Ok(ids.into_tuple().all(db).await?)
}

/// Returns the keys with these ids that exist.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    ids: &[String],
) -> Result<Vec<Row>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let ids = Column::Id.is_in(chunk);
        found.extend(Entity::find().filter(ids).all(db).await?);
    }
    Ok(found)
}
