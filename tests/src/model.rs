//! A reference model of the decision, written independently of the engine: with words instead of
//! numbers and loops instead of indexes, so that both do not share a mistake.

#![expect(
    clippy::indexing_slicing,
    reason = "a world that does not fit fails its test"
)]

pub mod condition;
mod conditional;
mod document;
pub mod engine;
pub mod installed;
pub mod random_world;

use std::collections::BTreeSet;

use self::condition::{Circumstances, Condition};

/// An application of the catalog.
#[derive(Debug, Clone)]
pub struct Application {
    /// The id.
    pub id: String,
    /// The full names of all permissions.
    pub permissions: Vec<String>,
    /// The ids of the roles, each with its permissions and contained roles.
    pub roles: Vec<(String, Vec<String>)>,
}

/// The scope of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The whole organization.
    All,
    /// These units with all units below them, and these resources.
    Only(Vec<String>, Vec<String>),
}

/// A grant of a role.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The id.
    pub id: String,
    /// The subject of the grant.
    pub subject: String,
    /// The application, and a role of it or a custom role of the organization.
    pub role: (String, String),
    /// The scope of the grant.
    pub scope: Scope,
    /// The start of the validity.
    pub start: i64,
    /// The end of the validity.
    pub end: i64,
    /// The condition; `None` if the grant always applies.
    pub condition: Option<Condition>,
}

/// A user or service account, with its state in the organization.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The resource name.
    pub name: String,
    /// True if the subject may hold access.
    pub active: bool,
    /// The membership: whether it is active, and whether it has a subscription.
    pub member: Option<(bool, bool)>,
}

/// One organization with all facts that concern it.
#[derive(Debug, Clone)]
pub struct World {
    /// The id.
    pub organization: String,
    /// True if the organization is active.
    pub active: bool,
    /// True if a user needs a subscription.
    pub subscription_required: bool,
    /// The catalog.
    pub applications: Vec<Application>,
    /// The entitlements: the application, whether it is active, and its start and end.
    pub entitlements: Vec<(String, bool, i64, i64)>,
    /// The custom roles: the application, the id (unique among its roles), and the permissions.
    pub custom_roles: Vec<(String, String, Vec<String>)>,
    /// The units, each with its parent.
    pub units: Vec<(String, Option<String>)>,
    /// The resources, each with its unit.
    pub resources: Vec<(String, String)>,
    /// The subjects.
    pub subjects: Vec<Subject>,
    /// The grants that exist.
    pub grants: Vec<Grant>,
}

/// A location: the organization, a unit or a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The whole organization.
    Organization,
    /// A unit.
    Unit(String),
    /// A resource.
    Resource(String),
}

/// The time and the context of a question.
pub type When<'a> = (i64, &'a Circumstances);

/// The reason of a denial, as the interface names it.
pub type Reason = &'static str;

impl World {
    /// Returns the grant that allows.
    ///
    /// # Errors
    /// The reason of a denial.
    pub fn check(
        &self,
        subject: &str,
        permission: &str,
        place: &Place,
        (now, said): When<'_>,
    ) -> Result<&Grant, Reason> {
        let known = self.subjects.iter().find(|known| known.name == subject);
        let member = known.and_then(|known| known.member);
        if known.is_some_and(|known| !known.active && known.member.is_some()) {
            return Err("SUBJECT_NOT_ACTIVE");
        }
        if !self.active {
            return Err("ORGANIZATION_NOT_ACTIVE");
        }
        let (active, subscription) = member.ok_or("NOT_A_MEMBER")?;
        if !active {
            return Err("MEMBERSHIP_NOT_ACTIVE");
        }
        if self.subscription_required && subject.starts_with("users/") && !subscription {
            return Err("NOT_ELIGIBLE");
        }
        let application = permission.split('.').next().unwrap_or_default();
        let entitled = self.entitlements.iter().any(|(own, active, start, end)| {
            own == application && *active && *start <= now && now < *end
        });
        if !entitled {
            return Err("APPLICATION_NOT_ENTITLED");
        }
        let holding: Vec<&Grant> = self
            .grants
            .iter()
            .filter(|grant| grant.subject == subject)
            .filter(|grant| grant.start <= now && now < grant.end)
            .filter(|grant| self.role_holds(&grant.role, permission))
            .collect();
        if holding.is_empty() {
            return Err("NO_GRANT");
        }
        let mut covering: Vec<&Grant> = holding
            .into_iter()
            .filter(|grant| self.covers(&grant.scope, place))
            .collect();
        if covering.is_empty() {
            return Err("OUT_OF_SCOPE");
        }
        // Unconditional grants come before conditional ones, then those with the latest end, then
        // the first by name.
        covering.sort_by(|one, other| {
            let one = (one.condition.is_some(), -i128::from(one.end), &one.id);
            one.cmp(&(other.condition.is_some(), -i128::from(other.end), &other.id))
        });
        let met = |grant: &&&Grant| self.is_met(grant, subject, place, said);
        covering
            .iter()
            .find(met)
            .copied()
            .ok_or("CONDITION_NOT_MET")
    }

