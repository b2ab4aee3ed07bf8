//! Contacts at the operator for the people of an organization, projected from membership. Read only
//! when a call is refused.

use ::rpc::Help;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use store::{StoreError, WriteTx, new_row};
use types::{Id, OrganizationId};

use super::table;

// `uri` is empty if there is no contact.
table!("p_representatives", key { organization: String }, { display_name: String, uri: String });
pub(crate) use row::Model as Row;
use row::{Column, Entity};

/// Writes the latest states.
pub(crate) async fn put(tx: &WriteTx, rows: Vec<Row>) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    Entity::insert_many(rows.into_iter().map(new_row::<row::ActiveModel, _>))
        .on_conflict(
            OnConflict::column(Column::Organization)
                .update_columns([Column::DisplayName, Column::Uri])
                .to_owned(),
        )
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}

/// Returns the contact of an organization, or that of the operator organization if it has none.
// SPEC: S0-9.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
) -> Result<Option<Help>, StoreError> {
    let operator = OrganizationId::operator();
    let names = [organization.as_str(), operator.as_str()];
    let mut rows = Entity::find()
        .filter(Column::Organization.is_in(names))
        .filter(Column::Uri.ne(""))
        .all(db)
        .await?;
    rows.sort_by_key(|row| row.organization != organization.as_str());
    let found = rows.into_iter().next();
    Ok(found.map(|row| Help {
        description: row.display_name,
        url: row.uri,
    }))
}
