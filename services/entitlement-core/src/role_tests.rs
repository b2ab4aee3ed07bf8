use types::{ApplicationId, Id};

use super::*;
use crate::{ApplicationDefinition, ModuleDefinition, RoleDefinition};

const VIEWER: &str = "applications/a/roles/viewer";
const EDITOR: &str = "applications/a/roles/editor";
const REACHES_FAR: &str = "applications/far/roles/reaches";

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn application(id: &str, verbs: &[String], roles: &[(&str, &[&str])]) -> ApplicationDefinition {
    let role = |(id, permissions): &(&str, &[&str])| RoleDefinition {
        id: (*id).to_owned(),
        permissions: strings(permissions),
        notification_routes: Vec::new(),
    };
    ApplicationDefinition {
        id: ApplicationId::parse(id).unwrap(),
        modules: vec![ModuleDefinition {
            id: "m".to_owned(),
            verbs: verbs.to_vec(),
            options: Vec::new(),
            recommended: false,
        }],
        roles: roles.iter().map(role).collect(),
        separations: Vec::new(),
    }
}

fn catalog() -> Catalog {
    let verbs = strings(&["view", "edit"]);
    let roles: [(&str, &[&str]); 2] = [
        ("viewer", &["a.m.view"]),
        ("editor", &["a.m.*", "a.m.view"]),
    ];
    Catalog::compile(&[
        application("a", &verbs, &roles),
        application("b", &verbs, &[]),
    ])
    .unwrap()
}

/// A catalog of one application with 200 permissions, `far.m.v0` and so on, whose index is their
/// number.
fn far(held: &[&str]) -> Catalog {
    let verbs: Vec<String> = (0..200).map(|verb| format!("v{verb}")).collect();
    Catalog::compile(&[application("far", &verbs, &[("reaches", held)])]).unwrap()
}

fn with_own<'a>(catalog: &'a Catalog, own: &'a RoleSet) -> Roles<'a> {
    Roles {
        catalog,
        own: Some(own),
    }
}

#[test]
fn a_role_of_an_organization_holds_what_it_names_of_its_application() {
    let catalog = catalog();
    let mut own = RoleSet::default();
    let role = own.own("clerk");
    let names = strings(&["a.m.view", "b.m.view", "a.m.gone"]);
    own.place_own(&catalog, "clerk", "a", &names);
    let roles = with_own(&catalog, &own);
    let holds = |name: &str| roles.holds(role, catalog.permission(name).unwrap());
    assert!(holds("a.m.view") && !holds("a.m.edit") && !holds("b.m.view"));
    assert_eq!(roles.find("clerk"), Some(role));
    assert_eq!(roles.application(role), catalog.application("a"));
    let view = catalog.permission("a.m.view").unwrap();
    assert!(roles.that_hold(view).eq([VIEWER, EDITOR, "clerk"]));
    assert!(!catalog.roles().holds(role, view));
}

#[test]
fn a_role_that_is_gone_holds_nothing_and_keeps_its_number() {
    let catalog = catalog();
    let mut own = RoleSet::default();
    let role = own.own("clerk");
    own.place_own(&catalog, "clerk", "a", &strings(&["a.m.view"]));
    own.clear();
    let view = catalog.permission("a.m.view").unwrap();
    assert!(!with_own(&catalog, &own).holds(role, view));
    assert_eq!(with_own(&catalog, &own).application(role), None);
    assert_eq!(own.own("clerk"), role);
    assert_ne!(own.own("other"), role);
}

/// Roles are numbered from 0 in the catalog, and again from 0 in each organization.
#[test]
fn roles_of_the_catalog_and_of_an_organization_are_told_apart() {
    let catalog = catalog();
    let mut own = RoleSet::default();
    for (name, permissions) in [
        ("reader", &["a.m.view"][..]),
        ("writer", &["a.m.edit"]),
        ("idle", &[]),
    ] {
        own.place_own(&catalog, name, "a", &strings(permissions));
    }
    let roles = with_own(&catalog, &own);
    let table: [(&str, &[&str]); 5] = [
        (VIEWER, &["a.m.view"]),
        (EDITOR, &["a.m.view", "a.m.edit"]),
        ("reader", &["a.m.view"]),
        ("writer", &["a.m.edit"]),
        ("idle", &[]),
    ];
    for (name, expected) in table {
        let role = roles.find(name).unwrap();
        assert_eq!(roles.name(role), name);
        assert_eq!(roles.application(role), catalog.application("a"), "{name}");
        let all = catalog.permissions();
        let held = all.iter().filter(|(_, held)| roles.holds(role, *held));
        let mut held: Vec<_> = held.map(|(name, _)| *name).collect();
        held.sort_unstable_by_key(|name| std::cmp::Reverse(*name));
        assert_eq!(held, expected, "{name}");
    }
    let numbers: std::collections::BTreeSet<_> =
        table.iter().map(|(name, _)| roles.find(name)).collect();
    assert_eq!(numbers.len(), table.len());
    assert_eq!(roles.find("nobody"), None);
    let edit = catalog.permission("a.m.edit").unwrap();
    assert!(roles.that_hold(edit).eq([EDITOR, "writer"]));
    assert!(catalog.roles().that_hold(edit).eq([EDITOR]));
    // A role of an organization is unknown elsewhere.
    let writer = roles.find("writer").unwrap();
    assert_eq!(catalog.roles().find("writer"), None);
    assert_eq!(catalog.roles().name(writer), "");
    assert_eq!(catalog.roles().application(writer), None);
}

