//! Members who are about to leave, and are not counted among those of whom an organization keeps one.
//!
//! A row without an organization is about all of them; one without a subject says that the
//! organization is about to demand subscriptions.

use base::{Id, Millis, OrganizationId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::OnConflict};
use store::{StoreError, WriteTx, new_row};

use super::table;

table!("releases", key { organization: String, subject: String }, { until_ms: i64 });
use row::{Column, Entity, Model};

/// Notes until when a member is not counted, and forgets what has passed.
pub(crate) async fn put(
    tx: &WriteTx,
    organization: Option<&OrganizationId>,
    subject: &str,
    until: Millis,
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

/// The subjects of an organization that are not counted now, and an empty one if it is about to
/// demand subscriptions.
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
