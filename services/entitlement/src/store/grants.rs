//! Grants.

mod by_holder;
mod by_subject;
mod draft;
mod leave;
mod revoke;

use ::store::{StoreError, WriteTx, changed_one, new_row};
use api::entitlement::v1::{Grant, GrantState, Scope};
use prost::Message;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use service::{etag, timestamp};
use types::{GrantId, Id, OrganizationId, RoleName, UnixTime};

pub(crate) use by_holder::{Filter, holders, is_held, of_posts, page, roles, subjects_with};
pub(crate) use by_subject::Of;
pub(crate) use leave::{leave_application, leave_places};
pub(crate) use revoke::{revoke, revoke_all, revoke_of};

use super::{
    MAX_ROWS_PER_STATEMENT,
    grant_places::{self, Uids},
    history, table,
};

table!("grants", key { organization: String, id: String }, {
    subject: String,
    application: String,
    role: String,
    // Absent in history rows of earlier versions.
    #[serde(default)]
    custom: bool,
    scope: Vec<u8>,
    start_ms: i64,
    end_ms: i64,
    can_delegate: bool,
    condition: Option<String>,
    // Names, separated by spaces.
    #[serde(default)]
    deleted_places: Option<String>,
    revoked: bool,
    revoke_ms: i64,
    revoked_by: String,
    granted_by: String,
    create_ms: i64,
    update_ms: i64,
    version: i64,
});
pub(crate) use row::Model as Row;
use row::{Column, Entity};

/// A checked grant, to be inserted.
#[derive(Debug, Clone)]
pub(crate) struct NewGrant {
    pub(crate) id: GrantId,
    pub(crate) subject: String,
    pub(crate) role: RoleName,
    pub(crate) scope: Scope,
    pub(crate) start: UnixTime,
    pub(crate) end: UnixTime,
    pub(crate) can_delegate: bool,
    pub(crate) condition: Option<String>,
}

/// Inserts grants, all or none, and returns them as stored. `uids` covers all locations in their
/// scopes.
pub(crate) async fn insert(
    tx: &WriteTx,
    organization: &OrganizationId,
    granted_by: &str,
    grants: &[NewGrant],
    uids: &Uids,
) -> Result<Vec<Grant>, StoreError> {
    let rows: Vec<Row> = grants
        .iter()
        .map(|grant| Row {
            organization: organization.as_str().to_owned(),
            id: grant.id.as_str().to_owned(),
            subject: grant.subject.clone(),
            application: grant.role.application.as_str().to_owned(),
            role: grant.role.role.as_str().to_owned(),
            custom: grant.role.organization.is_some(),
            scope: grant.scope.encode_to_vec(),
            start_ms: grant.start.0,
            end_ms: grant.end.0,
            can_delegate: grant.can_delegate,
            condition: grant.condition.clone(),
            deleted_places: None,
            revoked: false,
            revoke_ms: UnixTime::MAX.0,
            revoked_by: String::new(),
            granted_by: granted_by.to_owned(),
            create_ms: tx.now().0,
            update_ms: tx.now().0,
            version: tx.now().0,
        })
        .collect();
    if tx.is_draft() {
        draft::check_absent(tx, organization, &rows).await?;
    } else {
        for chunk in rows.chunks(MAX_ROWS_PER_STATEMENT) {
            Entity::insert_many(chunk.iter().cloned().map(new_row::<row::ActiveModel, _>))
                .exec_without_returning(tx.connection())
                .await?;
        }
        grant_places::put(tx, organization, grants, uids).await?;
    }
    for row in &rows {
        note(tx, row)?;
    }
    rows.iter().map(|row| grant(row, tx.now())).collect()
}

/// Returns a grant and its version.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    id: &GrantId,
    now: UnixTime,
) -> Result<Option<(Grant, i64)>, StoreError> {
    let key = (organization.as_str().to_owned(), id.as_str().to_owned());
    let row = Entity::find_by_id(key).one(db).await?;
    let found = row.map(|row| grant(&row, now).map(|grant| (grant, row.version)));
    found.transpose()
}

/// Returns the grants with these ids that exist in an organization.
pub(crate) async fn of_ids(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    ids: &[&str],
) -> Result<Vec<Row>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(MAX_ROWS_PER_STATEMENT) {
        let rows = Entity::find()
            .filter(Column::Organization.eq(organization.as_str()))
            .filter(Column::Id.is_in(chunk.iter().copied()))
            .all(db)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// Returns the grants in an organization that were not revoked: those of `subjects`, or of all if
/// `None`.
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
    for chunk in subjects.chunks(MAX_ROWS_PER_STATEMENT) {
        let of = Column::Subject.is_in(chunk.iter().copied());
        found.extend(own.clone().filter(of).all(db).await?);
    }
    Ok(found)
}

