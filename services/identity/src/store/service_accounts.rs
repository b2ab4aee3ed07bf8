//! Service accounts.

use std::collections::HashSet;

use ::store::{StoreError, WriteTx, changed_one, new_row};
use api::identity::v1::{
    ServiceAccount, ServiceAccountChange, ServiceAccountState, SubjectDescription, change::Entity,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use service::{etag, timestamp};
use types::{Id, ServiceAccountId, UnixTime};

use super::emit;

pub(super) mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "service_accounts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub display_name: String,
        pub active: bool,
        pub create_ms: i64,
        pub update_ms: i64,
        pub version: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

use entity::Column;

/// Inserts a service account and returns it as stored.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    id: &ServiceAccountId,
    account: &ServiceAccount,
) -> Result<ServiceAccount, StoreError> {
    let row = entity::Model {
        id: id.as_str().to_owned(),
        display_name: account.display_name.clone(),
        active: true,
        create_ms: tx.now().0,
        update_ms: tx.now().0,
        version: tx.now().0,
    };
    entity::Entity::insert(new_row::<entity::ActiveModel, _>(row.clone()))
        .exec_without_returning(tx.connection())
        .await?;
    emit_state(tx, &row);
    Ok(service_account(row))
}

/// Returns a service account and its version.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    id: &ServiceAccountId,
) -> Result<Option<(ServiceAccount, i64)>, StoreError> {
    let row = entity::Entity::find_by_id(id.as_str()).one(db).await?;
    Ok(row.map(|row| {
        let version = row.version;
        (service_account(row), version)
    }))
}

/// Returns a page of the service accounts after an id, ordered by id.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    after: &str,
    limit: u64,
) -> Result<Vec<ServiceAccount>, StoreError> {
    let rows = entity::Entity::find()
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(service_account).collect())
}

/// Returns descriptions of service accounts for other services.
pub(crate) async fn describe(
    db: &impl ConnectionTrait,
    ids: &HashSet<String>,
) -> Result<Vec<SubjectDescription>, StoreError> {
    let rows = entity::Entity::find()
        .filter(Column::Id.is_in(ids))
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| SubjectDescription {
            name: format!("serviceAccounts/{}", row.id),
            display_name: row.display_name,
            ..SubjectDescription::default()
        })
        .collect())
}

/// Changes the state of a service account that was read at `version`, and returns it as
/// stored.
pub(crate) async fn set_active(
    tx: &mut WriteTx,
    id: &ServiceAccountId,
    version: i64,
    active: bool,
) -> Result<ServiceAccount, StoreError> {
    let result = entity::Entity::update_many()
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
    Ok(service_account(row))
}

fn emit_state(tx: &mut WriteTx, row: &entity::Model) {
    let name = format!("serviceAccounts/{}", row.id);
    let change = ServiceAccountChange {
        name: name.clone(),
        active: row.active,
    };
    emit(tx, name, Entity::ServiceAccount(change));
}

fn service_account(row: entity::Model) -> ServiceAccount {
    let state = if row.active {
        ServiceAccountState::Active
    } else {
        ServiceAccountState::Disabled
    };
    ServiceAccount {
        name: format!("serviceAccounts/{}", row.id),
        display_name: row.display_name,
        state: state.into(),
        create_time: timestamp(UnixTime(row.create_ms)),
        update_time: timestamp(UnixTime(row.update_ms)),
        etag: etag(row.version),
    }
}
