//! Change requests.

mod row;

use ::store::{StoreError, WriteTx, changed_one, new_row};
use api::membership::v1::{ChangeRequest, ChangeRequestState};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::Expr,
};
use types::{ChangeRequestId, Id, In, MembershipId, OrganizationId};

use self::row::{ActiveModel, Column, Entity, Model, content};
use super::key;

/// The states of an undecided request.
const UNDECIDED_STATES: [i64; 2] = [
    ChangeRequestState::Draft as i64,
    ChangeRequestState::Pending as i64,
];

/// A stored change request.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) request: ChangeRequest,
    pub(crate) version: i64,
    /// The token of the grant change; empty until it is made.
    pub(crate) applied_token: String,
}

/// Inserts a change request and returns it as stored.
///
/// # Errors
/// [`StoreError::Duplicate`] if there is one of that name.
pub(crate) async fn insert(
    tx: &WriteTx,
    name: &In<ChangeRequestId>,
    membership: &MembershipId,
    request: ChangeRequest,
) -> Result<ChangeRequest, StoreError> {
    let (organization, id) = key(name);
    let row = Model {
        organization,
        id,
        membership: membership.as_str().to_owned(),
        state: request.state.into(),
        content: content(&request),
        requester: request.requester,
        applied_token: String::new(),
        create_ms: tx.now().0,
        update_ms: tx.now().0,
        version: tx.now().0,
    };
    Entity::insert(new_row::<ActiveModel, _>(row.clone()))
        .exec_without_returning(tx.connection())
        .await?;
    Ok(Stored::try_from(row)?.request)
}

/// Returns a change request.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    name: &In<ChangeRequestId>,
) -> Result<Option<Stored>, StoreError> {
    let row = Entity::find_by_id(key(name)).one(db).await?;
    row.map(Stored::try_from).transpose()
}

/// Returns the number of undecided change requests about a membership.
pub(crate) async fn undecided(
    db: &impl ConnectionTrait,
    membership: &In<MembershipId>,
) -> Result<u64, StoreError> {
    let count = Entity::find().filter(undecided_about(membership)).count(db);
    Ok(count.await?)
}

/// Returns a page of the change requests of an organization after an id, ordered by id; optionally
/// only those about a membership, in a state or of a requester.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    (membership, state, requester): (
        Option<&MembershipId>,
        Option<ChangeRequestState>,
        Option<&str>,
    ),
    after: &str,
    limit: u64,
) -> Result<Vec<ChangeRequest>, StoreError> {
    let about = membership.map(|id| Column::Membership.eq(id.as_str()));
    let state = state.map(|state| Column::State.eq(state as i64));
    let requester = requester.map(|name| Column::Requester.eq(name));
    let chosen = Condition::all();
    let chosen = chosen
        .add_option(about)
        .add_option(state)
        .add_option(requester);
    let rows = Entity::find()
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Id.gt(after))
        .filter(chosen)
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    let rows = rows
        .into_iter()
        .map(|row| Ok(Stored::try_from(row)?.request));
    rows.collect()
}

/// Returns the names of approved requests, in all organizations, whose changes are yet to be made.
pub(crate) async fn approved(
    db: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<In<ChangeRequestId>>, StoreError> {
    let keys: Vec<(String, String)> = Entity::find()
        .select_only()
        .columns([Column::Organization, Column::Id])
        .filter(Column::State.eq(ChangeRequestState::Approved as i64))
        .order_by_asc(Column::Organization)
        .order_by_asc(Column::Id)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await?;
    let name = |(organization, id): (String, String)| {
        Ok(In {
            organization: OrganizationId::parse(&organization)?,
            id: ChangeRequestId::parse(&id)?,
        })
    };
    keys.into_iter().map(name).collect()
}

/// Writes a change request that was read at a version, and returns it as stored.
pub(crate) async fn update(
    tx: &WriteTx,
    name: &In<ChangeRequestId>,
    stored: Stored,
) -> Result<Stored, StoreError> {
    let Stored {
        request,
        version,
        applied_token,
    } = stored;
    let result = Entity::update_many()
        .col_expr(Column::State, Expr::value(i64::from(request.state)))
        .col_expr(Column::Content, Expr::value(content(&request)))
        .col_expr(Column::AppliedToken, Expr::value(applied_token))
        .col_expr(Column::UpdateMs, Expr::value(tx.now().0))
        .col_expr(Column::Version, Expr::value(version + 1))
        .filter(Column::Organization.eq(name.organization.as_str()))
        .filter(Column::Id.eq(name.id.as_str()))
        .filter(Column::Version.eq(version))
        .exec(tx.connection())
        .await?;
    changed_one(&result)?;
    find(tx.connection(), name).await?.ok_or(StoreError::Stale)
}

/// Cancels the undecided change requests about a membership that ends: another membership of its
/// name could belong to somebody else.
pub(crate) async fn cancel(tx: &WriteTx, membership: &In<MembershipId>) -> Result<(), StoreError> {
    let cancelled = ChangeRequestState::Cancelled as i64;
    Entity::update_many()
        .col_expr(Column::State, Expr::value(cancelled))
        .col_expr(Column::UpdateMs, Expr::value(tx.now().0))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1_i64))
        .filter(undecided_about(membership))
        .exec(tx.connection())
        .await?;
    Ok(())
}

fn undecided_about(membership: &In<MembershipId>) -> Condition {
    Condition::all()
        .add(Column::Organization.eq(membership.organization.as_str()))
        .add(Column::Membership.eq(membership.id.as_str()))
        .add(Column::State.is_in(UNDECIDED_STATES))
}

/// Returns the name of a change request.
pub(super) fn request_name(organization: &str, id: &str) -> String {
    format!("organizations/{organization}/changeRequests/{id}")
}
