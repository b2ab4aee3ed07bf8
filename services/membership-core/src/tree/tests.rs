use proptest::{collection::vec, option, prelude::*};
use types::Id;

use super::*;

fn id(index: usize) -> UnitId {
    UnitId::parse(&format!("u{index}")).unwrap()
}

/// Returns a chain of `length` units, each below the one before.
fn chain(length: usize) -> Tree {
    let units = (0..length).map(|index| (id(index), index.checked_sub(1).map(id)));
    units.collect()
}

fn depth(tree: &Tree, unit: &UnitId) -> usize {
    match tree.0.get(unit).unwrap() {
        Some(parent) => 1 + depth(tree, parent),
        None => 1,
    }
}

/// Returns the number of levels from a unit down.
fn height(tree: &Tree, unit: &UnitId) -> usize {
    let children = tree
        .0
        .iter()
        .filter(|(_, parent)| parent.as_ref() == Some(unit));
    1 + children
        .map(|(child, _)| height(tree, child))
        .max()
        .unwrap_or(0)
}

#[test]
fn a_unit_is_at_most_16_deep() {
    let mut tree = chain(MAX_DEPTH - 1);
    assert_eq!(tree.add(&id(15), Some(&id(14))), Ok(()));
    assert_eq!(tree.add(&id(16), Some(&id(15))), Err(Misplaced::TooDeep));
}

#[test]
fn what_moves_takes_its_height_along() {
    let tree = chain(10);
    let moved = id(100);
    assert_eq!(tree.check_move(&moved, 6, Some(&id(9))), Ok(()));
    assert_eq!(
        tree.check_move(&moved, 7, Some(&id(9))),
        Err(Misplaced::TooDeep)
    );
    assert_eq!(tree.check_move(&moved, 16, None), Ok(()));
}

#[test]
fn a_unit_cannot_be_below_itself_however_deep() {
    let tree = chain(16);
    for below in 0..16 {
        assert_eq!(
            tree.check_move(&id(0), 16, Some(&id(below))),
            Err(Misplaced::Cycle(id(0)))
        );
    }
}

#[test]
fn a_unit_is_below_one_that_exists_and_is_added_once() {
    let mut tree = chain(2);
    assert_eq!(
        tree.add(&id(7), Some(&id(6))),
        Err(Misplaced::Missing(id(6)))
    );
    assert_eq!(tree.add(&id(1), None), Err(Misplaced::Taken(id(1))));
    assert_eq!(tree.add(&id(8), Some(&id(8))), Err(Misplaced::Cycle(id(8))));
}

proptest! {
    #[test]
    fn whatever_is_accepted_leaves_a_tree(
        steps in vec((0usize..40, option::weighted(0.95, 0usize..40)), 0..200)
    ) {
        let mut tree = Tree::default();
        for (unit, parent) in steps {
            let (unit, parent) = (id(unit), parent.map(id));
            if tree.0.contains_key(&unit) {
                let height = height(&tree, &unit);
                if tree.check_move(&unit, height, parent.as_ref()).is_ok() {
                    tree.0.insert(unit, parent);
                }
            } else {
                let _ = tree.add(&unit, parent.as_ref());
            }
        }
        for unit in tree.0.keys() {
            // The recursion would not end on a cycle.
            prop_assert!(depth(&tree, unit) <= MAX_DEPTH);
        }
    }

    #[test]
    fn parts_of_a_tree_decide_as_the_whole_does(length in 1usize..=16, below in 0usize..16) {
        let whole = chain(length);
        let below = id(below.min(length - 1));
        let part: Tree = whole
            .0
            .iter()
            .filter(|(unit, _)| depth(&whole, unit) <= depth(&whole, &below))
            .map(|(unit, parent)| (unit.clone(), parent.clone()))
            .collect();
        let new = id(99);
        prop_assert_eq!(
            part.check_move(&new, 1, Some(&below)),
            whole.check_move(&new, 1, Some(&below))
        );
    }
}
