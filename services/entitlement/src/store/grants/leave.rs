//! Removes deleted locations and ended applications from the scopes of grants.

use std::collections::{BTreeMap, BTreeSet};

use ::store::{StoreError, WriteTx, new_row};
use api::entitlement::v1::Scope;
use entitlement_core::management;
use prost::Message;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use types::{ApplicationId, Id, OrganizationId, RoleName};

use super::{
    by_holder::of_role,
    note, of_ids,
    row::{self, Column, Entity, Model as Row},
};
use crate::store::{
    MAX_ROWS_PER_STATEMENT,
    grant_places::{self, Replaced, place},
};

/// The author of changes that no caller makes.
const SYSTEM_AUTHOR: &str = "system";

/// Removes replaced locations from the scopes that name the earlier ones, and revokes grants whose
/// scope becomes empty. Returns the subjects of these grants.
pub(crate) async fn leave_places(
    tx: &WriteTx,
    organization: &OrganizationId,
    places: &[Replaced],
) -> Result<BTreeSet<String>, StoreError> {
    let named = grant_places::naming_others(tx.connection(), organization, places).await?;
    let mut lost: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in &named {
        lost.entry(&row.grant_id).or_default().insert(&row.place);
    }
    let ids: Vec<&str> = lost.keys().copied().collect();
    let mut rows = of_ids(tx.connection(), organization, &ids).await?;
    for row in &mut rows {
        if let Some(lost) = lost.get(row.id.as_str()) {
            row.lose_places(lost, tx)?;
        }
    }
    write(tx, &rows).await?;
    for replaced in places {
        grant_places::forget_others(tx, organization, replaced).await?;
    }
    Ok(rows.into_iter().map(|row| row.subject).collect())
}

/// Removes an application from the scopes of its administrators in an organization, and revokes
/// grants whose scope becomes empty. Returns the subjects of these grants.
pub(crate) async fn leave_application(
    tx: &WriteTx,
    organization: &OrganizationId,
    application: &ApplicationId,
    by: &str,
) -> Result<BTreeSet<String>, StoreError> {
    let admin = RoleName::parse_name(management::ADMIN_ROLE)?;
    let held = Entity::find()
        .filter(of_role(&admin))
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Revoked.eq(false))
        .all(tx.connection())
        .await?;
    let name = application.name();
    let mut rows = Vec::new();
    for mut row in held {
        if row.lose_application(&name, by, tx)? {
            rows.push(row);
        }
    }
    write(tx, &rows).await?;
    Ok(rows.into_iter().map(|row| row.subject).collect())
}

impl Row {
    /// A grant revoked earlier keeps its scope.
    fn lose_places(&mut self, lost: &BTreeSet<&str>, tx: &WriteTx) -> Result<(), StoreError> {
        let mut scope = Scope::decode(self.scope.as_slice())?;
        let named = scope.units.iter().chain(&scope.resources);
        let named = named.filter(|name| lost.contains(place(name)));
        let deleted = self.deleted_places.iter().flat_map(|text| text.split(' '));
        let deleted: BTreeSet<&str> = deleted.chain(named.map(String::as_str)).collect();
        let deleted: Vec<&str> = deleted.into_iter().collect();
        self.deleted_places = Some(deleted.join(" "));
        if self.revoked {
            return Ok(());
        }
        scope.units.retain(|name| !lost.contains(place(name)));
        scope.resources.retain(|name| !lost.contains(place(name)));
        let is_empty = scope.units.is_empty() && scope.resources.is_empty();
        self.reduce_scope((!is_empty).then_some(scope), SYSTEM_AUTHOR, tx);
        note(tx, self)
    }

    /// Returns true if the grant named the application.
    fn lose_application(
        &mut self,
        application: &str,
        by: &str,
        tx: &WriteTx,
    ) -> Result<bool, StoreError> {
        let mut scope = Scope::decode(self.scope.as_slice())?;
        let before = scope.applications.len();
        scope.applications.retain(|name| name != application);
        if scope.applications.len() == before {
            return Ok(false);
        }
        let is_empty = scope.applications.is_empty();
        self.reduce_scope((!is_empty).then_some(scope), by, tx);
        note(tx, self)?;
        Ok(true)
    }

    /// Advances to the next version with the rest of its scope, or revokes it if nothing is left.
    fn reduce_scope(&mut self, left: Option<Scope>, by: &str, tx: &WriteTx) {
        if let Some(scope) = left {
            self.scope = scope.encode_to_vec();
        } else {
            self.revoked = true;
            self.revoke_ms = tx.now().0;
            by.clone_into(&mut self.revoked_by);
        }
        self.update_ms = tx.now().0;
        self.version += 1;
    }
}

/// Writes existing rows in bulk.
async fn write(tx: &WriteTx, rows: &[Row]) -> Result<(), StoreError> {
    for chunk in rows.chunks(MAX_ROWS_PER_STATEMENT) {
        Entity::insert_many(chunk.iter().cloned().map(new_row::<row::ActiveModel, _>))
            .on_conflict(
                OnConflict::columns([Column::Organization, Column::Id])
                    .update_columns([
                        Column::Scope,
                        Column::DeletedPlaces,
                        Column::Revoked,
                        Column::RevokeMs,
                        Column::RevokedBy,
                        Column::UpdateMs,
                        Column::Version,
                    ])
                    .to_owned(),
            )
            .exec_without_returning(tx.connection())
            .await?;
    }
    Ok(())
}
