//! Resources.

mod row;

use ::store::{StoreError, WriteTx, changed_one, new_row};
use api::membership::v1::{Resource, ResourceChange, change};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use types::{Id, In, OrganizationId, ResourceId, UnitId};

use self::row::{ActiveModel, Column, Entity, Model, emit_state};
use super::{ROWS_PER_INSERT, deleted_one, emit, key, new_uid};

/// A checked resource to insert, with its id and unit.
pub(crate) struct NewResource {
    pub(crate) id: ResourceId,
    pub(crate) unit: UnitId,
    pub(crate) resource: Resource,
}

/// Inserts resources, all or none, and returns them as stored.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    organization: &OrganizationId,
    resources: Vec<NewResource>,
) -> Result<Vec<Resource>, StoreError> {
    let now = tx.now().0;
    let rows: Vec<Model> = resources
        .into_iter()
        .map(|new| Model {
            organization: organization.as_str().to_owned(),
            id: new.id.as_str().to_owned(),
            resource_type: new.resource.r#type,
            external_id: Some(new.resource.external_id).filter(|id| !id.is_empty()),
            unit: new.unit.as_str().to_owned(),
            display_name: new.resource.display_name,
            create_ms: now,
            update_ms: now,
            version: tx.now().0,
            uid: new_uid(),
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

/// Returns one of these resources whose id is taken.
pub(crate) async fn first_existing(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    resources: &[NewResource],
) -> Result<Option<ResourceId>, StoreError> {
    let ids = resources.iter().map(|new| new.id.as_str());
    // The query returns all rows: with a limit of one, PostgreSQL would not use the index.
    let taken: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Id.is_in(ids))
        .into_tuple()
        .all(db)
        .await?;
    let id = taken.first().map(|id| ResourceId::parse(id));
    Ok(id.transpose()?)
}

/// Returns a resource and its version.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    name: &In<ResourceId>,
) -> Result<Option<(Resource, i64)>, StoreError> {
    let row = Entity::find_by_id(key(name)).one(db).await?;
    Ok(row.map(|row| {
        let version = row.version;
        (row.into(), version)
    }))
}

/// Returns a page of the resources of an organization after an id, ordered by id.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    after: &str,
    limit: u64,
) -> Result<Vec<Resource>, StoreError> {
    let rows = Entity::find()
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Writes a resource that was read at `version`, and returns it as stored.
pub(crate) async fn update(
    tx: &mut WriteTx,
    name: &In<ResourceId>,
    version: i64,
    display_name: String,
    unit: &UnitId,
) -> Result<Resource, StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::DisplayName, Expr::value(display_name))
        .col_expr(Column::Unit, Expr::value(unit.as_str()))
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

/// Deletes a resource that was read at `version`.
pub(crate) async fn delete(
    tx: &mut WriteTx,
    name: &In<ResourceId>,
    version: i64,
) -> Result<(), StoreError> {
    let result = Entity::delete_by_id(key(name))
        .filter(Column::Version.eq(version))
        .exec(tx.connection())
        .await?;
    deleted_one(&result)?;
    let name = name.to_string();
    let change = ResourceChange {
        name: name.clone(),
        deleted: true,
        ..ResourceChange::default()
    };
    emit(tx, name, change::Entity::Resource(change));
    Ok(())
}
