//! Grant changes that are applied together.

use std::collections::{BTreeMap, BTreeSet};

use ::rpc::Fault;
use ::store::WriteTx;
use api::entitlement::v1::{Grant, GrantChange, UpdateGrantRequest, grant_change};
use service::parse;
use types::{GrantId, Id, In, OrganizationId};

use super::{
    App, batch_create_grants,
    create_grant::give,
    delegation::GrantEditor,
    required_holders::{self, Keepers},
    revoke_grant::revoke,
    update_grant::{ExistingGrant, change},
};
use crate::{
    error::Error,
    store::grants::{self, NewGrant},
};

/// Changes whose fields are valid.
pub(super) struct Changes {
    pub(super) organization: OrganizationId,
    /// Subjects whose access changes.
    pub(super) subjects: BTreeSet<String>,
    /// True if a changed grant may give a required holder.
    concerned: bool,
    all: Vec<Change>,
}

enum Change {
    Create(NewGrant),
    Update(In<GrantId>, Box<Grant>, Vec<String>),
    Revoke(In<GrantId>, String),
}

impl Changes {
    /// Parses the changes of a request. If the request concerns one subject only (`only`), reports
    /// grants of other subjects as not found.
    pub(super) async fn read(
        app: &App,
        organization: OrganizationId,
        changes: &[GrantChange],
        only: Option<&str>,
    ) -> Result<Self, Error> {
        let mut all = Vec::with_capacity(changes.len());
        let mut ids = BTreeSet::new();
        for (index, change) in changes.iter().enumerate() {
            let at = format!("changes[{index}]");
            let change = read(&organization, change, &at)?;
            if !ids.insert(change.id().as_str().to_owned()) {
                return Err(Fault::field(at, "names a grant that another change names").into());
            }
            all.push(change);
        }
        let existing: Vec<&In<GrantId>> = all.iter().filter_map(Change::existing).collect();
        let ids: Vec<&str> = existing.iter().map(|name| name.id.as_str()).collect();
        let rows = grants::of_ids(app.store.reader(), &organization, &ids).await?;
        let rows: BTreeMap<&str, &grants::Row> =
            rows.iter().map(|row| (row.id.as_str(), row)).collect();
        let mut subjects = BTreeSet::new();
        for change in &all {
            let subject = match change {
                Change::Create(grant) => grant.subject.clone(),
                Change::Update(name, ..) | Change::Revoke(name, _) => rows
                    .get(name.id.as_str())
                    .filter(|_| name.organization == organization)
                    .filter(|row| only.is_none_or(|only| row.subject == only))
                    .map(|row| row.subject.clone())
                    .ok_or_else(|| Error::GrantNotFound(name.to_string()))?,
            };
            subjects.insert(subject);
        }
        let mut changed = rows.values();
        let concerned = changed.any(|row| required_holders::concerns(&row.role_name()));
        Ok(Self {
            organization,
            subjects,
            concerned,
            all,
        })
    }

    /// Applies the changes, and returns the grants in the order of the changes. Revokes first,
    /// because an old grant may conflict with a new one. Checks the required holders once, after
    /// all changes.
    // SPEC: S3-43.
    pub(super) async fn enact(
        self,
        by: &GrantEditor<'_>,
        tx: &mut WriteTx,
    ) -> Result<Vec<Grant>, Error> {
        let organization = self.organization.clone();
        let kept = Keepers::before(by.app, tx, &organization, self.concerned).await?;
        let changed = self.make(by, tx).await?;
        kept.after(by.app, tx).await?;
        Ok(changed)
    }

    async fn make(self, by: &GrantEditor<'_>, tx: &mut WriteTx) -> Result<Vec<Grant>, Error> {
        let mut done = BTreeMap::new();
        let (mut updates, mut creates, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for (index, change) in self.all.into_iter().enumerate() {
            match change {
                Change::Revoke(name, etag) => {
                    let held = ExistingGrant::find(tx, &name).await?;
                    done.insert(index, revoke(by, tx, &name, held, &etag).await?);
                }
                Change::Update(name, grant, paths) => updates.push((index, name, grant, paths)),
                Change::Create(grant) => {
                    places.push(index);
                    creates.push(grant);
                }
            }
        }
        for (index, name, grant, paths) in updates {
            let held = ExistingGrant::find(tx, &name).await?;
            let asked = (*grant, &*paths);
            let changed = change(by.app, by.context, tx, &name, held, asked).await?;
            done.insert(index, changed);
        }
        if !creates.is_empty() {
            let organization = &self.organization;
            let given = give(by.app, by.context, tx, by.permit, organization, &creates).await?;
            done.extend(places.into_iter().zip(given));
        }
        Ok(done.into_values().collect())
    }
}

impl Change {
    fn id(&self) -> &GrantId {
        match self {
            Self::Create(grant) => &grant.id,
            Self::Update(name, ..) | Self::Revoke(name, _) => &name.id,
        }
    }

    /// Returns the name of a grant that must exist.
    fn existing(&self) -> Option<&In<GrantId>> {
        match self {
            Self::Create(_) => None,
            Self::Update(name, ..) | Self::Revoke(name, _) => Some(name),
        }
    }
}

fn read(organization: &OrganizationId, change: &GrantChange, at: &str) -> Result<Change, Error> {
    let name = |field: &str, name: &str| parse(field, name, In::<GrantId>::parse_name);
    let alone = |own: bool| {
        if own {
            Err(Fault::field(at, "is one of several changes"))
        } else {
            Ok(())
        }
    };
    match change.change.as_ref() {
        Some(grant_change::Change::Create(create)) => {
            let at = format!("{at}.create");
            let grant = batch_create_grants::read(organization, create, &at)?;
            Ok(Change::Create(grant))
        }
        Some(grant_change::Change::Update(update)) => {
            let UpdateGrantRequest {
                grant,
                update_mask,
                request_id,
                validate_only,
                consistency_token,
            } = update.clone();
            alone(!request_id.is_empty() || validate_only || !consistency_token.is_empty())?;
            let grant = grant.unwrap_or_default();
            let name = name(&format!("{at}.update.grant.name"), &grant.name)?;
            let paths = update_mask.unwrap_or_default().paths;
            Ok(Change::Update(name, Box::new(grant), paths))
        }
        Some(grant_change::Change::Revoke(revoke)) => {
            alone(!revoke.request_id.is_empty() || revoke.validate_only)?;
            let name = name(&format!("{at}.revoke.name"), &revoke.name)?;
            Ok(Change::Revoke(name, revoke.etag.clone()))
        }
        None => Err(Fault::field(at, "must be a change").into()),
    }
}
