//! Entitlements of organizations.

use ::store::{StoreError, WriteTx, changed_one, new_row};
use api::entitlement::v1::{Entitlement, EntitlementState, SuspensionReason};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use service::{etag, timestamp};
use types::{ApplicationId, Id, OrganizationId, UnixTime};

use super::{history, table};

table!("entitlements", key { organization: String, application: String }, {
    active: bool,
    reason: i64,
    start_ms: i64,
    end_ms: i64,
    create_ms: i64,
    update_ms: i64,
    version: i64,
});
pub(crate) use row::Model as Row;
use row::{Column, Entity};

/// Inserts an entitlement and returns it as stored.
pub(crate) async fn insert(
    tx: &WriteTx,
    organization: &OrganizationId,
    application: &ApplicationId,
    (start, end): (UnixTime, UnixTime),
) -> Result<Entitlement, StoreError> {
    let row = Row {
        organization: organization.as_str().to_owned(),
        application: application.as_str().to_owned(),
        active: true,
        reason: 0,
        start_ms: start.0,
        end_ms: end.0,
        create_ms: tx.now().0,
        update_ms: tx.now().0,
        version: tx.now().0,
    };
    Entity::insert(new_row::<row::ActiveModel, _>(row.clone()))
        .exec_without_returning(tx.connection())
        .await?;
    note(tx, &row)?;
    Ok(entitlement(&row, tx.now()))
}

/// Returns an entitlement and its version.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    application: &str,
    now: UnixTime,
) -> Result<Option<(Entitlement, i64)>, StoreError> {
    let key = (organization.as_str().to_owned(), application.to_owned());
    let row = Entity::find_by_id(key).one(db).await?;
    Ok(row.map(|row| (entitlement(&row, now), row.version)))
}

/// Returns all entitlements of an organization.
pub(crate) async fn all(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
) -> Result<Vec<Row>, StoreError> {
    let own = Column::Organization.eq(organization.as_str());
    Ok(Entity::find().filter(own).all(db).await?)
}

/// Returns the entitlements of an organization after an application, in the order of applications.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    after: &str,
    limit: u64,
    now: UnixTime,
) -> Result<Vec<Entitlement>, StoreError> {
    let rows = Entity::find()
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Application.gt(after))
        .order_by_asc(Column::Application)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows.iter().map(|row| entitlement(row, now)).collect())
}

/// A change of an entitlement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    /// Makes it effective again.
    Reactivate,
    /// Makes it ineffective for now.
    Suspend(SuspensionReason),
    /// Ends it.
    End,
}

/// Changes an entitlement that was read at `version`, and returns it as stored.
pub(crate) async fn change(
    tx: &WriteTx,
    organization: &OrganizationId,
    application: &str,
    version: i64,
    change: Change,
) -> Result<Entitlement, StoreError> {
    let update = Entity::update_many()
        .col_expr(Column::UpdateMs, Expr::value(tx.now().0))
        .col_expr(Column::Version, Expr::value(version + 1))
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Application.eq(application))
        .filter(Column::Version.eq(version));
    let state = |active: bool, reason: SuspensionReason| {
        update
            .clone()
            .col_expr(Column::Active, Expr::value(active))
            .col_expr(Column::Reason, Expr::value(i64::from(i32::from(reason))))
    };
    let update = match change {
        Change::Reactivate => state(true, SuspensionReason::Unspecified),
        Change::Suspend(reason) => state(false, reason),
        Change::End => update.col_expr(Column::EndMs, Expr::value(tx.now().0)),
    };
    changed_one(&update.exec(tx.connection()).await?)?;
    let key = (organization.as_str().to_owned(), application.to_owned());
    let row = Entity::find_by_id(key).one(tx.connection()).await?;
    let row = row.ok_or(StoreError::Stale)?;
    note(tx, &row)?;
    Ok(entitlement(&row, tx.now()))
}

fn note(tx: &WriteTx, row: &Row) -> Result<(), StoreError> {
    let at = (row.organization.as_str(), "", row.application.as_str());
    history::begin(tx, history::ENTITLEMENT, at, row)
}

/// Deletes an ended entitlement, so that another can be created.
pub(crate) async fn delete(
    tx: &WriteTx,
    organization: &OrganizationId,
    application: &str,
) -> Result<(), StoreError> {
    let key = (organization.as_str().to_owned(), application.to_owned());
    Entity::delete_by_id(key).exec(tx.connection()).await?;
    Ok(())
}

fn entitlement(row: &Row, now: UnixTime) -> Entitlement {
    let state = if row.end_ms <= now.0 {
        EntitlementState::Ended
    } else if row.active {
        EntitlementState::Active
    } else {
        EntitlementState::Suspended
    };
    Entitlement {
        name: format!(
            "organizations/{}/entitlements/{}",
            row.organization, row.application
        ),
        application: format!("applications/{}", row.application),
        start_time: timestamp(UnixTime(row.start_ms)),
        end_time: timestamp(UnixTime(row.end_ms)),
        state: state.into(),
        create_time: timestamp(UnixTime(row.create_ms)),
        update_time: timestamp(UnixTime(row.update_ms)),
        etag: etag(row.version),
        suspension_reason: i32::try_from(row.reason).unwrap_or_default(),
    }
}
