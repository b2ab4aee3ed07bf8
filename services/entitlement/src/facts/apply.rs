//! Applies loaded rows to the facts in memory.

use std::sync::{Arc, atomic::Ordering};

use api::entitlement::v1::Scope;
use authz::Account;
use entitlement_core as core;
use entitlement_core::{
    Bounds, Catalog, Condition, Entitlement, Grant, Map, Member, Organization, SubjectKind,
    Validity,
};
use prost::Message;
use store::Cursor;
use types::{Id, OrganizationId, Subject, UnixTime};

use super::{
    FactKey, Feed,
    catalog_cache::Declared,
    fact_snapshot::{FactSnapshot, Key, OrganizationEntry},
    load::{Loaded, LoadedOrganization, Lookup, Shared, key},
};
use crate::store::{cursors::FeedCursor, grants, members, resources};

/// Approximate overhead of a map entry, in bytes.
const MAP_ENTRY_BYTES: usize = 48;
/// Approximate size of the parts of a scope, in bytes.
const SCOPE_PARTS_BYTES: usize = 16;

impl FactSnapshot {
    /// True if a change of this key affects the facts in memory.
    pub(super) fn holds(&self, piece: &FactKey) -> bool {
        let entry = |organization: &OrganizationId| self.organizations.get(organization.as_str());
        match piece {
            FactKey::Catalog => self.declared.is_some(),
            FactKey::Key(_) => true,
            FactKey::Subject(name) => self.subjects.contains_key(name),
            FactKey::Organization(organization) => entry(organization).is_some(),
            FactKey::Member(organization, subject) => entry(organization)
                .is_some_and(|entry| entry.all_members || entry.members.contains_key(subject)),
            FactKey::Resource(organization, id) => entry(organization).is_some_and(|entry| {
                let tree = entry.organization.as_ref().map(|facts| &facts.tree);
                entry.all_resources || tree.is_some_and(|tree| tree.resource_target(id).is_some())
            }),
            FactKey::Cursor(_) => false,
        }
    }

    /// True if an organization is in memory and existed when it was read.
    pub(super) fn knows(&self, organization: &OrganizationId) -> bool {
        let entry = self.organizations.get(organization.as_str());
        entry.is_some_and(|entry| entry.organization.is_some())
    }

    /// Moves the snapshot to the revision of a cursor: the given facts as loaded, all others
    /// unchanged.
    pub(super) fn apply(&mut self, loaded: Loaded, cursor: Cursor, feeds: [Option<FeedCursor>; 2]) {
        self.cursor = cursor;
        self.tick += 1;
        for (own, found) in self.feeds.iter_mut().zip(feeds) {
            *own = found.unwrap_or(*own);
        }
        if let Some(declared) = loaded.catalog {
            self.set_catalog(declared);
        }
        for id in loaded.keys.names {
            let gone = self.keys.remove(id.as_str());
            if let Some(identity) = gone.and_then(|key| key.oidc) {
                self.identities.remove(&identity);
            }
        }
        for row in loaded.keys.rows {
            let Ok(owner) = Subject::parse_name(&row.service_account) else {
                continue;
            };
            let key = Key {
                account: Account::new(owner, &row.id),
                secret_sha256: row.secret_sha256.into(),
                expire: UnixTime(row.expire_ms),
                oidc: row.oidc.map(Box::from),
            };
            if let Some(identity) = &key.oidc {
                self.identities
                    .insert(identity.clone(), row.id.as_str().into());
            }
            self.keys.insert(row.id.into(), key);
        }
        for name in loaded.subjects.names {
            self.subjects.insert(name.into(), None);
        }
        for row in loaded.subjects.rows {
            let kind = if row.name.starts_with("users/") {
                SubjectKind::User
            } else {
                SubjectKind::ServiceAccount
            };
            let subject = core::Subject {
                kind,
                active: row.active,
            };
            self.subjects.insert(row.name.into(), Some(subject));
        }
        for (organization, found) in loaded.organizations {
            self.set_organization(&organization, found);
        }
    }

    /// Drops all subjects and organizations; the next query loads them again.
    fn clear(&mut self) {
        self.subjects.clear();
        self.organizations.clear();
    }

    /// Drops the least recently used organizations until the rest takes at most `bound` bytes.
    pub(super) fn evict(&mut self, bound: usize) {
        let names = self.subjects.len() * MAP_ENTRY_BYTES * 2;
        let mut weight: usize = self.organizations.values().map(|entry| entry.weight).sum();
        if names > bound {
            self.clear();
            return;
        }
        if weight + names <= bound {
            return;
        }
        let mut oldest: Vec<(u64, Box<str>)> = self
            .organizations
            .iter()
            .map(|(id, entry)| (entry.used.load(Ordering::Relaxed), id.clone()))
            .collect();
        oldest.sort_unstable();
        for (_, id) in oldest {
            if weight + names <= bound {
                return;
            }
            weight -= self
                .organizations
                .remove(&id)
                .map_or(0, |entry| entry.weight);
        }
    }

    /// Grants refer to roles by their number in the catalog, so all grants are dropped with it.
    fn set_catalog(&mut self, declared: Arc<Declared>) {
        self.declared = Some(declared);
        self.organizations.clear();
    }

    fn set_organization(&mut self, id: &OrganizationId, found: LoadedOrganization) {
        let Some(declared) = &self.declared else {
            return;
        };
        if found.shared.is_none() && !self.organizations.contains_key(id.as_str()) {
            return;
        }
        let tick = self.tick;
        let entry = self.organizations.entry(key(id)).or_default();
        entry.used.store(tick, Ordering::Relaxed);
        entry.patch(&declared.catalog, found);
    }
}

