//! Grants.

use ::rpc::{etag, timestamp};
use ::store::{StoreError, WriteTx, changed_one, new_row};
use api::entitlement::v1::{Grant, GrantState, Scope};
use base::{GrantId, Id, Millis, OrganizationId, RoleName};
use prost::Message;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};

use super::{CHUNK, history, table};

table!("grants", key { organization: String, id: String }, {
    subject: String,
    application: String,
    role: String,
    scope: Vec<u8>,
    start_ms: i64,
    end_ms: i64,
    revoked: bool,
    granted_by: String,
    create_ms: i64,
    update_ms: i64,
    version: i64,
});
pub(crate) use row::Model as Row;
use row::{Column, Entity};

impl Row {
    /// The name of its role.
    pub(crate) fn role_name(&self) -> Result<RoleName, StoreError> {
        let name = format!("applications/{}/roles/{}", self.application, self.role);
        Ok(RoleName::parse_name(&name)?)
    }
}

/// A grant to insert, checked.
#[derive(Debug, Clone)]
pub(crate) struct NewGrant {
    pub(crate) id: GrantId,
    pub(crate) subject: String,
    pub(crate) role: RoleName,
    pub(crate) scope: Scope,
    pub(crate) start: Millis,
    pub(crate) end: Millis,
}

/// Inserts grants, all or none, and returns them as stored.
pub(crate) async fn insert(
    tx: &WriteTx,
    organization: &OrganizationId,
    granted_by: &str,
    grants: Vec<NewGrant>,
) -> Result<Vec<Grant>, StoreError> {
    let rows: Vec<Row> = grants
        .into_iter()
        .map(|grant| Row {
            organization: organization.as_str().to_owned(),
            id: grant.id.as_str().to_owned(),
            subject: grant.subject,
            application: grant.role.application.as_str().to_owned(),
            role: grant.role.role.as_str().to_owned(),
            scope: grant.scope.encode_to_vec(),
            start_ms: grant.start.0,
            end_ms: grant.end.0,
            revoked: false,
            granted_by: granted_by.to_owned(),
            create_ms: tx.now().0,
            update_ms: tx.now().0,
            version: tx.now().0,
        })
        .collect();
    for chunk in rows.chunks(CHUNK) {
        Entity::insert_many(chunk.iter().cloned().map(new_row::<row::ActiveModel, _>))
            .exec_without_returning(tx.connection())
            .await?;
    }
    for row in &rows {
        note(tx, row)?;
    }
    rows.iter().map(grant).collect()
}

/// A grant and its version.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    id: &GrantId,
) -> Result<Option<(Grant, i64)>, StoreError> {
    let key = (organization.as_str().to_owned(), id.as_str().to_owned());
    let row = Entity::find_by_id(key).one(db).await?;
    let found = row.map(|row| grant(&row).map(|grant| (grant, row.version)));
    found.transpose()
}

/// Those of the ids that an organization has.
pub(crate) async fn of_ids(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    ids: &[&str],
) -> Result<Vec<Row>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let rows = Entity::find()
            .filter(Column::Organization.eq(organization.as_str()))
            .filter(Column::Id.is_in(chunk.iter().copied()))
            .all(db)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// What of an organization's grants is listed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filter<'a> {
    /// Grants of this subject only; of all if empty.
    pub(crate) subject: &'a str,
    /// Also those that were revoked.
    pub(crate) revoked: bool,
}

/// The grants of an organization after an id, in the order of their ids.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    filter: Filter<'_>,
    after: &str,
    limit: u64,
) -> Result<Vec<Grant>, StoreError> {
    let subject = (!filter.subject.is_empty()).then(|| Column::Subject.eq(filter.subject));
    let revoked = (!filter.revoked).then(|| Column::Revoked.eq(false));
    let rows = Entity::find()
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Condition::all().add_option(subject).add_option(revoked))
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    rows.iter().map(grant).collect()
}

/// The grants of subjects in an organization that were not revoked; of all subjects if none
/// are named.
pub(crate) async fn of_subjects(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    subjects: Option<&[&str]>,
) -> Result<Vec<Row>, StoreError> {
    let own = Entity::find()
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Revoked.eq(false));
    let Some(subjects) = subjects else {
        return Ok(own.all(db).await?);
    };
    let mut found = Vec::new();
    for chunk in subjects.chunks(CHUNK) {
        let of = Column::Subject.is_in(chunk.iter().copied());
        found.extend(own.clone().filter(of).all(db).await?);
    }
    Ok(found)
}

