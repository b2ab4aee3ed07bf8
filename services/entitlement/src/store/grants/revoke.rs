//! Revokes grants.

use std::collections::BTreeSet;

use ::store::{StoreError, WriteTx};
use api::entitlement::v1::Grant;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, UpdateMany, sea_query::Expr,
};
use types::{ApplicationId, GrantId, Id, OrganizationId};

use super::{
    history, of_subjects, read_at,
    row::{Column, Entity},
    write,
};

/// Revokes a grant that was read at `version`, and returns it as stored.
pub(crate) async fn revoke(
    tx: &WriteTx,
    organization: &OrganizationId,
    id: &GrantId,
    version: i64,
    revoked_by: &str,
) -> Result<Grant, StoreError> {
    let mut row = read_at(tx, organization, id, version).await?;
    row.revoked = true;
    row.revoke_ms = tx.now().0;
    revoked_by.clone_into(&mut row.revoked_by);
    write(tx, row).await
}

fn revoking(update: UpdateMany<Entity>, tx: &WriteTx, revoked_by: &str) -> UpdateMany<Entity> {
    update
        .col_expr(Column::Revoked, Expr::value(true))
        .col_expr(Column::RevokeMs, Expr::value(tx.now().0))
        .col_expr(Column::RevokedBy, Expr::value(revoked_by))
        .col_expr(Column::UpdateMs, Expr::value(tx.now().0))
}

/// Revokes all grants of a subject in an organization.
pub(crate) async fn revoke_all(
    tx: &WriteTx,
    organization: &OrganizationId,
    subject: &str,
) -> Result<(), StoreError> {
    for row in of_subjects(tx.connection(), organization, Some(&[subject])).await? {
        history::end(tx, history::GRANT, organization.as_str(), &row.id);
    }
    let all = Entity::update_many().col_expr(Column::Version, Expr::col(Column::Version).add(1));
    revoking(all, tx, "system")
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Subject.eq(subject))
        .filter(Column::Revoked.eq(false))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Revokes all grants on an application in an organization, and returns their subjects.
pub(crate) async fn revoke_of(
    tx: &WriteTx,
    organization: &OrganizationId,
    application: &ApplicationId,
    revoked_by: &str,
) -> Result<Vec<String>, StoreError> {
    let given = Condition::all()
        .add(Column::Organization.eq(organization.as_str()))
        .add(Column::Application.eq(application.as_str()))
        .add(Column::Revoked.eq(false));
    let rows = Entity::find()
        .filter(given.clone())
        .all(tx.connection())
        .await?;
    for row in &rows {
        history::end(tx, history::GRANT, organization.as_str(), &row.id);
    }
    let all = Entity::update_many().col_expr(Column::Version, Expr::col(Column::Version).add(1));
    revoking(all, tx, revoked_by)
        .filter(given)
        .exec(tx.connection())
        .await?;
    let subjects: BTreeSet<String> = rows.into_iter().map(|row| row.subject).collect();
    Ok(subjects.into_iter().collect())
}
