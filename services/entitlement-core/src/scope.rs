//! Scopes of grants, in the unit tree of an organization.

mod resource_types;

use types::UnixTime;

use self::resource_types::Kinds;
use crate::Map;

/// A unit or a resource of one organization, as a number that is stable while the organization is
/// in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(u32);

/// The scope of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The whole organization, including units and resources created later.
    All,
    /// The union of some parts.
    Parts(Box<[Part]>),
}

/// A part of an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A unit with everything below it.
    Unit(Node),
    /// A resource.
    Resource(Node),
}

impl From<Part> for Target {
    fn from(part: Part) -> Self {
        match part {
            Part::Unit(unit) => Self::Unit(unit),
            Part::Resource(resource) => Self::Resource(resource),
        }
    }
}

/// The target of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The organization as a whole: covered by [`Scope::All`] only.
    Organization,
    /// A unit.
    Unit(Node),
    /// A resource.
    Resource(Node),
    /// A target that does not exist in the organization; no scope covers it.
    Missing,
}

/// The units and resources of an organization.
///
/// A name keeps its number after deletion, because grants may still refer to it.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    units: Interner,
    /// The parent of each unit; `None` at the root and for units that do not exist.
    parents: Vec<Parent>,
    resources: Interner,
    /// The unit of each resource.
    resource_units: Vec<Parent>,
    /// The type of each resource.
    kinds: Kinds,
}