#[test]
fn a_role_of_an_unknown_application_holds_nothing() {
    let catalog = catalog();
    let mut own = RoleSet::default();
    own.place_own(&catalog, "clerk", "gone", &strings(&["a.m.view"]));
    let roles = with_own(&catalog, &own);
    let role = roles.find("clerk").unwrap();
    assert_eq!(roles.application(role), None);
    let view = catalog.permission("a.m.view").unwrap();
    assert!(!roles.holds(role, view));
}

/// Permissions are bits in words of 64.
#[test]
fn a_role_holds_each_of_its_permissions_and_no_other_at_the_ends_of_words() {
    let table: [&[u32]; 9] = [
        &[],
        &[0],
        &[63],
        &[64],
        &[0, 64, 128],
        &[1, 62, 63, 64, 65],
        &[127, 128, 191],
        &[192],
        &[199],
    ];
    for numbers in table {
        let held: Vec<String> = numbers.iter().map(|at| format!("far.m.v{at}")).collect();
        let held: Vec<&str> = held.iter().map(String::as_str).collect();
        let catalog = far(&held);
        let role = catalog.roles().find(REACHES_FAR).unwrap();
        let found = (0..200).filter(|at| catalog.roles().holds(role, PermissionIndex(*at)));
        assert_eq!(found.collect::<Vec<u32>>(), numbers);
    }
}

#[test]
fn a_permission_that_a_role_names_twice_is_held() {
    for held in [&["far.m.v7", "far.m.v7"][..], &["far.*", "far.m.v7"]] {
        let catalog = far(held);
        let role = catalog.roles().find(REACHES_FAR).unwrap();
        assert!(catalog.roles().holds(role, PermissionIndex(7)), "{held:?}");
    }
}

#[test]
fn the_management_permissions_of_a_role_are_those_of_the_built_in_application() {
    let verbs = strings(&["view"]);
    let other = application("a", &verbs, &[("viewer", &["a.*"])]);
    let built_in = management::application().unwrap();
    let catalog = Catalog::compile(&[other, built_in]).unwrap();
    let managed_by = |role: &str| -> Vec<&str> {
        let roles = catalog.roles();
        let managed = roles.managed_by(roles.find(role).unwrap());
        managed.map(|held| catalog.permission_name(held)).collect()
    };
    assert_eq!(managed_by(VIEWER), [""; 0]);
    assert_eq!(
        managed_by("applications/mandate/roles/checker"),
        ["mandate.access.read", "mandate.decisions.check"]
    );
}

/// The weight decides how much stays in memory.
#[test]
fn each_role_weighs_the_same_and_each_word_of_its_permissions_eight_bytes() {
    let catalog = far(&[]);
    let weight = |roles: &[&[&str]]| {
        let mut own = RoleSet::default();
        for (number, held) in roles.iter().enumerate() {
            own.place_own(&catalog, &format!("r{number}"), "far", &strings(held));
        }
        own.weight()
    };
    let empty = weight(&[&[]]);
    assert!(empty > 0);
    for (roles, expected) in [
        (&[][..], 0),
        (&[&[][..], &[]], 2 * empty),
        (&[&["far.m.v0"]], empty + 8),
        (&[&["far.m.v63", "far.m.v1"]], empty + 8),
        (&[&["far.m.v64"]], empty + 16),
        (&[&["far.m.v130"], &["far.m.v3"]], 2 * empty + 32),
    ] {
        assert_eq!(weight(roles), expected, "{roles:?}");
    }
}
