//! Loads facts from the store, in a snapshot of the caller. An organization is loaded completely
//! only as of now.

use std::{collections::BTreeMap, sync::Arc};

use store::StoreError;
use types::{Id, OrganizationId};

use super::{
    FactKey,
    catalog_cache::{CatalogCache, Declared},
};
use crate::store::{
    custom_roles, entitlements, grants, keys, members, organizations, resources, subjects, units,
    view::View,
};

/// Loaded facts as rows.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) catalog: Option<Arc<Declared>>,
    pub(super) keys: Lookup<keys::Row>,
    pub(super) subjects: Lookup<subjects::Row>,
    pub(super) organizations: Vec<(OrganizationId, LoadedOrganization)>,
}

/// Requested names, and the rows of those that exist.
#[derive(Debug)]
pub(super) struct Lookup<R> {
    pub(super) names: Vec<String>,
    pub(super) rows: Vec<R>,
}

impl<R> Default for Lookup<R> {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            rows: Vec::new(),
        }
    }
}

/// Rows of one organization.
#[derive(Debug, Default)]
pub(super) struct LoadedOrganization {
    /// Facts that its members share, if requested.
    pub(super) shared: Option<Shared>,
    /// Members by their subjects.
    pub(super) members: Lookup<members::Row>,
    /// Grants of those members.
    pub(super) grants: Vec<grants::Row>,
    /// Resources by their ids.
    pub(super) resources: Lookup<resources::Row>,
    /// True if all members were loaded; likewise all resources.
    pub(super) all_members: bool,
    pub(super) all_resources: bool,
}

/// Facts that the members of an organization share.
#[derive(Debug)]
pub(super) struct Shared {
    /// None if the organization does not exist.
    pub(super) organization: Option<organizations::Row>,
    pub(super) entitlements: Vec<entitlements::Row>,
    pub(super) units: Vec<units::Row>,
    pub(super) roles: Vec<custom_roles::Row>,
}

/// Facts to load of one organization.
#[derive(Debug, Default)]
struct Wanted {
    shared: bool,
    /// Maximum number of members, and of resources, up to which all of them are loaded.
    whole: Option<u64>,
    members: Vec<String>,
    resources: Vec<String>,
}

/// Loads the facts of the given keys. Loads an organization with all its members and resources if
/// `whole` returns a limit for it and they do not exceed the limit.
pub(super) async fn load(
    view: View<'_>,
    catalogs: &CatalogCache,
    pieces: impl IntoIterator<Item = FactKey>,
    whole: impl Fn(&OrganizationId) -> Option<u64>,
) -> Result<Loaded, StoreError> {
    let mut loaded = Loaded::default();
    let mut wanted: BTreeMap<OrganizationId, Wanted> = BTreeMap::new();
    for piece in pieces {
        match piece {
            FactKey::Catalog => {
                loaded.catalog = Some(catalogs.of(view.applications().await?)?);
            }
            FactKey::Key(id) => loaded.keys.names.push(id.into()),
            FactKey::Subject(name) => loaded.subjects.names.push(name.into()),
            FactKey::Organization(organization) => {
                let whole = whole(&organization);
                let entry = wanted.entry(organization).or_default();
                (entry.shared, entry.whole) = (true, whole);
            }
            FactKey::Member(organization, subject) => {
                wanted
                    .entry(organization)
                    .or_default()
                    .members
                    .push(subject.into());
            }
            FactKey::Resource(organization, id) => {
                wanted
                    .entry(organization)
                    .or_default()
                    .resources
                    .push(id.into());
            }
            FactKey::Cursor(_) => {}
        }
    }
    for (organization, wanted) in wanted {
        let found = load_organization(view, &organization, wanted).await?;
        if found.all_members {
            let names = found.members.rows.iter().map(|row| row.subject.clone());
            loaded.subjects.names.extend(names);
        }
        loaded.organizations.push((organization, found));
    }
    loaded.keys.rows = keys::find(view.db, &loaded.keys.names).await?;
    loaded.subjects.rows = view.subjects(&loaded.subjects.names).await?;
    Ok(loaded)
}

async fn load_organization(
    view: View<'_>,
    organization: &OrganizationId,
    wanted: Wanted,
) -> Result<LoadedOrganization, StoreError> {
    let mut found = LoadedOrganization::default();
    if wanted.shared {
        found.shared = Some(Shared {
            organization: view.organization(organization).await?,
            entitlements: view.entitlements(organization).await?,
            units: view.units(organization).await?,
            roles: view.custom_roles(organization).await?,
        });
    }
    if let Some(whole) = wanted.whole {
        let rows = members::some(view.db, organization, whole + 1).await?;
        found.all_members = rows.len() as u64 <= whole;
        if found.all_members {
            found.members.rows = rows;
            found.grants = grants::of_subjects(view.db, organization, None).await?;
        }
        let rows = resources::some(view.db, organization, whole + 1).await?;
        found.all_resources = rows.len() as u64 <= whole;
        if found.all_resources {
            found.resources.rows = rows;
        }
    }
    if !found.all_members && !wanted.members.is_empty() {
        let subjects: Vec<&str> = wanted.members.iter().map(String::as_str).collect();
        found.members.rows = view.members(organization, &subjects).await?;
        found.grants = view.grants(organization, &subjects).await?;
        found.members.names = wanted.members;
    }
    if !found.all_resources && !wanted.resources.is_empty() {
        found.resources.rows = view.resources(organization, &wanted.resources).await?;
        found.resources.names = wanted.resources;
    }
    Ok(found)
}

/// Returns the key of an organization in memory.
pub(super) fn key(organization: &OrganizationId) -> Box<str> {
    organization.as_str().into()
}
