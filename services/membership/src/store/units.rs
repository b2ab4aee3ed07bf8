//! Units.

mod row;
pub(crate) mod tree;

use std::collections::HashSet;

use ::store::{StoreError, WriteTx, changed_one, new_row};
use api::membership::v1::{Unit, UnitChange, change};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use types::{Id, In, OrganizationId, UnitId};

use self::row::{ActiveModel, Column, Entity, Model, emit_state};
use super::{ROWS_PER_INSERT, deleted_one, emit, key, new_uid};

/// A checked unit to insert, with its id and parent.
pub(crate) struct NewUnit {
    pub(crate) id: UnitId,
    pub(crate) parent: Option<UnitId>,
    pub(crate) unit: Unit,
}

/// Inserts units, all or none, and returns them as stored. A parent must come before its children.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    organization: &OrganizationId,
    units: Vec<NewUnit>,
) -> Result<Vec<Unit>, StoreError> {
    let now = tx.now().0;
    let rows: Vec<Model> = units
        .into_iter()
        .map(|new| Model {
            organization: organization.as_str().to_owned(),
            id: new.id.as_str().to_owned(),
            parent: new.parent.map(|parent| parent.as_str().to_owned()),
            kind: new.unit.kind,
            number: new.unit.number,
            display_name: new.unit.display_name,
            create_ms: now,
            update_ms: now,
            version: tx.now().0,
            uid: new_uid(),
        })
        .collect();
    for chunk in rows.chunks(ROWS_PER_INSERT) {
        let rows = chunk.iter().cloned().map(new_row::<ActiveModel, _>);
        Entity::insert_many(rows)
            .exec_without_returning(tx.connection())
            .await?;
    }
    for row in &rows {
        emit_state(tx, row);
    }
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Returns those of the ids that are units of the organization, in one query.
pub(crate) async fn existing(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    ids: &HashSet<&str>,
) -> Result<HashSet<String>, StoreError> {
    let ids: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().collect())
}

/// Returns a unit and its version.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    name: &In<UnitId>,
) -> Result<Option<(Unit, i64)>, StoreError> {
    let row = Entity::find_by_id(key(name)).one(db).await?;
    Ok(row.map(|row| {
        let version = row.version;
        (row.into(), version)
    }))
}

/// Returns a page of the units of an organization after an id, ordered by id.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    after: &str,
    limit: u64,
) -> Result<Vec<Unit>, StoreError> {
    let rows = Entity::find()
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Writes a unit that was read at `version`, and returns it as stored.
pub(crate) async fn update(
    tx: &mut WriteTx,
    name: &In<UnitId>,
    version: i64,
    display_name: String,
    parent: Option<&UnitId>,
) -> Result<Unit, StoreError> {
    let parent = parent.map(|parent| parent.as_str().to_owned());
    let result = Entity::update_many()
        .col_expr(Column::DisplayName, Expr::value(display_name))
        .col_expr(Column::Parent, Expr::value(parent))
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

/// Deletes a unit that was read at `version`.
///
/// # Errors
/// [`StoreError::Reference`] if there are units or resources below it.
pub(crate) async fn delete(
    tx: &mut WriteTx,
    name: &In<UnitId>,
    version: i64,
) -> Result<(), StoreError> {
    let result = Entity::delete_by_id(key(name))
        .filter(Column::Version.eq(version))
        .exec(tx.connection())
        .await?;
    deleted_one(&result)?;
    let name = name.to_string();
    let change = UnitChange {
        name: name.clone(),
        deleted: true,
        ..UnitChange::default()
    };
    emit(tx, name, change::Entity::Unit(change));
    Ok(())
}
