//! Entities that a page of the membership feed ends. The feed reports only the present state: if a
//! known entity was deleted and another has its name, only the `uid` shows it.

use std::collections::{BTreeMap, BTreeSet};

use ::store::{StoreError, WriteTx};
use api::membership::v1::{Change, MembershipChange, change::Entity};
use types::{Id, In, MembershipId, OrganizationId, ResourceId, UnitId};

use super::touch;
use crate::{
    facts::FactKey,
    store::{
        grant_places::{self, Replaced, Uids},
        grants, members, resources, units,
    },
};

/// Known entities that no longer exist, and their replacements.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// Units and resources.
    places: BTreeMap<OrganizationId, Vec<Replaced>>,
    members: BTreeMap<OrganizationId, Vec<members::Row>>,
}

/// The content of a page about one organization.
#[derive(Default)]
struct PageContent<'a> {
    units: BTreeMap<UnitId, Option<String>>,
    resources: BTreeMap<ResourceId, Option<String>>,
    members: Vec<(MembershipId, &'a MembershipChange)>,
}

impl Ended {
    /// Compares the page with the known entities.
    pub(super) async fn by(tx: &WriteTx, changes: &[Change]) -> Result<Self, StoreError> {
        let mut ended = Self::default();
        for (organization, told) in read(changes)? {
            let places = told.places(tx, &organization).await?;
            if !places.is_empty() {
                ended.places.insert(organization.clone(), places);
            }
            let members = told.members(tx, &organization).await?;
            if !members.is_empty() {
                ended.members.insert(organization, members);
            }
        }
        Ok(ended)
    }

    /// Ends the grants in deleted locations and of deleted members: their replacements begin
    /// without grants.
    pub(super) async fn apply(self, tx: &mut WriteTx) -> Result<(), StoreError> {
        for (organization, places) in &self.places {
            for subject in grants::leave_places(tx, organization, places).await? {
                touch(tx, &FactKey::Member(organization.clone(), subject.into()));
            }
        }
        for (organization, members) in self.members {
            for row in members {
                members::delete(tx, &row.organization, &row.id).await?;
                grants::revoke_all(tx, &organization, &row.subject).await?;
                let subject = row.subject.into();
                touch(tx, &FactKey::Member(organization.clone(), subject));
            }
        }
        Ok(())
    }
}

fn read(changes: &[Change]) -> Result<BTreeMap<OrganizationId, PageContent<'_>>, StoreError> {
    let mut told: BTreeMap<OrganizationId, PageContent<'_>> = BTreeMap::new();
    for change in changes {
        match &change.entity {
            Some(Entity::Unit(change)) => {
                let In { organization, id } = In::<UnitId>::parse_name(&change.name)?;
                let uid = (!change.deleted).then(|| change.uid.clone());
                told.entry(organization).or_default().units.insert(id, uid);
            }
            Some(Entity::Resource(change)) => {
                let In { organization, id } = In::<ResourceId>::parse_name(&change.name)?;
                let uid = (!change.deleted).then(|| change.uid.clone());
                let told = told.entry(organization).or_default();
                told.resources.insert(id, uid);
            }
            Some(Entity::Membership(change)) => {
                let In { organization, id } = In::<MembershipId>::parse_name(&change.name)?;
                told.entry(organization)
                    .or_default()
                    .members
                    .push((id, change));
            }
            _ => {}
        }
    }
    Ok(told)
}

impl PageContent<'_> {
    /// Returns the known locations that were replaced, and those that grants name with another
    /// `uid`: these were deleted before `uid`s were recorded.
    async fn places(
        &self,
        tx: &WriteTx,
        organization: &OrganizationId,
    ) -> Result<Vec<Replaced>, StoreError> {
        let known = self.known(tx, organization).await?;
        let units = self.units.iter();
        let units = units.map(|(id, uid)| (format!("units/{id}"), uid.clone()));
        let resources = self.resources.iter();
        let resources = resources.map(|(id, uid)| (format!("resources/{id}"), uid.clone()));
        let told = units.chain(resources);
        let told = told.filter(|(place, uid)| uid.is_none() || known.get(place) != uid.as_ref());
        let (mut replaced, unknown): (Vec<Replaced>, Vec<Replaced>) =
            told.partition(|(place, _)| known.contains_key(place));
        let named = grant_places::naming_others(tx.connection(), organization, &unknown).await?;
        let named: BTreeSet<String> = named.into_iter().map(|row| row.place).collect();
        let named = unknown.into_iter().filter(|(own, _)| named.contains(own));
        replaced.extend(named);
        Ok(replaced)
    }

    async fn known(&self, tx: &WriteTx, organization: &OrganizationId) -> Result<Uids, StoreError> {
        let ids: Vec<&str> = self.units.keys().map(Id::as_str).collect();
        let units = units::find(tx.connection(), organization, &ids).await?;
        let units = units.into_iter().map(|row| (row.place(), row.uid));
        let ids: Vec<&str> = self.resources.keys().map(Id::as_str).collect();
        let resources = resources::find(tx.connection(), organization, &ids).await?;
        let resources = resources.into_iter().map(|row| (row.place(), row.uid));
        Ok(units.chain(resources).collect())
    }

    async fn members(
        &self,
        tx: &WriteTx,
        organization: &OrganizationId,
    ) -> Result<Vec<members::Row>, StoreError> {
        let ids = self.members.iter().map(|(id, _)| id.as_str());
        let subjects = self.members.iter().map(|(_, told)| told.subject.as_str());
        let db = tx.connection();
        let mut known = members::of_ids(db, organization, &ids.collect::<Vec<_>>()).await?;
        let subjects: Vec<&str> = subjects.collect();
        known.extend(members::of_subjects(db, organization, &subjects).await?);
        known.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        known.dedup_by(|one, other| one.id == other.id);
        known.retain(|row| self.members.iter().any(|(id, told)| ends(row, id, told)));
        Ok(known)
    }
}

/// True if a change of a membership means that a known one no longer exists. At the end of a
/// replay, changes contain only the names of entities that ended.
fn ends(known: &members::Row, id: &MembershipId, told: &MembershipChange) -> bool {
    let is_named = known.id == id.as_str();
    if told.deleted {
        is_named && (told.subject.is_empty() || told.uid == known.uid)
    } else if is_named {
        told.uid != known.uid
    } else {
        told.subject == known.subject
    }
}
