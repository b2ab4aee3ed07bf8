//! Resources, projected from membership.

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use store::{StoreError, WriteTx, new_row};
use types::{Id, OrganizationId};

use super::{MAX_ROWS_PER_STATEMENT, history, table};

table!("p_resources", key { organization: String, id: String }, {
    unit: String,
    kind: Option<String>,
    // Absent in history rows of earlier versions.
    #[serde(default)]
    uid: String,
});
pub(crate) use row::Model as Row;
use row::{Column, Entity};

impl Row {
    /// Returns its name within the organization.
    pub(crate) fn place(&self) -> String {
        format!("resources/{}", self.id)
    }
}

/// Writes the latest states.
pub(crate) async fn put(tx: &WriteTx, rows: Vec<Row>) -> Result<(), StoreError> {
    for row in &rows {
        history::begin(
            tx,
            history::RESOURCE,
            (&row.organization, &row.unit, &row.id),
            row,
        )?;
    }
    for chunk in rows.chunks(MAX_ROWS_PER_STATEMENT) {
        Entity::insert_many(chunk.iter().cloned().map(new_row::<row::ActiveModel, _>))
            .on_conflict(
                OnConflict::columns([Column::Organization, Column::Id])
                    .update_columns([Column::Unit, Column::Kind, Column::Uid])
                    .to_owned(),
            )
            .exec_without_returning(tx.connection())
            .await?;
    }
    Ok(())
}

/// Deletes a resource.
pub(crate) async fn delete(tx: &WriteTx, organization: &str, id: &str) -> Result<(), StoreError> {
    history::end(tx, history::RESOURCE, organization, id);
    let key = (organization.to_owned(), id.to_owned());
    Entity::delete_by_id(key).exec(tx.connection()).await?;
    Ok(())
}

/// Returns resources of an organization, at most `limit`.
pub(crate) async fn some(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    limit: u64,
) -> Result<Vec<Row>, StoreError> {
    let own = Column::Organization.eq(organization.as_str());
    Ok(Entity::find().filter(own).limit(limit).all(db).await?)
}

/// Returns the resources with these ids that exist in an organization.
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

/// Returns the resources of an organization after one, in the order of their units and ids.
pub(crate) async fn after(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    (unit, id): (&str, &str),
    limit: u64,
) -> Result<Vec<Row>, StoreError> {
    let place = Expr::tuple([Expr::col(Column::Unit), Expr::col(Column::Id)]);
    let rows = Entity::find()
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(place.gt(Expr::tuple([Expr::val(unit), Expr::val(id)])))
        .order_by_asc(Column::Unit)
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows)
}
