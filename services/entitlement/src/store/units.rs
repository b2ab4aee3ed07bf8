//! Units, projected from membership.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use store::{StoreError, WriteTx, new_row};
use types::{Id, OrganizationId};

use super::{MAX_ROWS_PER_STATEMENT, history, table};

// `parent` is empty at the root.
table!("p_units", key { organization: String, id: String }, {
    parent: String,
    // Absent in history rows of earlier versions.
    #[serde(default)]
    uid: String,
});
pub(crate) use row::Model as Row;
use row::{Column, Entity};

impl Row {
    /// Returns its name within the organization.
    pub(crate) fn place(&self) -> String {
        format!("units/{}", self.id)
    }
}

/// Writes the latest states.
pub(crate) async fn put(tx: &WriteTx, rows: Vec<Row>) -> Result<(), StoreError> {
    for row in &rows {
        history::begin(
            tx,
            history::UNIT,
            (&row.organization, &row.parent, &row.id),
            row,
        )?;
    }
    for chunk in rows.chunks(MAX_ROWS_PER_STATEMENT) {
        Entity::insert_many(chunk.iter().cloned().map(new_row::<row::ActiveModel, _>))
            .on_conflict(
                OnConflict::columns([Column::Organization, Column::Id])
                    .update_columns([Column::Parent, Column::Uid])
                    .to_owned(),
            )
            .exec_without_returning(tx.connection())
            .await?;
    }
    Ok(())
}

/// Deletes a unit.
pub(crate) async fn delete(tx: &WriteTx, organization: &str, id: &str) -> Result<(), StoreError> {
    history::end(tx, history::UNIT, organization, id);
    let key = (organization.to_owned(), id.to_owned());
    Entity::delete_by_id(key).exec(tx.connection()).await?;
    Ok(())
}

/// Returns all units of an organization.
pub(crate) async fn all(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
) -> Result<Vec<Row>, StoreError> {
    let own = Column::Organization.eq(organization.as_str());
    Ok(Entity::find().filter(own).all(db).await?)
}

/// Returns the units with these ids that exist in an organization.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    ids: &[&str],
) -> Result<Vec<Row>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(MAX_ROWS_PER_STATEMENT) {
        let rows = Entity::find()
            .filter(Column::Organization.eq(organization.as_str()))
            .filter(Column::Id.is_in(chunk.iter().copied()))
            .all(db)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}
