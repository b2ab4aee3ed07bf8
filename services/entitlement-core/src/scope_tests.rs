use super::*;

fn tree() -> Tree {
    let mut tree = Tree::default();
    tree.place_unit("company", None);
    tree.place_unit("sales", Some("company"));
    tree.place_resource("n1", Some("sales"));
    tree.place_resource("n2", Some("company"));
    tree
}

fn parts(tree: &mut Tree, units: &[&str], resources: &[&str]) -> Scope {
    tree.scope(units.iter(), resources.iter())
}

fn covers(tree: &Tree, scope: &Scope, resource: &str) -> bool {
    tree.covers(scope, tree.resource_target(resource).unwrap())
}

#[test]
fn a_unit_covers_what_is_below_it_and_nothing_above() {
    let mut tree = tree();
    let sales = parts(&mut tree, &["sales"], &[]);
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
    let n1 = parts(&mut tree, &[], &["n1"]);
    assert!(!covers(&tree, &n1, "n1"));
}

#[test]
fn what_a_grant_speaks_of_is_not_thereby_known() {
    let mut tree = tree();
    parts(&mut tree, &[], &["n9"]);
    assert_eq!(tree.resource_target("n9"), None);
    tree.place_resource("n9", None);
    assert_eq!(tree.resource_target("n9"), Some(Target::Missing));
}

#[test]
fn a_cycle_in_the_facts_ends() {
    let mut tree = tree();
    tree.place_unit("company", Some("sales"));
    let other = parts(&mut tree, &["other"], &[]);
    assert!(!covers(&tree, &other, "n1"));
}

/// Each target of the tree, with the ids of the units and resources whose scopes cover it.
#[test]
fn a_target_is_covered_by_itself_and_by_the_units_above_it() {
    let mut tree = tree();
    tree.place_unit("north", Some("sales"));
    tree.place_unit("other", None);
    tree.place_resource("n3", Some("north"));
    let table: [(Target, &[&str]); 8] = [
        (Target::Organization, &[]),
        (Target::Missing, &[]),
        (tree.unit_target("company"), &["company"]),
        (tree.unit_target("north"), &["company", "sales", "north"]),
        (tree.unit_target("other"), &["other"]),
        (
            tree.resource_target("n1").unwrap(),
            &["company", "sales", "n1"],
        ),
        (tree.resource_target("n2").unwrap(), &["company", "n2"]),
        (
            tree.resource_target("n3").unwrap(),
            &["company", "sales", "north", "n3"],
        ),
    ];
    for (target, expected) in table {
        for id in ["company", "sales", "north", "other"] {
            let scope = parts(&mut tree, &[id], &[]);
            assert_eq!(
                tree.covers(&scope, target),
                expected.contains(&id),
                "{id} {target:?}"
            );
        }
        for id in ["n1", "n2", "n3"] {
            let scope = parts(&mut tree, &[], &[id]);
            assert_eq!(
                tree.covers(&scope, target),
                expected.contains(&id),
                "{id} {target:?}"
            );
        }
        let nothing = parts(&mut tree, &[], &[]);
        assert!(!tree.covers(&nothing, target));
        let exists = target != Target::Missing;
        assert_eq!(tree.covers(&Scope::All, target), exists, "{target:?}");
    }
}

#[test]
fn a_scope_covers_the_union_of_its_parts() {
    let mut tree = tree();
    tree.place_unit("other", None);
    let scope = parts(&mut tree, &["other", "sales"], &["n2"]);
    for (id, expected) in [("other", true), ("sales", true), ("company", false)] {
        assert_eq!(tree.covers(&scope, tree.unit_target(id)), expected, "{id}");
    }
    assert!(covers(&tree, &scope, "n1") && covers(&tree, &scope, "n2"));
}

#[test]
fn a_resource_that_moves_is_covered_where_it_is_and_no_longer_where_it_was() {
    let mut tree = tree();
    let sales = parts(&mut tree, &["sales"], &[]);
    let n1 = parts(&mut tree, &[], &["n1"]);
    assert!(covers(&tree, &sales, "n1"));
    tree.place_resource("n1", Some("company"));
    assert!(!covers(&tree, &sales, "n1") && covers(&tree, &n1, "n1"));
}

