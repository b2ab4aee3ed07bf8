//! Conditional access in a world of the model.

use std::collections::BTreeSet;

use super::{
    Grant, Place, Scope, When, World,
    condition::{About, Circumstances, kind_of},
};

/// The reasons that come from grants.
const GRANTS: [&str; 2] = ["NO_GRANT", "OUT_OF_SCOPE"];

impl World {
    /// Returns true if the condition of a grant is met, or if it has none.
    pub fn is_met(
        &self,
        grant: &Grant,
        subject: &str,
        place: &Place,
        said: &Circumstances,
    ) -> bool {
        let resource = match place {
            Place::Resource(id) => Some(id.as_str()),
            Place::Organization | Place::Unit(_) => None,
        };
        let exists = self.places().contains(place);
        let about = About {
            subject,
            resource,
            kind: resource.filter(|_| exists).map(kind_of),
            said,
        };
        let condition = grant.condition.as_ref();
        condition.is_none_or(|own| own.holds(&about) == Some(true))
    }

    /// Returns the context keys that unmet conditions read and the context lacks, if that is why
    /// access is denied.
    pub fn missing(
        &self,
        subject: &str,
        permission: &str,
        place: &Place,
        (now, said): When<'_>,
    ) -> Vec<String> {
        if self.check(subject, permission, place, (now, said)).err() != Some("CONDITION_NOT_MET") {
            return Vec::new();
        }
        let own = self.grants.iter().filter(|grant| grant.subject == subject);
        let refusing = own
            .filter(|grant| grant.start <= now && now < grant.end)
            .filter(|grant| self.role_holds(&grant.role, permission))
            .filter(|grant| self.covers(&grant.scope, place));
        let conditions = refusing.filter_map(|grant| grant.condition.as_ref());
        let keys: BTreeSet<_> = conditions.flat_map(|own| own.missing(said)).collect();
        keys.into_iter().map(str::to_owned).collect()
    }

    /// Returns the same world without conditional grants.
    #[must_use]
    pub fn without_conditions(&self) -> Self {
        let mut world = self.clone();
        world.grants.retain(|grant| grant.condition.is_none());
        world
    }

    /// Returns all conditions, as text.
    pub fn conditions(&self) -> BTreeSet<String> {
        let conditions = self.grants.iter().filter_map(|own| own.condition.as_ref());
        conditions.map(super::condition::Condition::text).collect()
    }

    /// Returns the locations at which a subject has a permission under a condition, except those
    /// that a scope already covers and those with unconditional access. `always` is the world
    /// without conditional grants.
    pub fn reach_under(
        &self,
        always: &Self,
        (subject, permission): (&str, &str),
        condition: &str,
        now: i64,
    ) -> Vec<Place> {
        let nothing = Circumstances::default();
        let anyhow = |place: &Place| always.check(subject, permission, place, (now, &nothing));
        // Every other reason is the same at all locations.
        let refused = anyhow(&Place::Organization).err();
        if refused.is_some_and(|why| !GRANTS.contains(&why)) {
            return Vec::new();
        }
        let own = self
            .grants
            .iter()
            .filter(|grant| grant.subject == subject && grant.start <= now && now < grant.end)
            .filter(|grant| self.role_holds(&grant.role, permission))
            .filter(|grant| {
                let own = grant.condition.as_ref();
                own.is_some_and(|own| own.text() == condition)
            });
        let mut named: Vec<(Place, Scope)> = own.flat_map(|grant| named(&grant.scope)).collect();
        // A scope of the whole organization covers every other location.
        let all = named.iter().find(|(_, scope)| *scope == Scope::All);
        if let Some(all) = all.cloned() {
            named = vec![all];
        }
        named.retain(|(place, _)| anyhow(place).is_err());
        let covered = |place: &Place| named.iter().any(|(_, scope)| self.covers(scope, place));
        self.places().into_iter().filter(covered).collect()
    }
}

/// Returns each location that a scope names, with the scope of that location alone.
fn named(scope: &Scope) -> Vec<(Place, Scope)> {
    let Scope::Only(units, resources) = scope else {
        return vec![(Place::Organization, Scope::All)];
    };
    let units = units.iter().map(|id| {
        let scope = Scope::Only(vec![id.clone()], Vec::new());
        (Place::Unit(id.clone()), scope)
    });
    let resources = resources.iter().map(|id| {
        let scope = Scope::Only(Vec::new(), vec![id.clone()]);
        (Place::Resource(id.clone()), scope)
    });
    units.chain(resources).collect()
}
