//! Where a grant holds, in the tree of an organization.

mod kinds;

use base::Millis;

use self::kinds::Kinds;
use crate::Map;

/// A unit or a resource of one organization, by a number that stays while the organization is
/// in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(u32);

/// Where a grant holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere in the organization, with what is created later.
    All,
    /// In the union of units, each with everything below it, and resources.
    Nodes {
        /// The units.
        units: Box<[Node]>,
        /// The resources.
        resources: Box<[Node]>,
    },
}

/// Where a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The organization as a whole: covered by [`Scope::All`] only.
    Organization,
    /// A unit.
    Unit(Node),
    /// A resource.
    Resource(Node),
    /// What does not exist in the organization: covered by nothing.
    Missing,
}

/// The units and resources of an organization.
///
/// A name keeps its number when what it names is deleted: grants may still speak of it.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    units: Names,
    /// The unit above each unit; `None` at the root and for what does not exist.
    parents: Vec<Place>,
    resources: Names,
    /// The unit of each resource.
    homes: Vec<Place>,
    /// The type of each resource.
    kinds: Kinds,
}

#[derive(Debug, Clone, Default)]
struct Names(Map<Box<str>, Node>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Only spoken of so far, by a grant.
    Unknown,
    Absent,
    Root,
    Below(Node),
}

/// Deeper than any tree that can be made (16): what stops a walk whatever the facts say.
const MAX_DEPTH: usize = 64;

impl Names {
    fn intern(&mut self, name: &str, places: &mut Vec<Place>) -> Node {
        if let Some(node) = self.0.get(name) {
            return *node;
        }
        let node = Node(u32::try_from(places.len()).unwrap_or(u32::MAX));
        places.push(Place::Unknown);
        self.0.insert(name.into(), node);
        node
    }
}

impl Tree {
    /// The number of a unit, whether it exists or not.
    pub fn unit(&mut self, id: &str) -> Node {
        self.units.intern(id, &mut self.parents)
    }

    /// The number of a resource, whether it exists or not.
    pub fn resource(&mut self, id: &str) -> Node {
        self.resources.intern(id, &mut self.homes)
    }

    /// Puts a unit below another, or at the root.
    pub fn place_unit(&mut self, id: &str, parent: Option<&str>) {
        let node = self.unit(id);
        let place = match parent {
            Some(parent) => Place::Below(self.unit(parent)),
            None => Place::Root,
        };
        put(&mut self.parents, node, place);
    }

    /// Forgets where all units are, before they are placed again.
    pub fn clear_units(&mut self) {
        self.parents.fill(Place::Absent);
    }

    /// Puts a resource into a unit, or takes it away.
    pub fn place_resource(&mut self, id: &str, unit: Option<&str>) {
        let node = self.resource(id);
        let place = match unit {
            Some(unit) => Place::Below(self.unit(unit)),
            None => Place::Absent,
        };
        put(&mut self.homes, node, place);
    }

    /// Says of which type a resource is; empty if that is not known.
    pub fn set_kind(&mut self, id: &str, kind: &str) {
        let node = self.resource(id);
        self.kinds.set(node.0 as usize, kind);
    }

    /// The type of a target, if it is a resource of which that is known.
    pub fn kind(&self, target: Target) -> Option<&str> {
        match target {
            Target::Resource(node) => self.kinds.get(node.0 as usize),
            Target::Organization | Target::Unit(_) | Target::Missing => None,
        }
    }

    /// A unit as a target.
    pub fn unit_target(&self, id: &str) -> Target {
        match self.units.0.get(id) {
            Some(node) if exists(&self.parents, *node) => Target::Unit(*node),
            _ => Target::Missing,
        }
    }

    /// A resource as a target; none if it is not known whether it exists.
    pub fn resource_target(&self, id: &str) -> Option<Target> {
        let node = *self.resources.0.get(id)?;
        match at(&self.homes, node) {
            Place::Unknown => None,
            Place::Absent => Some(Target::Missing),
            Place::Root | Place::Below(_) => Some(Target::Resource(node)),
        }
    }

    /// The units that exist, ordered by id.
    pub fn units(&self) -> Vec<(&str, Target)> {
        let names = self.units.0.iter();
        let mut units: Vec<_> = names
            .filter(|(_, node)| exists(&self.parents, **node))
            .map(|(id, node)| (&**id, Target::Unit(*node)))
            .collect();
        units.sort_unstable_by_key(|(id, _)| *id);
        units
    }

