//! Contacts.

mod row;

use ::store::{StoreError, WriteTx, changed_one, new_row};
use api::membership::v1::{Contact, ContactKind, RepresentativeChange, change};
use membership_core::Representatives;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use types::{ContactId, Id, In, OrganizationId};

use self::row::{ActiveModel, Column, Entity, Model};
use super::{deleted_one, emit, key};

/// Inserts a contact and returns it as stored.
///
/// # Errors
/// [`StoreError::Duplicate`] if there is one of that name.
pub(crate) async fn insert(
    tx: &WriteTx,
    name: &In<ContactId>,
    contact: Contact,
) -> Result<Contact, StoreError> {
    let (organization, id) = key(name);
    let row = Model {
        organization,
        id,
        representative: contact.kind() == ContactKind::Representative,
        display_name: contact.display_name,
        uri: contact.uri,
        is_primary: contact.primary,
        create_ms: tx.now().0,
        update_ms: tx.now().0,
        version: tx.now().0,
    };
    Entity::insert(new_row::<ActiveModel, _>(row.clone()))
        .exec_without_returning(tx.connection())
        .await?;
    Ok(row.into())
}

/// Returns a contact and its version.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    name: &In<ContactId>,
) -> Result<Option<(Contact, i64)>, StoreError> {
    let row = Entity::find_by_id(key(name)).one(db).await?;
    Ok(row.map(|row| {
        let version = row.version;
        (row.into(), version)
    }))
}

/// Returns all contacts of an organization: there are few.
pub(crate) async fn all(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
) -> Result<Vec<Contact>, StoreError> {
    let rows = Entity::find()
        .filter(Column::Organization.eq(organization.as_str()))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Returns the primary representative of an organization.
pub(crate) async fn primary(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
) -> Result<Option<Contact>, StoreError> {
    let row = Entity::find()
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::IsPrimary.eq(true))
        .one(db)
        .await?;
    Ok(row.map(Into::into))
}

/// Returns the representatives of an organization. They cannot change while the organization's row
/// is locked.
pub(crate) async fn representatives(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
) -> Result<Representatives, StoreError> {
    let rows = Entity::find()
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Representative.eq(true))
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| Ok((ContactId::parse(&row.id)?, row.is_primary)))
        .collect()
}

/// Writes a contact that was read at `version`, and returns it as stored.
pub(crate) async fn update(
    tx: &WriteTx,
    name: &In<ContactId>,
    version: i64,
    contact: Contact,
) -> Result<Contact, StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::DisplayName, Expr::value(contact.display_name))
        .col_expr(Column::Uri, Expr::value(contact.uri))
        .col_expr(Column::IsPrimary, Expr::value(contact.primary))
        .col_expr(Column::UpdateMs, Expr::value(tx.now().0))
        .col_expr(Column::Version, Expr::value(version + 1))
        .filter(Column::Organization.eq(name.organization.as_str()))
        .filter(Column::Id.eq(name.id.as_str()))
        .filter(Column::Version.eq(version))
        .exec(tx.connection())
        .await?;
    changed_one(&result)?;
    let row = Entity::find_by_id(key(name)).one(tx.connection()).await?;
    Ok(row.ok_or(StoreError::Stale)?.into())
}

/// Deletes a contact that was read at `version`.
pub(crate) async fn delete(
    tx: &WriteTx,
    name: &In<ContactId>,
    version: i64,
) -> Result<(), StoreError> {
    let result = Entity::delete_by_id(key(name))
        .filter(Column::Version.eq(version))
        .exec(tx.connection())
        .await?;
    deleted_one(&result)
}

/// Sends the primary representative of an organization, as of this transaction, to the other
/// services.
pub(crate) async fn emit_state(
    tx: &mut WriteTx,
    organization: &OrganizationId,
) -> Result<(), StoreError> {
    let contact = primary(tx.connection(), organization).await?;
    let contact = contact.unwrap_or_default();
    let change = RepresentativeChange {
        organization: organization.name(),
        display_name: contact.display_name,
        uri: contact.uri,
    };
    let entity = format!("{}/representative", change.organization);
    emit(tx, entity, change::Entity::Representative(change));
    Ok(())
}