#[derive(Debug, Clone, Default)]
struct Interner(Map<Box<str>, Node>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parent {
    /// Known only because a grant refers to it.
    Unknown,
    Absent,
    Root,
    Below(Node),
}

/// Deeper than the maximum depth of a tree (16). Bounds the walk even if the facts contain a cycle.
const MAX_DEPTH: usize = 64;

impl Interner {
    fn intern(&mut self, name: &str, places: &mut Vec<Parent>) -> Node {
        if let Some(node) = self.0.get(name) {
            return *node;
        }
        let node = Node(u32::try_from(places.len()).unwrap_or(u32::MAX));
        places.push(Parent::Unknown);
        self.0.insert(name.into(), node);
        node
    }
}

impl Tree {
    /// Returns the number of a unit, whether or not it exists.
    pub fn unit(&mut self, id: &str) -> Node {
        self.units.intern(id, &mut self.parents)
    }

    /// Returns the number of a resource, whether or not it exists.
    pub fn resource(&mut self, id: &str) -> Node {
        self.resources.intern(id, &mut self.resource_units)
    }

    /// Puts a unit below its parent, or at the root.
    pub fn place_unit(&mut self, id: &str, parent: Option<&str>) {
        let node = self.unit(id);
        let place = match parent {
            Some(parent) => Parent::Below(self.unit(parent)),
            None => Parent::Root,
        };
        put(&mut self.parents, node, place);
    }

    /// Returns the scope of units and resources, whether or not they exist.
    pub fn scope<I: AsRef<str>>(
        &mut self,
        units: impl Iterator<Item = I>,
        resources: impl Iterator<Item = I>,
    ) -> Scope {
        let mut parts: Vec<_> = units.map(|id| Part::Unit(self.unit(id.as_ref()))).collect();
        parts.extend(resources.map(|id| Part::Resource(self.resource(id.as_ref()))));
        Scope::Parts(parts.into())
    }

    /// Removes all units from the tree, before they are placed again.
    pub fn clear_units(&mut self) {
        self.parents.fill(Parent::Absent);
    }

    /// Puts a resource into a unit, or removes it.
    pub fn place_resource(&mut self, id: &str, unit: Option<&str>) {
        let node = self.resource(id);
        let place = match unit {
            Some(unit) => Parent::Below(self.unit(unit)),
            None => Parent::Absent,
        };
        put(&mut self.resource_units, node, place);
    }

    /// Sets the type of a resource; empty if unknown.
    pub fn set_kind(&mut self, id: &str, kind: &str) {
        let node = self.resource(id);
        self.kinds.set(node.0 as usize, kind);
    }

    /// Returns the type of a target, if it is a resource of known type.
    pub fn kind(&self, target: Target) -> Option<&str> {
        match target {
            Target::Resource(node) => self.kinds.get(node.0 as usize),
            Target::Organization | Target::Unit(_) | Target::Missing => None,
        }
    }

    /// Returns a unit as a target.
    pub fn unit_target(&self, id: &str) -> Target {
        match self.units.0.get(id) {
            Some(node) if exists(&self.parents, *node) => Target::Unit(*node),
            _ => Target::Missing,
        }
    }

    /// Returns a resource as a target; `None` if its existence is unknown.
    pub fn resource_target(&self, id: &str) -> Option<Target> {
        let node = *self.resources.0.get(id)?;
        match at(&self.resource_units, node) {
            Parent::Unknown => None,
            Parent::Absent => Some(Target::Missing),
            Parent::Root | Parent::Below(_) => Some(Target::Resource(node)),
        }
    }

    /// Returns the units that exist, ordered by id.
    pub fn units(&self) -> Vec<(&str, Target)> {
        let names = self.units.0.iter();
        let mut units: Vec<_> = names
            .filter(|(_, node)| exists(&self.parents, **node))
            .map(|(id, node)| (&**id, Target::Unit(*node)))
            .collect();
        units.sort_unstable_by_key(|(id, _)| *id);
        units
    }

    /// Returns the resources known to exist, each as unit id, own id and target.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &str, Target)> {
        let mut units = vec![""; self.parents.len()];
        for (id, node) in &self.units.0 {
            if let Some(slot) = units.get_mut(node.0 as usize) {
                *slot = id;
            }
        }
        let names = self.resources.0.iter();
        names.filter_map(move |(id, node)| match at(&self.resource_units, *node) {
            Parent::Below(unit) => {
                let unit = units.get(unit.0 as usize)?;
                Some((*unit, &**id, Target::Resource(*node)))
            }
            Parent::Root | Parent::Absent | Parent::Unknown => None,
        })
    }

    /// True if a scope covers a target.
    pub fn covers(&self, scope: &Scope, target: Target) -> bool {
        match (scope, target) {
            (_, Target::Missing) | (Scope::Parts(_), Target::Organization) => false,
            (Scope::All, _) => true,
            (Scope::Parts(parts), Target::Unit(unit)) => self.is_below(unit, parts),
            (Scope::Parts(parts), Target::Resource(resource)) => {
                parts.contains(&Part::Resource(resource)) || self.is_home_below(resource, parts)
            }
        }
    }

    /// Simplifies a scope: drops parts that other parts cover and parts that do not exist. Scopes
    /// with the same coverage become equal.
    pub fn simplest(&self, scope: &Scope) -> Scope {
        let Scope::Parts(parts) = scope else {
            return Scope::All;
        };
        let stays = |part: &Part| match *part {
            Part::Unit(unit) => match at(&self.parents, unit) {
                Parent::Root => true,
                Parent::Below(parent) => !self.is_below(parent, parts),
                Parent::Absent | Parent::Unknown => false,
            },
            Part::Resource(resource) => {
                exists(&self.resource_units, resource) && !self.is_home_below(resource, parts)
            }
        };
        Scope::Parts(parts.iter().copied().filter(stays).collect())
    }

    /// Returns the ids of the existing units and resources of a scope, in order.
    pub fn ids(&self, scope: &Scope) -> (Vec<&str>, Vec<&str>) {
        let Scope::Parts(parts) = scope else {
            return (Vec::new(), Vec::new());
        };
        let is_part = |part: &Part| parts.contains(part);
        (
            ids(&self.units, &self.parents, |unit| {
                is_part(&Part::Unit(unit))
            }),
            ids(&self.resources, &self.resource_units, |resource| {
                is_part(&Part::Resource(resource))
            }),
        )
    }

    /// Returns the resources of a scope whose existence is unknown.
    pub fn unknown<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a str> {
        let parts: &[Part] = match scope {
            Scope::All => &[],
            Scope::Parts(parts) => parts,
        };
        let is_unknown = |part: &Part| match *part {
            Part::Unit(_) => false,
            Part::Resource(resource) => at(&self.resource_units, resource) == Parent::Unknown,
        };
        let missing = parts.iter().any(is_unknown);
        let names = missing.then(|| self.resources.0.iter());
        names
            .into_iter()
            .flatten()
            .filter(move |(_, node)| {
                let part = Part::Resource(**node);
                parts.contains(&part) && is_unknown(&part)
            })
            .map(|(id, _)| &**id)
    }

    /// Returns the approximate size of the tree in bytes.
    pub fn weight(&self) -> usize {
        const NODE_BYTES: usize = 64;
        (self.units.0.len() + self.resources.0.len()) * NODE_BYTES
    }

    fn is_home_below(&self, resource: Node, parts: &[Part]) -> bool {
        matches!(at(&self.resource_units, resource), Parent::Below(unit) if self.is_below(unit, parts))
    }

    fn is_below(&self, unit: Node, parts: &[Part]) -> bool {
        let mut unit = unit;
        for _ in 0..MAX_DEPTH {
            if parts.contains(&Part::Unit(unit)) {
                return true;
            }
            match at(&self.parents, unit) {
                Parent::Below(parent) => unit = parent,
                Parent::Root | Parent::Absent | Parent::Unknown => return false,
            }
        }
        false
    }
}

fn at(places: &[Parent], node: Node) -> Parent {
    places
        .get(node.0 as usize)
        .copied()
        .unwrap_or(Parent::Absent)
}

fn exists(places: &[Parent], node: Node) -> bool {
    matches!(at(places, node), Parent::Root | Parent::Below(_))
}

fn put(places: &mut [Parent], node: Node, place: Parent) {
    if let Some(slot) = places.get_mut(node.0 as usize) {
        *slot = place;
    }
}

fn ids<'a>(names: &'a Interner, places: &[Parent], is_part: impl Fn(Node) -> bool) -> Vec<&'a str> {
    let mut ids: Vec<&str> = names
        .0
        .iter()
        .filter(|(_, node)| is_part(**node) && exists(places, **node))
        .map(|(id, _)| &**id)
        .collect();
    ids.sort_unstable();
    ids
}

/// Returns the earlier of `at` and `until`, ignoring `at` if it has passed.
pub(crate) fn next(now: UnixTime, at: UnixTime, until: UnixTime) -> UnixTime {
    if at > now { until.min(at) } else { until }
}

#[cfg(test)]
#[path = "scope_tests.rs"]
mod tests;