impl OrganizationEntry {
    fn patch(&mut self, catalog: &Catalog, found: LoadedOrganization) {
        self.all_members |= found.all_members;
        self.all_resources |= found.all_resources;
        if let Some(shared) = found.shared {
            self.set_shared(catalog, shared);
        }
        self.set_resources(found.resources);
        self.set_members(catalog, found.members, found.grants);
        self.weight = weight(self);
    }

    fn set_resources(&mut self, found: Lookup<resources::Row>) {
        let Some(organization) = &mut self.organization else {
            return;
        };
        for id in found.names {
            organization.tree.place_resource(&id, None);
        }
        for row in found.rows {
            organization.tree.place_resource(&row.id, Some(&row.unit));
            let kind = row.kind.as_deref().unwrap_or_default();
            organization.tree.set_kind(&row.id, kind);
        }
    }

    fn set_members(
        &mut self,
        catalog: &Catalog,
        found: Lookup<members::Row>,
        mut rows: Vec<grants::Row>,
    ) {
        let Some(organization) = &mut self.organization else {
            return;
        };
        let mut grants: Map<String, Vec<Grant>> = Map::default();
        let mut conditions = Conditions::default();
        rows.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        for row in rows {
            let condition = row.condition.as_deref().map(|text| conditions.get(text));
            if let Some(grant) = grant(catalog, organization, &row, condition) {
                grants.entry(row.subject).or_default().push(grant);
            }
        }
        for subject in found.names {
            self.members.insert(subject.into(), None);
        }
        for row in found.rows {
            let own = grants.remove(&row.subject).unwrap_or_default();
            let member = Member {
                active: row.active,
                subscription_active: row.subscription_active,
                grants: own.into(),
            };
            self.members.insert(row.subject.into(), Some(member));
        }
    }

    fn set_shared(&mut self, catalog: &Catalog, shared: Shared) {
        let Some(row) = shared.organization else {
            *self = Self::default();
            return;
        };
        let organization = self.organization.get_or_insert_default();
        organization.active = row.active;
        organization.subscription_required = row.subscription_required;
        organization.entitlements = shared
            .entitlements
            .iter()
            .filter_map(|row| {
                let entitlement = Entitlement {
                    active: row.active,
                    validity: validity(row.start_ms, row.end_ms),
                };
                Some((catalog.application(&row.application)?, entitlement))
            })
            .collect();
        organization.roles.clear();
        for row in &shared.roles {
            // A role whose permissions cannot be read holds none.
            let permissions = row.permissions().unwrap_or_default();
            let name = row.name();
            let roles = &mut organization.roles;
            roles.place_own(catalog, &name, &row.application, &permissions);
        }
        organization.tree.clear_units();
        for unit in shared.units {
            let parent = (!unit.parent.is_empty()).then_some(unit.parent.as_str());
            organization.tree.place_unit(&unit.id, parent);
        }
    }
}

/// Conditions that were loaded together; equal texts share one.
#[derive(Default)]
struct Conditions(Map<Box<str>, Arc<Condition>>);

impl Conditions {
    fn get(&mut self, text: &str) -> Arc<Condition> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let condition = Arc::new(Condition::stored(text));
        self.0.insert(text.into(), condition.clone());
        condition
    }
}

/// Builds a grant from its row. Returns `None` if the role is not in the catalog or the scope
/// cannot be read: such a grant gives no access.
fn grant(
    catalog: &Catalog,
    organization: &mut Organization,
    row: &grants::Row,
    condition: Option<Arc<Condition>>,
) -> Option<Grant> {
    let role = if row.custom {
        organization.roles.own(&row.role_name())
    } else {
        catalog.roles().find(&row.role_name())?
    };
    let scope = Scope::decode(row.scope.as_slice()).ok()?;
    let id = |name: &String| name.rsplit('/').next().unwrap_or_default().to_owned();
    let tree = &mut organization.tree;
    let named = scope.applications.iter();
    let applications = (!scope.applications.is_empty()).then(|| {
        named
            .filter_map(|name| catalog.application(&id(name)))
            .collect()
    });
    let bounds = Bounds {
        validity: validity(row.start_ms, row.end_ms),
        applications,
        condition,
    };
    let scope = if scope.all {
        core::Scope::All
    } else {
        tree.scope(scope.units.iter().map(id), scope.resources.iter().map(id))
    };
    Some(Grant {
        id: core::CompactId::new(&row.id),
        role,
        can_delegate: row.can_delegate,
        scope,
        bounds: bounds.boxed(),
    })
}

fn validity(start_ms: i64, end_ms: i64) -> Validity {
    Validity {
        start: UnixTime(start_ms),
        end: UnixTime(end_ms),
    }
}

fn weight(entry: &OrganizationEntry) -> usize {
    let tree = entry
        .organization
        .as_ref()
        .map_or(0, |facts| facts.tree.weight() + facts.roles.weight());
    let members: usize = entry
        .members
        .iter()
        .map(|(subject, member)| {
            let grants = member.as_ref().map_or(0, |member| {
                let each = size_of::<Grant>() + SCOPE_PARTS_BYTES;
                let conditions = member.grants.iter().filter_map(Grant::condition);
                member.grants.len() * each + conditions.map(Condition::weight).sum::<usize>()
            });
            subject.len() + MAP_ENTRY_BYTES + size_of::<Member>() + grants
        })
        .sum();
    size_of::<OrganizationEntry>() + MAP_ENTRY_BYTES + tree + members
}

/// Order of the feeds in arrays of cursors.
pub(super) const FEEDS: [Feed; 2] = [Feed::Identity, Feed::Membership];
