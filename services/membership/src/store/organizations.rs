//! Organizations.

use ::store::{StoreError, WriteTx, changed_one, new_row};
use api::membership::v1::{Organization, OrganizationChange, OrganizationState, change::Entity};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use service::{etag, timestamp};
use types::{Id, OrganizationId, UnixTime};

use super::emit;

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "organizations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub display_name: String,
        pub active: bool,
        pub subscription_required: bool,
        pub create_ms: i64,
        pub update_ms: i64,
        pub version: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

use entity::Column;

/// Inserts an active organization and returns it as stored.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    id: &OrganizationId,
    organization: Organization,
) -> Result<Organization, StoreError> {
    let row = entity::Model {
        id: id.as_str().to_owned(),
        display_name: organization.display_name,
        active: true,
        subscription_required: organization.subscription_required,
        create_ms: tx.now().0,
        update_ms: tx.now().0,
        version: tx.now().0,
    };
    entity::Entity::insert(new_row::<entity::ActiveModel, _>(row.clone()))
        .exec_without_returning(tx.connection())
        .await?;
    emit_state(tx, &row);
    Ok(self::organization(row))
}

/// Returns an organization and its version.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    id: &OrganizationId,
) -> Result<Option<(Organization, i64)>, StoreError> {
    let row = entity::Entity::find_by_id(id.as_str()).one(db).await?;
    Ok(row.map(|row| {
        let version = row.version;
        (organization(row), version)
    }))
}

/// Returns a page of the organizations after an id, ordered by id.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    after: &str,
    limit: u64,
) -> Result<Vec<Organization>, StoreError> {
    let rows = entity::Entity::find()
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(organization).collect())
}

/// Locks the row of an organization until the transaction ends, against other transactions that
/// lock it: rules over several rows, such as those of the tree, need that.
pub(crate) async fn hold(tx: &WriteTx, id: &OrganizationId) -> Result<(), StoreError> {
    let result = entity::Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version))
        .filter(Column::Id.eq(id.as_str()))
        .exec(tx.connection())
        .await?;
    changed_one(&result)
}

/// Writes an organization that was read at `version`, and returns it as stored.
pub(crate) async fn update(
    tx: &mut WriteTx,
    id: &OrganizationId,
    version: i64,
    organization: Organization,
) -> Result<Organization, StoreError> {
    let active = organization.state() == OrganizationState::Active;
    let required = organization.subscription_required;
    let result = entity::Entity::update_many()
        .col_expr(Column::DisplayName, Expr::value(organization.display_name))
        .col_expr(Column::SubscriptionRequired, Expr::value(required))
        .col_expr(Column::Active, Expr::value(active))
        .col_expr(Column::UpdateMs, Expr::value(tx.now().0))
        .col_expr(Column::Version, Expr::value(version + 1))
        .filter(Column::Id.eq(id.as_str()))
        .filter(Column::Version.eq(version))
        .exec(tx.connection())
        .await?;
    changed_one(&result)?;
    let row = entity::Entity::find_by_id(id.as_str())
        .one(tx.connection())
        .await?
        .ok_or(StoreError::Stale)?;
    emit_state(tx, &row);
    Ok(self::organization(row))
}

fn emit_state(tx: &mut WriteTx, row: &entity::Model) {
    let name = format!("organizations/{}", row.id);
    let change = OrganizationChange {
        name: name.clone(),
        active: row.active,
        subscription_required: row.subscription_required,
    };
    emit(tx, name, Entity::Organization(change));
}

fn organization(row: entity::Model) -> Organization {
    let state = if row.active {
        OrganizationState::Active
    } else {
        OrganizationState::Suspended
    };
    Organization {
        name: format!("organizations/{}", row.id),
        display_name: row.display_name,
        subscription_required: row.subscription_required,
        state: state.into(),
        create_time: timestamp(UnixTime(row.create_ms)),
        update_time: timestamp(UnixTime(row.update_ms)),
        etag: etag(row.version),
    }
}
