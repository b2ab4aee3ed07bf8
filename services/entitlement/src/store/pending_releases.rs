//! Releases: members who are about to leave and do not count as required holders.
//!
//! A row without an organization applies to all of them; one without a subject means that the
//! organization is about to require subscriptions.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::OnConflict};
use store::{StoreError, WriteTx, new_row};
use types::{Id, OrganizationId, UnixTime};

use super::table;

table!("releases", key { organization: String, subject: String }, { until_ms: i64 });
use row::{Column, Entity, Model};

/// Records until when a member does not count, and deletes expired releases.
pub(crate) async fn put(
    tx: &WriteTx,
    organization: Option<&OrganizationId>,
    subject: &str,
    until: UnixTime,
) -> Result<(), StoreError> {
    Entity::delete_many()
        .filter(Column::UntilMs.lte(tx.now().0))
        .exec(tx.connection())
        .await?;
    let row = Model {
        organization: organization.map_or("", Id::as_str).to_owned(),
        subject: subject.to_owned(),
        until_ms: until.0,
    };
    Entity::insert(new_row::<row::ActiveModel, _>(row))
        .on_conflict(
            OnConflict::columns([Column::Organization, Column::Subject])
                .update_column(Column::UntilMs)
                .to_owned(),
        )
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}

/// Returns the subjects of an organization that do not count now, and an empty one if it is about
/// to require subscriptions.
pub(crate) async fn subjects(
    tx: &WriteTx,
    organization: &OrganizationId,
) -> Result<Vec<String>, StoreError> {
    let subjects = Entity::find()
        .select_only()
        .column(Column::Subject)
        .filter(Column::Organization.is_in(["", organization.as_str()]))
        .filter(Column::UntilMs.gt(tx.now().0));
    Ok(subjects.into_tuple().all(tx.connection()).await?)
}
