//! Keys of service accounts, as identity tells of them.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use store::{StoreError, WriteTx, new_row};

use super::table;

table!("p_keys", key { id: String }, {
    service_account: String,
    secret_sha256: Vec<u8>,
    expire_ms: i64,
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
                ])
                .to_owned(),
        )
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}

/// Forgets a key.
pub(crate) async fn delete(tx: &WriteTx, id: &str) -> Result<(), StoreError> {
    Entity::delete_by_id(id).exec(tx.connection()).await?;
    Ok(())
}

/// Those of the ids that exist.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    ids: &[String],
) -> Result<Vec<Row>, StoreError> {
    Ok(Entity::find().filter(Column::Id.is_in(ids)).all(db).await?)
}