    /// Returns the name of a role.
    pub fn role_name(&self, (application, role): &(String, String)) -> String {
        let name = format!("applications/{application}/roles/{role}");
        if self.is_custom(application, role) {
            format!("organizations/{}/{name}", self.organization)
        } else {
            name
        }
    }

    fn is_custom(&self, application: &str, role: &str) -> bool {
        let mut own = self.custom_roles.iter();
        own.any(|(of, id, _)| of == application && id == role)
    }

    /// Returns true if a role contains a permission.
    pub fn role_holds(&self, role: &(String, String), permission: &str) -> bool {
        let application = self.applications.iter().find(|own| own.id == role.0);
        let Some(application) = application else {
            return false;
        };
        let exists = application.permissions.iter().any(|own| own == permission);
        let own = self.custom_roles.iter();
        let mut own = own.filter(|(of, id, _)| *of == role.0 && *id == role.1);
        if own.any(|(.., held)| held.iter().any(|held| held == permission)) {
            return true;
        }
        let named = application.roles.iter().filter(|(id, _)| *id == role.1);
        exists
            && named.into_iter().flat_map(|(_, names)| names).any(|name| {
                let parts: Vec<&str> = name.split('.').collect();
                let asked: Vec<&str> = permission.split('.').collect();
                match parts.split_last() {
                    Some((&"*", prefix)) => asked.len() > prefix.len() && asked.starts_with(prefix),
                    _ => parts == asked,
                }
            })
    }

    /// Returns true if a scope covers a location.
    pub fn covers(&self, scope: &Scope, place: &Place) -> bool {
        if !self.places().contains(place) {
            return false;
        }
        let Scope::Only(units, resources) = scope else {
            return true;
        };
        let unit = match place {
            Place::Organization => return false,
            Place::Unit(unit) => unit,
            Place::Resource(id) if resources.contains(id) => return true,
            Place::Resource(id) => match self.resources.iter().find(|(own, _)| own == id) {
                Some((_, unit)) => unit,
                None => return false,
            },
        };
        self.and_above(unit).iter().any(|unit| units.contains(unit))
    }

    fn and_above(&self, unit: &str) -> Vec<String> {
        let found = self.units.iter().find(|(own, _)| own == unit);
        let above = found.and_then(|(_, above)| above.clone());
        let mut all = above.map_or_else(Vec::new, |above| self.and_above(&above));
        all.push(unit.to_owned());
        all
    }

    /// Returns all locations, in the order of lists.
    pub fn places(&self) -> Vec<Place> {
        let mut units: Vec<&String> = self.units.iter().map(|(id, _)| id).collect();
        units.sort();
        let mut resources: Vec<(&String, &String)> =
            self.resources.iter().map(|(id, unit)| (unit, id)).collect();
        resources.sort();
        let mut all = vec![Place::Organization];
        all.extend(units.into_iter().cloned().map(Place::Unit));
        all.extend(
            resources
                .into_iter()
                .map(|(_, id)| Place::Resource(id.clone())),
        );
        all
    }

    /// Returns all permissions, sorted.
    pub fn permissions(&self) -> Vec<String> {
        let all = self.applications.iter().flat_map(|own| &own.permissions);
        let all: BTreeSet<String> = all.cloned().collect();
        all.into_iter().collect()
    }

    /// Returns the locations at which a subject has a permission.
    pub fn reach(&self, subject: &str, permission: &str, when: When<'_>) -> Vec<Place> {
        let allowed = |place: &Place| self.check(subject, permission, place, when).is_ok();
        self.places().into_iter().filter(allowed).collect()
    }

    /// Returns every time at which an answer may change without a write.
    pub fn moments(&self) -> BTreeSet<i64> {
        let grants = self
            .grants
            .iter()
            .flat_map(|grant| [grant.start, grant.end]);
        let own = self.entitlements.iter();
        let own = own.flat_map(|(_, _, start, end)| [*start, *end]);
        grants.chain(own).collect()
    }

    /// Returns the name of a location.
    pub fn name(&self, place: &Place) -> String {
        let organization = format!("organizations/{}", self.organization);
        match place {
            Place::Organization => organization,
            Place::Unit(id) => format!("{organization}/units/{id}"),
            Place::Resource(id) => format!("{organization}/resources/{id}"),
        }
    }
}
