//! Memberships, projected from membership.

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::OnConflict,
};
use store::{StoreError, WriteTx, new_row};
use types::{Id, OrganizationId};

use super::{MAX_ROWS_PER_STATEMENT, history, table};

table!("p_members", key { organization: String, id: String }, {
    subject: String,
    active: bool,
    subscription_active: bool,
    // Absent in history rows of earlier versions.
    #[serde(default)]
    uid: String,
});
pub(crate) use row::Model as Row;
use row::{Column, Entity};

impl Row {
    /// Returns its name within the organization.
    pub(crate) fn place(&self) -> String {
        format!("memberships/{}", self.id)
    }
}

/// Writes the latest states.
pub(crate) async fn put(tx: &WriteTx, rows: Vec<Row>) -> Result<(), StoreError> {
    for row in &rows {
        history::begin(
            tx,
            history::MEMBER,
            (&row.organization, &row.subject, &row.id),
            row,
        )?;
    }
    for chunk in rows.chunks(MAX_ROWS_PER_STATEMENT) {
        Entity::insert_many(chunk.iter().cloned().map(new_row::<row::ActiveModel, _>))
            .on_conflict(
                OnConflict::columns([Column::Organization, Column::Id])
                    .update_columns([
                        Column::Subject,
                        Column::Active,
                        Column::SubscriptionActive,
                        Column::Uid,
                    ])
                    .to_owned(),
            )
            .exec_without_returning(tx.connection())
            .await?;
    }
    Ok(())
}

/// Deletes a membership.
pub(crate) async fn delete(tx: &WriteTx, organization: &str, id: &str) -> Result<(), StoreError> {
    history::end(tx, history::MEMBER, organization, id);
    let key = (organization.to_owned(), id.to_owned());
    Entity::delete_by_id(key).exec(tx.connection()).await?;
    Ok(())
}

/// Returns the memberships with these ids that exist in an organization.
pub(crate) async fn of_ids(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    ids: &[&str],
) -> Result<Vec<Row>, StoreError> {
    of(db, organization, Column::Id, ids).await
}

/// Returns memberships of an organization, at most `limit`.
pub(crate) async fn some(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    limit: u64,
) -> Result<Vec<Row>, StoreError> {
    let own = Column::Organization.eq(organization.as_str());
    Ok(Entity::find().filter(own).limit(limit).all(db).await?)
}

/// Returns the memberships of these subjects in an organization.
pub(crate) async fn of_subjects(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    subjects: &[&str],
) -> Result<Vec<Row>, StoreError> {
    of(db, organization, Column::Subject, subjects).await
}

async fn of(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    column: Column,
    values: &[&str],
) -> Result<Vec<Row>, StoreError> {
    let mut found = Vec::new();
    for chunk in values.chunks(MAX_ROWS_PER_STATEMENT) {
        let rows = Entity::find()
            .filter(Column::Organization.eq(organization.as_str()))
            .filter(column.is_in(chunk.iter().copied()))
            .all(db)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}