#[test]
fn a_unit_that_moves_takes_along_everything_below_it() {
    let mut tree = tree();
    tree.place_unit("other", None);
    let other = parts(&mut tree, &["other"], &[]);
    let company = parts(&mut tree, &["company"], &[]);
    assert!(!covers(&tree, &other, "n1") && covers(&tree, &company, "n1"));
    tree.place_unit("sales", Some("other"));
    assert!(covers(&tree, &other, "n1") && !covers(&tree, &company, "n1"));
    tree.place_unit("sales", None);
    assert!(!covers(&tree, &other, "n1") && !covers(&tree, &company, "n1"));
}

#[test]
fn a_tree_may_be_as_deep_as_membership_allows() {
    let mut tree = Tree::default();
    tree.place_unit("u0", None);
    for depth in 1..16 {
        tree.place_unit(&format!("u{depth}"), Some(&format!("u{}", depth - 1)));
    }
    let root = parts(&mut tree, &["u0"], &[]);
    assert!(tree.covers(&root, tree.unit_target("u15")));
}

#[test]
fn a_unit_that_only_a_grant_names_does_not_exist() {
    let mut tree = tree();
    parts(&mut tree, &["named"], &[]);
    assert_eq!(tree.unit_target("named"), Target::Missing);
    tree.place_unit("named", None);
    let Target::Unit(node) = tree.unit_target("named") else {
        panic!("a unit that was placed exists")
    };
    assert_eq!(tree.unit("named"), node);
}

#[test]
fn cleared_units_do_not_exist_until_they_are_placed_again() {
    let mut tree = tree();
    let company = parts(&mut tree, &["company"], &[]);
    let before = tree.unit_target("sales");
    tree.clear_units();
    assert_eq!(tree.unit_target("sales"), Target::Missing);
    assert_eq!(tree.units(), []);
    assert!(!covers(&tree, &company, "n1"));
    tree.place_unit("company", None);
    tree.place_unit("sales", Some("company"));
    assert_eq!(tree.unit_target("sales"), before);
    assert!(covers(&tree, &company, "n1"));
}

#[test]
fn the_lists_of_a_tree_have_what_exists() {
    let mut tree = tree();
    parts(&mut tree, &["named"], &["n9"]);
    tree.place_resource("n8", None);
    let of_units = [
        ("company", tree.unit_target("company")),
        ("sales", tree.unit_target("sales")),
    ];
    assert_eq!(tree.units(), of_units);
    let mut resources: Vec<_> = tree.resources().collect();
    resources.sort_unstable_by_key(|(_, id, _)| *id);
    let of_resources = [
        ("sales", "n1", tree.resource_target("n1").unwrap()),
        ("company", "n2", tree.resource_target("n2").unwrap()),
    ];
    assert_eq!(resources, of_resources);
    assert_eq!(tree.resource_target("n7"), None);
}

/// A scope, its simplest form, and the ids of its parts that exist.
#[test]
fn a_scope_is_simplified_and_listed_by_what_exists_of_it() {
    type Ids = &'static [&'static str];
    type Parts = (Ids, Ids);
    let table: [(Parts, Parts, Parts); 8] = [
        ((&[], &[]), (&[], &[]), (&[], &[])),
        (
            (&["sales", "company"], &["n2", "n1"]),
            (&["company"], &[]),
            (&["company", "sales"], &["n1", "n2"]),
        ),
        (
            (&["sales"], &["n1", "n2"]),
            (&["sales"], &["n2"]),
            (&["sales"], &["n1", "n2"]),
        ),
        (
            (&["sales"], &["n2"]),
            (&["sales"], &["n2"]),
            (&["sales"], &["n2"]),
        ),
        ((&[], &["n1"]), (&[], &["n1"]), (&[], &["n1"])),
        ((&["named"], &[]), (&[], &[]), (&[], &[])),
        ((&[], &["unknown", "absent"]), (&[], &[]), (&[], &[])),
        (
            (&["company", "named"], &["unknown"]),
            (&["company"], &[]),
            (&["company"], &[]),
        ),
    ];
    let mut tree = tree();
    tree.place_resource("absent", None);
    for ((units, resources), simplest, ids) in table {
        let scope = parts(&mut tree, units, resources);
        let expected = parts(&mut tree, simplest.0, simplest.1);
        assert_eq!(tree.simplest(&scope), expected, "{units:?} {resources:?}");
        assert_eq!(tree.ids(&scope), (ids.0.to_vec(), ids.1.to_vec()));
    }
    assert_eq!(tree.simplest(&Scope::All), Scope::All);
    assert_eq!(tree.ids(&Scope::All), (Vec::new(), Vec::new()));
}

