//! Memberships.

mod row;

use ::store::{StoreError, WriteTx, changed_one, new_row};
use api::membership::v1::{Membership, MembershipChange, MembershipState, change};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use types::{ChangeRequestId, Id, In, MembershipId, OrganizationId, Subject};

use self::row::{ActiveModel, Column, Entity, Model, emit_state};
use super::{ROWS_PER_INSERT, deleted_one, emit, key, new_uid};

/// A membership to insert.
pub(crate) struct NewMembership {
    pub(crate) id: MembershipId,
    pub(crate) subject: Subject,
    pub(crate) subscription_active: bool,
}

/// Inserts active memberships, all or none, and returns them as stored.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    organization: &OrganizationId,
    memberships: Vec<NewMembership>,
) -> Result<Vec<Membership>, StoreError> {
    let now = tx.now().0;
    let rows: Vec<Model> = memberships
        .into_iter()
        .map(|new| Model {
            organization: organization.as_str().to_owned(),
            id: new.id.as_str().to_owned(),
            subject: new.subject.to_string(),
            active: true,
            subscription_active: new.subscription_active,
            create_ms: now,
            update_ms: now,
            version: tx.now().0,
            uid: new_uid(),
            pending_request: None,
        })
        .collect();
    // All transactions insert in the same order; otherwise two batches of the same rows could
    // deadlock.
    let mut ordered: Vec<&Model> = rows.iter().collect();
    ordered.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    for chunk in ordered.chunks(ROWS_PER_INSERT) {
        let rows = chunk
            .iter()
            .copied()
            .cloned()
            .map(new_row::<ActiveModel, _>);
        Entity::insert_many(rows)
            .exec_without_returning(tx.connection())
            .await?;
    }
    for row in &rows {
        emit_state(tx, row);
    }
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Returns a membership that already has the id or the subject of one of these.
pub(crate) async fn first_existing(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    memberships: &[NewMembership],
) -> Result<Option<MembershipId>, StoreError> {
    let ids = memberships.iter().map(|new| new.id.as_str().to_owned());
    let subjects = memberships.iter().map(|new| new.subject.to_string());
    for clash in [Column::Id.is_in(ids), Column::Subject.is_in(subjects)] {
        // The query returns all rows: with a limit of one, PostgreSQL would not use the index.
        let taken: Vec<String> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Organization.eq(organization.as_str()))
            .filter(clash)
            .into_tuple()
            .all(db)
            .await?;
        if let Some(id) = taken.first() {
            return Ok(Some(MembershipId::parse(id)?));
        }
    }
    Ok(None)
}

/// Returns a membership and its version.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    name: &In<MembershipId>,
) -> Result<Option<(Membership, i64)>, StoreError> {
    let row = Entity::find_by_id(key(name)).one(db).await?;
    Ok(row.map(|row| {
        let version = row.version;
        (row.into(), version)
    }))
}

/// Returns a page of the memberships of an organization after an id, ordered by id.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    after: &str,
    limit: u64,
) -> Result<Vec<Membership>, StoreError> {
    let rows = Entity::find()
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Writes a membership that was read at `version`, and returns it as stored.
pub(crate) async fn update(
    tx: &mut WriteTx,
    name: &In<MembershipId>,
    version: i64,
    membership: &Membership,
) -> Result<Membership, StoreError> {
    let active = membership.state() == MembershipState::Active;
    let subscription_active = membership.subscription_active;
    let result = Entity::update_many()
        .col_expr(Column::Active, Expr::value(active))
        .col_expr(Column::SubscriptionActive, Expr::value(subscription_active))
        .col_expr(Column::UpdateMs, Expr::value(tx.now().0))
        .col_expr(Column::Version, Expr::value(version + 1))
        .filter(Column::Organization.eq(name.organization.as_str()))
        .filter(Column::Id.eq(name.id.as_str()))
        .filter(Column::Version.eq(version))
        .exec(tx.connection())
        .await?;
    changed_one(&result)?;
    let row = Entity::find_by_id(key(name))
        .one(tx.connection())
        .await?
        .ok_or(StoreError::Stale)?;
    emit_state(tx, &row);
    Ok(row.into())
}

/// Records the pending change request of a membership. That does not count as a change of the
/// membership: version and time stay. Returns false if another request is pending, or there is no
/// such membership.
pub(crate) async fn await_request(
    tx: &WriteTx,
    name: &In<MembershipId>,
    request: &ChangeRequestId,
) -> Result<bool, StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::PendingRequest, Expr::value(request.as_str()))
        .filter(Column::Organization.eq(name.organization.as_str()))
        .filter(Column::Id.eq(name.id.as_str()))
        .filter(Column::PendingRequest.is_null())
        .exec(tx.connection())
        .await?;
    Ok(result.rows_affected == 1)
}

/// Clears the pending change request of a membership, if it is this one.
pub(crate) async fn clear_pending(
    tx: &WriteTx,
    name: &In<MembershipId>,
    request: &ChangeRequestId,
) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::PendingRequest, Expr::value(None::<String>))
        .filter(Column::Organization.eq(name.organization.as_str()))
        .filter(Column::Id.eq(name.id.as_str()))
        .filter(Column::PendingRequest.eq(request.as_str()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Deletes a membership that was read at `version`.
pub(crate) async fn delete(
    tx: &mut WriteTx,
    name: &In<MembershipId>,
    version: i64,
    membership: &Membership,
) -> Result<(), StoreError> {
    let result = Entity::delete_by_id(key(name))
        .filter(Column::Version.eq(version))
        .exec(tx.connection())
        .await?;
    deleted_one(&result)?;
    let name = name.to_string();
    let change = MembershipChange {
        name: name.clone(),
        subject: membership.subject.clone(),
        uid: membership.uid.clone(),
        deleted: true,
        ..MembershipChange::default()
    };
    emit(tx, name, change::Entity::Membership(change));
    Ok(())
}