/// The subjects after one that were given a role in an organization, in order.
pub(crate) async fn subjects_with(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    role: &RoleName,
    after: &str,
    limit: u64,
) -> Result<Vec<String>, StoreError> {
    let subjects = Entity::find()
        .select_only()
        .column(Column::Subject)
        .distinct()
        .filter(Column::Application.eq(role.application.as_str()))
        .filter(Column::Role.eq(role.role.as_str()))
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Subject.gt(after))
        .filter(Column::Revoked.eq(false))
        .order_by_asc(Column::Subject)
        .limit(limit);
    Ok(subjects.into_tuple().all(db).await?)
}

/// Whether any grant that was not revoked is of this role.
pub(crate) async fn is_held(
    db: &impl ConnectionTrait,
    application: &str,
    role: &str,
) -> Result<bool, StoreError> {
    let row = Entity::find()
        .filter(Column::Application.eq(application))
        .filter(Column::Role.eq(role))
        .filter(Column::Revoked.eq(false))
        .one(db)
        .await?;
    Ok(row.is_some())
}

/// What of a grant can change.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    pub(crate) scope: Scope,
    pub(crate) start: Millis,
    pub(crate) end: Millis,
    pub(crate) revoked: bool,
}

/// Writes a grant that was read at `version`, and returns it as stored.
pub(crate) async fn update(
    tx: &WriteTx,
    organization: &OrganizationId,
    id: &GrantId,
    version: i64,
    changed: Changed,
) -> Result<Grant, StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::Scope, Expr::value(changed.scope.encode_to_vec()))
        .col_expr(Column::StartMs, Expr::value(changed.start.0))
        .col_expr(Column::EndMs, Expr::value(changed.end.0))
        .col_expr(Column::Revoked, Expr::value(changed.revoked))
        .col_expr(Column::UpdateMs, Expr::value(tx.now().0))
        .col_expr(Column::Version, Expr::value(version + 1))
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Id.eq(id.as_str()))
        .filter(Column::Version.eq(version))
        .exec(tx.connection())
        .await?;
    changed_one(&result)?;
    let key = (organization.as_str().to_owned(), id.as_str().to_owned());
    let row = Entity::find_by_id(key).one(tx.connection()).await?;
    let row = row.ok_or(StoreError::Stale)?;
    note(tx, &row)?;
    grant(&row)
}

/// Revokes whatever a subject was given in an organization.
pub(crate) async fn revoke_all(
    tx: &WriteTx,
    organization: &OrganizationId,
    subject: &str,
) -> Result<(), StoreError> {
    for row in of_subjects(tx.connection(), organization, Some(&[subject])).await? {
        history::end(tx, history::GRANT, organization.as_str(), &row.id);
    }
    Entity::update_many()
        .col_expr(Column::Revoked, Expr::value(true))
        .col_expr(Column::UpdateMs, Expr::value(tx.now().0))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Subject.eq(subject))
        .filter(Column::Revoked.eq(false))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Notes what a grant gives from the commit on: nothing if it was revoked.
fn note(tx: &WriteTx, row: &Row) -> Result<(), StoreError> {
    if row.revoked {
        history::end(tx, history::GRANT, &row.organization, &row.id);
        return Ok(());
    }
    let at = (
        row.organization.as_str(),
        row.subject.as_str(),
        row.id.as_str(),
    );
    history::begin(tx, history::GRANT, at, row)
}

fn grant(row: &Row) -> Result<Grant, StoreError> {
    let state = if row.revoked {
        GrantState::Revoked
    } else {
        GrantState::Active
    };
    Ok(Grant {
        name: format!("organizations/{}/grants/{}", row.organization, row.id),
        subject: row.subject.clone(),
        role: format!("applications/{}/roles/{}", row.application, row.role),
        scope: Some(Scope::decode(row.scope.as_slice())?),
        start_time: timestamp(Millis(row.start_ms)),
        end_time: timestamp(Millis(row.end_ms)),
        state: state.into(),
        granted_by: row.granted_by.clone(),
        create_time: timestamp(Millis(row.create_ms)),
        update_time: timestamp(Millis(row.update_ms)),
        etag: etag(row.version),
    })
}
