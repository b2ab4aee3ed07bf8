//! The tree of the units of an organization.

use std::collections::HashMap;

use types::UnitId;

/// Maximum number of units from a root to a leaf, both included.
pub const MAX_DEPTH: usize = 16;

/// The reason why a unit cannot be in a location.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misplaced {
    /// The tree already has a unit of that id.
    #[error("a unit `{0}` exists")]
    Taken(UnitId),
    /// The tree does not have the parent unit.
    #[error("there is no unit `{0}`")]
    Missing(UnitId),
    /// The unit would be its own ancestor.
    #[error("`{0}` cannot be below itself")]
    Cycle(UnitId),
    /// The unit, or one below it, would be too deep.
    #[error("the tree would be deeper than {MAX_DEPTH} units")]
    TooDeep,
}

/// Units and all their ancestors: as much of a tree as a rule needs.
///
/// INVARIANT: every change that [`add`](Tree::add) and [`check_move`](Tree::check_move) accept
/// leaves a tree without cycles that is no deeper than [`MAX_DEPTH`].
#[derive(Debug, Clone, Default)]
pub struct Tree(HashMap<UnitId, Option<UnitId>>);

impl FromIterator<(UnitId, Option<UnitId>)> for Tree {
    /// Collects units, each with its parent.
    fn from_iter<T: IntoIterator<Item = (UnitId, Option<UnitId>)>>(units: T) -> Self {
        Self(units.into_iter().collect())
    }
}

impl Tree {
    /// Adds a unit below `parent`, or as a root.
    ///
    /// # Errors
    /// [`Misplaced`]; the tree is then unchanged.
    pub fn add(&mut self, unit: &UnitId, parent: Option<&UnitId>) -> Result<(), Misplaced> {
        if self.0.contains_key(unit) {
            return Err(Misplaced::Taken(unit.clone()));
        }
        self.check_move(unit, 1, parent)?;
        self.0.insert(unit.clone(), parent.cloned());
        Ok(())
    }

    /// Returns a unit and its known ancestors, from the bottom up.
    pub fn path<'a>(&'a self, unit: Option<&'a UnitId>) -> impl Iterator<Item = &'a UnitId> {
        let above = |id: &&UnitId| self.0.get(*id).and_then(Option::as_ref);
        std::iter::successors(unit, above).take(MAX_DEPTH + 1)
    }

    /// Checks that a unit, with everything below it, can move below `parent`, or become a root.
    /// `height` is the number of levels that move, including its own.
    ///
    /// # Errors
    /// [`Misplaced`].
    pub fn check_move(
        &self,
        unit: &UnitId,
        height: usize,
        parent: Option<&UnitId>,
    ) -> Result<(), Misplaced> {
        let mut above = 0;
        let mut next = parent;
        while let Some(id) = next {
            if id == unit {
                return Err(Misplaced::Cycle(unit.clone()));
            }
            let parent = self.0.get(id);
            next = parent
                .ok_or_else(|| Misplaced::Missing(id.clone()))?
                .as_ref();
            above += 1;
            // No valid tree is so deep; only a cycle would continue.
            if above > MAX_DEPTH {
                return Err(Misplaced::TooDeep);
            }
        }
        if above + height > MAX_DEPTH {
            return Err(Misplaced::TooDeep);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
