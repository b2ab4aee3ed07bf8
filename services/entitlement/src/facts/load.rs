//! Reads pieces from the store, in a snapshot that the caller holds. What is read whole is of now.

use std::{collections::BTreeMap, sync::Arc};

use base::{Id, OrganizationId};
use store::StoreError;

use super::{
    Piece,
    catalogs::{Catalogs, Declared},
};
use crate::store::{
    custom_roles, entitlements, grants, keys, members, organizations, resources, subjects, units,
    view::View,
};

/// Pieces as rows: what exists of what was asked for.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) catalog: Option<Arc<Declared>>,
    pub(super) keys: Asked<keys::Row>,
    pub(super) subjects: Asked<subjects::Row>,
    pub(super) organizations: Vec<(OrganizationId, LoadedOrganization)>,
}

/// The names that were asked for, and the rows of those that exist.
#[derive(Debug)]
pub(super) struct Asked<R> {
    pub(super) names: Vec<String>,
    pub(super) rows: Vec<R>,
}

impl<R> Default for Asked<R> {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            rows: Vec::new(),
        }
    }
}

/// What was read of one organization.
#[derive(Debug, Default)]
pub(super) struct LoadedOrganization {
    /// What its members share, if that was asked for.
    pub(super) shared: Option<Shared>,
    /// Members by their subjects.
    pub(super) members: Asked<members::Row>,
    /// The grants of those members.
    pub(super) grants: Vec<grants::Row>,
    /// Resources by their ids.
    pub(super) resources: Asked<resources::Row>,
    /// Whether these are all members, and all resources.
    pub(super) all_members: bool,
    pub(super) all_resources: bool,
}

/// What the members of an organization share.
#[derive(Debug)]
pub(super) struct Shared {
    /// None if there is no such organization.
    pub(super) organization: Option<organizations::Row>,
    pub(super) entitlements: Vec<entitlements::Row>,
    pub(super) units: Vec<units::Row>,
    pub(super) roles: Vec<custom_roles::Row>,
}

/// What is asked for of one organization.
#[derive(Debug, Default)]
struct Wanted {
    shared: bool,
    /// All members and resources, if they are at most so many.
    whole: Option<u64>,
    members: Vec<String>,
    resources: Vec<String>,
}

/// Reads pieces. An organization for which `whole` says a number is read with all its members and
/// all its resources, unless these are more.
pub(super) async fn load(
    view: View<'_>,
    catalogs: &Catalogs,
    pieces: impl IntoIterator<Item = Piece>,
    whole: impl Fn(&OrganizationId) -> Option<u64>,
) -> Result<Loaded, StoreError> {
    let mut loaded = Loaded::default();
    let mut wanted: BTreeMap<OrganizationId, Wanted> = BTreeMap::new();
    for piece in pieces {
        match piece {
            Piece::Catalog => {
                loaded.catalog = Some(catalogs.of(view.applications().await?)?);
            }
            Piece::Key(id) => loaded.keys.names.push(id.into()),
            Piece::Subject(name) => loaded.subjects.names.push(name.into()),
            Piece::Organization(organization) => {
                let whole = whole(&organization);
                let entry = wanted.entry(organization).or_default();
                (entry.shared, entry.whole) = (true, whole);
            }
            Piece::Member(organization, subject) => {
                wanted
                    .entry(organization)
                    .or_default()
                    .members
                    .push(subject.into());
            }
            Piece::Resource(organization, id) => {
                wanted
                    .entry(organization)
                    .or_default()
                    .resources
                    .push(id.into());
            }
            Piece::Cursor(_) => {}
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

/// The name under which an organization is kept.
pub(super) fn key(organization: &OrganizationId) -> Box<str> {
    organization.as_str().into()
}
