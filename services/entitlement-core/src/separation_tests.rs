use types::{ApplicationId, Id, UnixTime};

use super::*;
use crate::{ModuleDefinition, RoleDefinition};

fn during(start: i64, end: i64) -> Validity {
    Validity {
        start: UnixTime(start),
        end: UnixTime(end),
    }
}

type Held = [(&'static str, Validity)];

#[test]
fn roles_that_exclude_each_other_are_not_held_for_the_same_time() {
    let rules = [
        vec!["pays".to_owned(), "books".to_owned()],
        vec!["pays".to_owned(), "audits".to_owned(), "signs".to_owned()],
    ];
    let table: [(&Held, Option<(usize, usize)>); 16] = [
        (&[], None),
        (&[("pays", during(0, 9))], None),
        // The times overlap by one millisecond, in either order of the grants.
        (
            &[("pays", during(0, 9)), ("books", during(8, 20))],
            Some((0, 1)),
        ),
        (
            &[("books", during(8, 20)), ("pays", during(0, 9))],
            Some((0, 1)),
        ),
        // One time ends as the other begins, in either order of the grants.
        (&[("pays", during(0, 9)), ("books", during(9, 20))], None),
        (&[("books", during(9, 20)), ("pays", during(0, 9))], None),
        // The times are apart, the same, or one within the other.
        (&[("pays", during(0, 9)), ("books", during(15, 20))], None),
        (&[("books", during(15, 20)), ("pays", during(0, 9))], None),
        (
            &[("pays", during(0, 9)), ("books", during(0, 9))],
            Some((0, 1)),
        ),
        (
            &[("pays", during(0, 9)), ("books", during(3, 5))],
            Some((0, 1)),
        ),
        (
            &[("pays", during(3, 5)), ("books", during(0, 9))],
            Some((0, 1)),
        ),
        // The same role, a role without a rule, and two roles of different rules.
        (&[("pays", during(0, 9)), ("pays", during(0, 9))], None),
        (&[("pays", during(0, 9)), ("reads", during(0, 9))], None),
        (&[("books", during(0, 9)), ("audits", during(0, 9))], None),
        // A rule of three roles separates each two of them.
        (
            &[("audits", during(0, 9)), ("signs", during(0, 9))],
            Some((0, 1)),
        ),
        // The indexes are those of the two grants among all.
        (
            &[
                ("reads", during(0, 9)),
                ("pays", during(0, 9)),
                ("pays", during(9, 20)),
                ("books", during(10, 20)),
            ],
            Some((2, 3)),
        ),
    ];
    for (held, expected) in table {
        assert_eq!(violation(&rules, held), expected, "{held:?}");
    }
    let both = [("pays", during(0, 9)), ("books", during(0, 9))];
    assert_eq!(violation(&[], &both), None);
}

/// An application with the verbs pay, book, sign and view, in which who pays, who books and who
/// signs are separated. All three may view; `pays` and `signs` may sign.
fn application() -> ApplicationDefinition {
    let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let role = |id: &str, permissions: &[&str]| RoleDefinition {
        id: id.to_owned(),
        permissions: strings(permissions),
        notification_routes: Vec::new(),
    };
    ApplicationDefinition {
        id: ApplicationId::parse("a").unwrap(),
        modules: vec![ModuleDefinition {
            id: "m".to_owned(),
            verbs: strings(&["pay", "book", "sign", "view"]),
            options: Vec::new(),
            recommended: false,
        }],
        roles: vec![
            role("pays", &["a.m.pay", "a.m.sign", "a.m.view"]),
            role("books", &["a.m.book", "a.m.view"]),
            role("signs", &["a.m.sign", "a.m.view"]),
        ],
        separations: vec![strings(&["signs", "books", "pays"])],
    }
}

#[test]
fn a_set_of_permissions_amounts_to_the_roles_that_alone_hold_one_of_them() {
    let table: [(&[&str], &[&str]); 7] = [
        (&[], &[]),
        (&["a.m.pay"], &["pays"]),
        (&["a.m.book", "a.m.pay"], &["books", "pays"]),
        // Each role holds it, or two of them do: neither role is meant.
        (&["a.m.view"], &[]),
        (&["a.m.sign"], &[]),
        (&["a.m.sign", "a.m.book"], &["books"]),
        (&["a.m.gone"], &[]),
    ];
    for (permissions, expected) in table {
        let permissions: Vec<String> = permissions.iter().map(|name| (*name).to_owned()).collect();
        let found = parts(&application(), &permissions).unwrap();
        assert_eq!(found, expected, "{permissions:?}");
    }
}

#[test]
fn a_set_amounts_to_no_role_of_an_application_without_separations() {
    let free = ApplicationDefinition {
        separations: Vec::new(),
        ..application()
    };
    assert_eq!(parts(&free, &["a.m.pay".to_owned()]), Ok(Vec::new()));
}