    /// The resources that exist as far as is known, each with the id of its unit.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &str, Target)> {
        let mut units = vec![""; self.parents.len()];
        for (id, node) in &self.units.0 {
            if let Some(slot) = units.get_mut(node.0 as usize) {
                *slot = id;
            }
        }
        let names = self.resources.0.iter();
        names.filter_map(move |(id, node)| match at(&self.homes, *node) {
            Place::Below(unit) => {
                let unit = units.get(unit.0 as usize)?;
                Some((*unit, &**id, Target::Resource(*node)))
            }
            Place::Root | Place::Absent | Place::Unknown => None,
        })
    }

    /// Whether a scope covers a target.
    pub fn covers(&self, scope: &Scope, target: Target) -> bool {
        match (scope, target) {
            (_, Target::Missing) | (Scope::Nodes { .. }, Target::Organization) => false,
            (Scope::All, _) => true,
            (Scope::Nodes { units, .. }, Target::Unit(unit)) => self.is_below(unit, units),
            (Scope::Nodes { units, resources }, Target::Resource(resource)) => {
                resources.contains(&resource)
                    || matches!(at(&self.homes, resource), Place::Below(unit) if self.is_below(unit, units))
            }
        }
    }

    /// A scope without what it covers twice, or what does not exist: two that cover the same are
    /// then the same.
    pub fn simplest(&self, scope: &Scope) -> Scope {
        let Scope::Nodes { units, resources } = scope else {
            return Scope::All;
        };
        let above = |unit: &Node| match at(&self.parents, *unit) {
            Place::Below(parent) => self.is_below(parent, units),
            Place::Root | Place::Absent | Place::Unknown => false,
        };
        let lone = |resource: &Node| match at(&self.homes, *resource) {
            Place::Below(unit) => !self.is_below(unit, units),
            Place::Root | Place::Absent | Place::Unknown => false,
        };
        let own = units.iter().copied();
        Scope::Nodes {
            units: own
                .filter(|unit| exists(&self.parents, *unit) && !above(unit))
                .collect(),
            resources: resources.iter().copied().filter(lone).collect(),
        }
    }

    /// The ids of a scope's units and resources that exist, in order.
    pub fn ids(&self, scope: &Scope) -> (Vec<&str>, Vec<&str>) {
        let Scope::Nodes { units, resources } = scope else {
            return (Vec::new(), Vec::new());
        };
        (
            ids(&self.units, &self.parents, units),
            ids(&self.resources, &self.homes, resources),
        )
    }

    /// The resources of a scope of which it is not known whether they exist.
    pub fn unknown<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a str> {
        let resources: &[Node] = match scope {
            Scope::All => &[],
            Scope::Nodes { resources, .. } => resources,
        };
        let is_unknown = |node: &Node| at(&self.homes, *node) == Place::Unknown;
        let missing = resources.iter().any(is_unknown);
        let names = missing.then(|| self.resources.0.iter());
        names
            .into_iter()
            .flatten()
            .filter(move |(_, node)| resources.contains(node) && is_unknown(node))
            .map(|(id, _)| &**id)
    }

    /// About how many bytes the tree takes.
    pub fn weight(&self) -> usize {
        const ENTRY: usize = 64;
        (self.units.0.len() + self.resources.0.len()) * ENTRY
    }

    fn is_below(&self, unit: Node, units: &[Node]) -> bool {
        let mut unit = unit;
        for _ in 0..MAX_DEPTH {
            if units.contains(&unit) {
                return true;
            }
            match at(&self.parents, unit) {
                Place::Below(parent) => unit = parent,
                Place::Root | Place::Absent | Place::Unknown => return false,
            }
        }
        false
    }
}

fn at(places: &[Place], node: Node) -> Place {
    places
        .get(node.0 as usize)
        .copied()
        .unwrap_or(Place::Absent)
}

fn exists(places: &[Place], node: Node) -> bool {
    matches!(at(places, node), Place::Root | Place::Below(_))
}

fn put(places: &mut [Place], node: Node, place: Place) {
    if let Some(slot) = places.get_mut(node.0 as usize) {
        *slot = place;
    }
}

fn ids<'a>(names: &'a Names, places: &[Place], nodes: &[Node]) -> Vec<&'a str> {
    let mut ids: Vec<&str> = names
        .0
        .iter()
        .filter(|(_, node)| nodes.contains(node) && exists(places, **node))
        .map(|(id, _)| &**id)
        .collect();
    ids.sort_unstable();
    ids
}

/// The earlier of two moments, where the first may have passed.
pub(crate) fn next(now: Millis, at: Millis, until: Millis) -> Millis {
    if at > now { until.min(at) } else { until }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        let mut tree = Tree::default();
        tree.place_unit("company", None);
        tree.place_unit("sales", Some("company"));
        tree.place_resource("n1", Some("sales"));
        tree.place_resource("n2", Some("company"));
        tree
    }

    fn nodes(tree: &mut Tree, units: &[&str], resources: &[&str]) -> Scope {
        Scope::Nodes {
            units: units.iter().map(|id| tree.unit(id)).collect(),
            resources: resources.iter().map(|id| tree.resource(id)).collect(),
        }
    }

    fn covers(tree: &Tree, scope: &Scope, resource: &str) -> bool {
        tree.covers(scope, tree.resource_target(resource).unwrap())
    }

    #[test]
    fn a_unit_covers_what_is_below_it_and_nothing_above() {
        let mut tree = tree();
        let sales = nodes(&mut tree, &["sales"], &[]);
        assert!(tree.covers(&sales, tree.unit_target("sales")));
        assert!(covers(&tree, &sales, "n1"));
        assert!(!covers(&tree, &sales, "n2"));
        assert!(!tree.covers(&sales, tree.unit_target("company")));
        assert!(!tree.covers(&sales, Target::Organization));
    }

    #[test]
    fn what_does_not_exist_is_covered_by_nothing() {
        let mut tree = tree();
        assert!(!tree.covers(&Scope::All, tree.unit_target("nowhere")));
        tree.place_resource("n1", None);
        let n1 = nodes(&mut tree, &[], &["n1"]);
        assert!(!covers(&tree, &n1, "n1"));
    }

    #[test]
    fn what_a_grant_speaks_of_is_not_thereby_known() {
        let mut tree = tree();
        nodes(&mut tree, &[], &["n9"]);
        assert_eq!(tree.resource_target("n9"), None);
        tree.place_resource("n9", None);
        assert_eq!(tree.resource_target("n9"), Some(Target::Missing));
    }

    #[test]
    fn a_cycle_in_the_facts_ends() {
        let mut tree = tree();
        tree.place_unit("company", Some("sales"));
        let other = nodes(&mut tree, &["other"], &[]);
        assert!(!covers(&tree, &other, "n1"));
    }
}