#[test]
fn the_unknown_resources_of_a_scope_are_those_of_it_that_are_unknown() {
    let mut tree = tree();
    tree.place_resource("absent", None);
    parts(&mut tree, &[], &["elsewhere"]);
    let scope = parts(&mut tree, &["named"], &["n1", "one", "absent", "two"]);
    let mut unknown: Vec<&str> = tree.unknown(&scope).collect();
    unknown.sort_unstable();
    assert_eq!(unknown, ["one", "two"]);
    let known = parts(&mut tree, &["sales"], &["n1", "absent"]);
    assert_eq!(tree.unknown(&known).count(), 0);
    assert_eq!(tree.unknown(&Scope::All).count(), 0);
}

#[test]
fn a_resource_has_the_type_that_was_set_last_and_nothing_else_has_one() {
    let mut tree = tree();
    tree.place_resource("n3", Some("sales"));
    let table = [
        ("n3", "number"),
        ("n1", "product"),
        ("n2", "number"),
        ("n1", "number"),
        ("n3", "product"),
        ("n2", ""),
    ];
    let mut expected: Map<&str, &str> = Map::default();
    for (id, kind) in table {
        tree.set_kind(id, kind);
        expected.insert(id, kind);
        for id in ["n1", "n2", "n3"] {
            let kind = expected.get(id).filter(|kind| !kind.is_empty());
            let target = tree.resource_target(id).unwrap();
            assert_eq!(tree.kind(target), kind.copied(), "{id}");
        }
    }
    for target in [
        Target::Organization,
        Target::Missing,
        tree.unit_target("company"),
    ] {
        assert_eq!(tree.kind(target), None);
    }
}

#[test]
fn a_part_is_the_target_that_it_names() {
    let node = Tree::default().unit("company");
    assert_eq!(Target::from(Part::Unit(node)), Target::Unit(node));
    assert_eq!(Target::from(Part::Resource(node)), Target::Resource(node));
}

/// The weight decides how much stays in memory.
#[test]
fn each_unit_and_resource_weighs_the_same() {
    let weight = |units: usize, resources: usize| {
        let mut tree = Tree::default();
        for unit in 0..units {
            tree.place_unit(&unit.to_string(), None);
        }
        for resource in 0..resources {
            tree.place_resource(&resource.to_string(), None);
        }
        tree.weight()
    };
    let one = weight(1, 0);
    assert!(one > 0);
    for (units, resources) in [(0, 0), (0, 1), (2, 3), (4, 1)] {
        assert_eq!(weight(units, resources), (units + resources) * one);
    }
}

#[test]
fn the_next_change_is_the_earlier_one_that_has_not_passed() {
    for (now, at, until, expected) in [
        (10, 11, 20, 11),
        (10, 20, 20, 20),
        (10, 21, 20, 20),
        // A time that is now or has passed changes nothing any more.
        (10, 10, 20, 20),
        (10, 9, 20, 20),
    ] {
        let found = next(UnixTime(now), UnixTime(at), UnixTime(until));
        assert_eq!(found, UnixTime(expected), "{at} of {now}");
    }
}