/// Like [`of_subjects`], including the changes of this write.
pub(crate) async fn of_subjects_in(
    tx: &WriteTx,
    organization: &OrganizationId,
    subjects: &[&str],
) -> Result<Vec<Row>, StoreError> {
    let stored = of_subjects(tx.connection(), organization, Some(subjects)).await?;
    draft::with_noted(tx, organization, stored, |row| {
        subjects.contains(&row.subject.as_str())
    })
}

/// Updates the mutable fields of a grant that was read at `version`, and returns it as stored.
/// `uids` covers all locations in its scope, if the scope was changed.
pub(crate) async fn update(
    tx: &WriteTx,
    organization: &OrganizationId,
    version: i64,
    changed: &NewGrant,
    uids: Option<&Uids>,
) -> Result<Grant, StoreError> {
    let mut row = read_at(tx, organization, &changed.id, version).await?;
    if let Some(uids) = uids {
        row.scope = changed.scope.encode_to_vec();
        row.deleted_places = None;
        if !tx.is_draft() {
            grant_places::replace(tx, organization, changed, uids).await?;
        }
    }
    row.start_ms = changed.start.0;
    row.end_ms = changed.end.0;
    row.can_delegate = changed.can_delegate;
    row.condition.clone_from(&changed.condition);
    write(tx, row).await
}

/// Returns a grant as the write sees it, if it is still at `version`.
async fn read_at(
    tx: &WriteTx,
    organization: &OrganizationId,
    id: &GrantId,
    version: i64,
) -> Result<Row, StoreError> {
    let key = (organization.as_str().to_owned(), id.as_str().to_owned());
    let row = Entity::find_by_id(key).one(tx.connection()).await?;
    row.filter(|row| row.version == version)
        .ok_or(StoreError::Stale)
}

/// Writes the next version of a grant, unless it has changed since it was read, and records its
/// history.
async fn write(tx: &WriteTx, mut row: Row) -> Result<Grant, StoreError> {
    let read = row.version;
    row.version += 1;
    row.update_ms = tx.now().0;
    if !tx.is_draft() {
        let result = Entity::update_many()
            .set(new_row::<row::ActiveModel, _>(row.clone()))
            .filter(Column::Organization.eq(&row.organization))
            .filter(Column::Id.eq(&row.id))
            .filter(Column::Version.eq(read))
            .exec(tx.connection())
            .await?;
        changed_one(&result)?;
    }
    note(tx, &row)?;
    grant(&row, tx.now())
}

/// Records the state of a grant from the commit on; its end if it was revoked.
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

impl Row {
    /// Returns the name of the role.
    pub(crate) fn role_name(&self) -> String {
        role_name(
            &self.organization,
            &self.application,
            &self.role,
            self.custom,
        )
    }
}

fn role_name(organization: &str, application: &str, role: &str, custom: bool) -> String {
    let role = format!("applications/{application}/roles/{role}");
    if custom {
        format!("organizations/{organization}/{role}")
    } else {
        role
    }
}

/// Converts a grant to protobuf.
pub(crate) fn grant(row: &Row, now: UnixTime) -> Result<Grant, StoreError> {
    let state = if row.revoked {
        GrantState::Revoked
    } else if row.end_ms <= now.0 {
        GrantState::Expired
    } else {
        GrantState::Active
    };
    Ok(Grant {
        name: format!("organizations/{}/grants/{}", row.organization, row.id),
        subject: row.subject.clone(),
        role: row.role_name(),
        scope: Some(Scope::decode(row.scope.as_slice())?),
        start_time: timestamp(UnixTime(row.start_ms)),
        end_time: timestamp(UnixTime(row.end_ms)),
        state: state.into(),
        granted_by: row.granted_by.clone(),
        create_time: timestamp(UnixTime(row.create_ms)),
        update_time: timestamp(UnixTime(row.update_ms)),
        etag: etag(row.version),
        can_delegate: row.can_delegate,
        revoke_time: timestamp(UnixTime(row.revoke_ms)),
        revoked_by: row.revoked_by.clone(),
        condition: row.condition.clone().unwrap_or_default(),
        deleted_places: row
            .deleted_places
            .iter()
            .flat_map(|text| text.split(' '))
            .map(str::to_owned)
            .collect(),
    })
}
