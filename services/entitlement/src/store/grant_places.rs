//! The units and resources that the scopes of grants name, found by name. The `uid` tells them from
//! later ones of the same name.

use std::collections::BTreeMap;

use api::entitlement::v1::Scope;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use store::{StoreError, WriteTx, new_row};
use types::{Id, OrganizationId};

use super::{MAX_ROWS_PER_STATEMENT, grants::NewGrant, table};

// `place` is `units/k1` or `resources/n1`; `uid` is that of the location when the scope was
// written.
table!("grant_places", key { organization: String, place: String, grant_id: String }, {
    uid: String,
});
pub(crate) use row::Model as Row;
use row::{Column, Entity};

/// The `uid` of units and resources, by location.
pub(crate) type Uids = BTreeMap<String, String>;

/// A replaced location: its name, and the `uid` of the present one, if any.
pub(crate) type Replaced = (String, Option<String>);

/// Returns the name of a unit or a resource within its organization, such as `units/k1`.
pub(crate) fn place(name: &str) -> &str {
    name.splitn(3, '/').last().unwrap_or_default()
}

/// Records the locations in the scopes of grants.
pub(crate) async fn put(
    tx: &WriteTx,
    organization: &OrganizationId,
    grants: &[NewGrant],
    uids: &Uids,
) -> Result<(), StoreError> {
    let rows = grants.iter().flat_map(|grant| {
        let Scope {
            units, resources, ..
        } = &grant.scope;
        units.iter().chain(resources).map(|name| {
            let place = place(name);
            Row {
                organization: organization.as_str().to_owned(),
                place: place.to_owned(),
                grant_id: grant.id.as_str().to_owned(),
                uid: uids.get(place).cloned().unwrap_or_default(),
            }
        })
    });
    let rows: Vec<Row> = rows.collect();
    for chunk in rows.chunks(MAX_ROWS_PER_STATEMENT) {
        Entity::insert_many(chunk.iter().cloned().map(new_row::<row::ActiveModel, _>))
            .exec_without_returning(tx.connection())
            .await?;
    }
    Ok(())
}

/// Replaces the recorded locations of a grant's scope.
pub(crate) async fn replace(
    tx: &WriteTx,
    organization: &OrganizationId,
    grant: &NewGrant,
    uids: &Uids,
) -> Result<(), StoreError> {
    Entity::delete_many()
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::GrantId.eq(grant.id.as_str()))
        .exec(tx.connection())
        .await?;
    put(tx, organization, std::slice::from_ref(grant), uids).await
}

/// Returns the records of these locations whose `uid` differs from the present one.
pub(crate) async fn naming_others(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    places: &[Replaced],
) -> Result<Vec<Row>, StoreError> {
    let mut found = Vec::new();
    for chunk in places.chunks(MAX_ROWS_PER_STATEMENT) {
        let uids: BTreeMap<&str, Option<&str>> = chunk
            .iter()
            .map(|(place, uid)| (place.as_str(), uid.as_deref()))
            .collect();
        let rows = Entity::find()
            .filter(Column::Organization.eq(organization.as_str()))
            .filter(Column::Place.is_in(uids.keys().copied()))
            .all(db)
            .await?;
        let others = rows.into_iter().filter(|row| {
            let now = uids.get(row.place.as_str()).copied().flatten();
            now != Some(row.uid.as_str())
        });
        found.extend(others);
    }
    Ok(found)
}

/// Deletes the records of a location whose `uid` differs from the present one.
pub(crate) async fn forget_others(
    tx: &WriteTx,
    organization: &OrganizationId,
    (place, uid): &Replaced,
) -> Result<(), StoreError> {
    let there = Entity::delete_many()
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Place.eq(place));
    let others = match uid {
        Some(uid) => there.filter(Column::Uid.ne(uid)),
        None => there,
    };
    others.exec(tx.connection()).await?;
    Ok(())
}
