//! Custom roles.

use ::store::{StoreError, WriteTx, changed_one, new_row};
use api::entitlement::v1::CustomRole;
use prost::Message;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use service::{etag, timestamp};
use types::{Id, OrganizationId, RoleName, UnixTime};

use super::{history, table};

table!("custom_roles", key { organization: String, application: String, id: String }, {
    body: Vec<u8>,
    create_ms: i64,
    update_ms: i64,
    version: i64,
});
pub(crate) use row::Model as Row;
use row::{Column, Entity};

impl Row {
    /// Returns the resource name.
    pub(crate) fn name(&self) -> String {
        format!(
            "organizations/{}/applications/{}/roles/{}",
            self.organization, self.application, self.id
        )
    }

    /// Returns the permissions of the role.
    pub(crate) fn permissions(&self) -> Result<Vec<String>, StoreError> {
        Ok(CustomRole::decode(self.body.as_slice())?.permissions)
    }
}

/// Inserts a role and returns it as stored.
pub(crate) async fn insert(
    tx: &WriteTx,
    organization: &OrganizationId,
    name: &RoleName,
    role: &CustomRole,
) -> Result<CustomRole, StoreError> {
    let row = Row {
        organization: organization.as_str().to_owned(),
        application: name.application.as_str().to_owned(),
        id: name.role.as_str().to_owned(),
        body: body(role),
        create_ms: tx.now().0,
        update_ms: tx.now().0,
        version: tx.now().0,
    };
    Entity::insert(new_row::<row::ActiveModel, _>(row.clone()))
        .exec_without_returning(tx.connection())
        .await?;
    note(tx, &row)?;
    custom_role(&row)
}

/// Returns a role and its version.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    name: &RoleName,
) -> Result<Option<(CustomRole, i64)>, StoreError> {
    let row = Entity::find_by_id(key(organization, name)).one(db).await?;
    let found = row.map(|row| custom_role(&row).map(|role| (role, row.version)));
    found.transpose()
}

/// Returns all custom roles of an organization.
pub(crate) async fn all(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
) -> Result<Vec<Row>, StoreError> {
    let own = Column::Organization.eq(organization.as_str());
    Ok(Entity::find().filter(own).all(db).await?)
}

/// Returns the number of custom roles of an organization.
pub(crate) async fn count(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
) -> Result<u64, StoreError> {
    let own = Column::Organization.eq(organization.as_str());
    Ok(Entity::find().filter(own).count(db).await?)
}

/// Returns the custom roles of an organization after one, in the order of their applications and
/// ids.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    (application, id): (&str, &str),
    limit: u64,
) -> Result<Vec<CustomRole>, StoreError> {
    let own = Expr::tuple([Expr::col(Column::Application), Expr::col(Column::Id)]);
    let rows = Entity::find()
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(own.gt(Expr::tuple([Expr::val(application), Expr::val(id)])))
        .order_by_asc(Column::Application)
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    rows.iter().map(custom_role).collect()
}

/// Updates a role that was read at `version`, and returns it as stored.
pub(crate) async fn update(
    tx: &WriteTx,
    organization: &OrganizationId,
    name: &RoleName,
    version: i64,
    role: &CustomRole,
) -> Result<CustomRole, StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::Body, Expr::value(body(role)))
        .col_expr(Column::UpdateMs, Expr::value(tx.now().0))
        .col_expr(Column::Version, Expr::value(version + 1))
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Application.eq(name.application.as_str()))
        .filter(Column::Id.eq(name.role.as_str()))
        .filter(Column::Version.eq(version))
        .exec(tx.connection())
        .await?;
    changed_one(&result)?;
    let row = Entity::find_by_id(key(organization, name));
    let row = row.one(tx.connection()).await?.ok_or(StoreError::Stale)?;
    note(tx, &row)?;
    custom_role(&row)
}

/// Deletes a role that was read at `version`.
pub(crate) async fn delete(
    tx: &WriteTx,
    organization: &OrganizationId,
    name: &RoleName,
    version: i64,
) -> Result<(), StoreError> {
    let result = Entity::delete_many()
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Application.eq(name.application.as_str()))
        .filter(Column::Id.eq(name.role.as_str()))
        .filter(Column::Version.eq(version))
        .exec(tx.connection())
        .await?;
    if result.rows_affected != 1 {
        return Err(StoreError::Stale);
    }
    let id = format!("{}/{}", name.application, name.role);
    history::end(tx, history::CUSTOM_ROLE, organization.as_str(), &id);
    Ok(())
}

fn key(organization: &OrganizationId, name: &RoleName) -> (String, String, String) {
    let (application, role) = (name.application.as_str(), name.role.as_str());
    (
        organization.as_str().to_owned(),
        application.to_owned(),
        role.to_owned(),
    )
}

fn note(tx: &WriteTx, row: &Row) -> Result<(), StoreError> {
    let id = format!("{}/{}", row.application, row.id);
    history::begin(tx, history::CUSTOM_ROLE, (&row.organization, "", &id), row)
}

/// Encodes the stored part of a role, without its key and times.
fn body(role: &CustomRole) -> Vec<u8> {
    let stored = CustomRole {
        display_name: role.display_name.clone(),
        description: role.description.clone(),
        permissions: role.permissions.clone(),
        ..CustomRole::default()
    };
    stored.encode_to_vec()
}

fn custom_role(row: &Row) -> Result<CustomRole, StoreError> {
    Ok(CustomRole {
        name: row.name(),
        application: format!("applications/{}", row.application),
        create_time: timestamp(UnixTime(row.create_ms)),
        update_time: timestamp(UnixTime(row.update_ms)),
        etag: etag(row.version),
        ..CustomRole::decode(row.body.as_slice())?
    })
}
