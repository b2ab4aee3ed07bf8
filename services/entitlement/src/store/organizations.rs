//! Organizations, projected from membership.

use sea_orm::{ConnectionTrait, EntityTrait, sea_query::OnConflict};
use store::{StoreError, WriteTx, new_row};
use types::{Id, OrganizationId};

use super::{history, table};

table!("p_organizations", key { id: String }, { active: bool, subscription_required: bool });
pub(crate) use row::Model as Row;
use row::{Column, Entity};

/// Writes the latest states.
pub(crate) async fn put(tx: &WriteTx, rows: Vec<Row>) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    for row in &rows {
        history::begin(tx, history::ORGANIZATION, (&row.id, "", &row.id), row)?;
    }
    Entity::insert_many(rows.into_iter().map(new_row::<row::ActiveModel, _>))
        .on_conflict(
            OnConflict::column(Column::Id)
                .update_columns([Column::Active, Column::SubscriptionRequired])
                .to_owned(),
        )
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}

/// Returns an organization.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
) -> Result<Option<Row>, StoreError> {
    Ok(Entity::find_by_id(organization.as_str()).one(db).await?)
}
