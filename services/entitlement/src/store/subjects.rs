//! Users and service accounts, projected from identity.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use store::{StoreError, WriteTx, new_row};

use super::{CHUNK, history, table};

table!("p_subjects", key { name: String }, { active: bool });
pub(crate) use row::Model as Row;
use row::{Column, Entity};

/// Writes the latest states.
pub(crate) async fn put(tx: &WriteTx, rows: Vec<Row>) -> Result<(), StoreError> {
    for row in &rows {
        history::begin(tx, history::SUBJECT, ("", "", &row.name), row)?;
    }
    for chunk in rows.chunks(CHUNK) {
        Entity::insert_many(chunk.iter().cloned().map(new_row::<row::ActiveModel, _>))
            .on_conflict(
                OnConflict::column(Column::Name)
                    .update_column(Column::Active)
                    .to_owned(),
            )
            .exec_without_returning(tx.connection())
            .await?;
    }
    Ok(())
}

/// Returns the subjects with these names that exist.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    names: &[String],
) -> Result<Vec<Row>, StoreError> {
    let mut found = Vec::new();
    for chunk in names.chunks(CHUNK) {
        let names = Column::Name.is_in(chunk);
        found.extend(Entity::find().filter(names).all(db).await?);
    }
    Ok(found)
}
