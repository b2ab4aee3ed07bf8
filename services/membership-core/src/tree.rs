//! The tree of the units of an organization.

use std::collections::HashMap;

use base::UnitId;

/// How many units there can be from a root to a leaf, both included.
pub const MAX_DEPTH: usize = 16;

/// Why a unit cannot be where it was put.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misplaced {
    /// A unit of that id is in the tree.
    #[error("a unit `{0}` exists")]
    Taken(UnitId),
    /// The unit that it should be below is not in the tree.
    #[error("there is no unit `{0}`")]
    Missing(UnitId),
    /// It would be below itself.
    #[error("`{0}` cannot be below itself")]
    Cycle(UnitId),
    /// It, or a unit below it, would be too deep.
    #[error("the tree would be deeper than {MAX_DEPTH} units")]
    TooDeep,
}

/// Units and all that is above them: as much of a tree as a rule needs.
///
/// INVARIANT: what [`add`](Tree::add) and [`check_move`](Tree::check_move) accept leaves a tree
/// without cycles that is no deeper than [`MAX_DEPTH`].
#[derive(Debug, Clone, Default)]
pub struct Tree(HashMap<UnitId, Option<UnitId>>);

impl FromIterator<(UnitId, Option<UnitId>)> for Tree {
    /// Units, each with the one above it.
    fn from_iter<T: IntoIterator<Item = (UnitId, Option<UnitId>)>>(units: T) -> Self {
        Self(units.into_iter().collect())
    }
}

impl Tree {
    /// Adds a unit below `parent`, or as a root.
    ///
    /// # Errors
    /// [`Misplaced`]; the tree is then as before.
    pub fn add(&mut self, unit: &UnitId, parent: Option<&UnitId>) -> Result<(), Misplaced> {
        if self.0.contains_key(unit) {
            return Err(Misplaced::Taken(unit.clone()));
        }
        self.check_move(unit, 1, parent)?;
        self.0.insert(unit.clone(), parent.cloned());
        Ok(())
    }

    /// A unit and those above it, as far as they are known, from the bottom up.
    pub fn path<'a>(&'a self, unit: Option<&'a UnitId>) -> impl Iterator<Item = &'a UnitId> {
        let above = |id: &&UnitId| self.0.get(*id).and_then(Option::as_ref);
        std::iter::successors(unit, above).take(MAX_DEPTH + 1)
    }

    /// Whether a unit can be moved below `parent`, or become a root, with all that is below
    /// it. `height` is the number of levels that move, its own included.
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
            // No tree is so deep; only a cycle would go on.
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
