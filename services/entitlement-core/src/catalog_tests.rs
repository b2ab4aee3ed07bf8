use super::*;

fn application(id: &str, verbs: &[&str], roles: &[(&str, &[&str])]) -> ApplicationDefinition {
    let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    ApplicationDefinition {
        id: ApplicationId::parse(id).unwrap(),
        modules: vec![ModuleDefinition {
            id: "m".to_owned(),
            verbs: strings(verbs),
            options: Vec::new(),
            recommended: false,
        }],
        roles: roles
            .iter()
            .map(|(id, permissions)| RoleDefinition {
                id: (*id).to_owned(),
                permissions: strings(permissions),
                notification_routes: Vec::new(),
            })
            .collect(),
        separations: Vec::new(),
    }
}

#[test]
fn a_role_holds_its_permissions_and_no_others() {
    let catalog = Catalog::compile(&[
        application(
            "a",
            &["view", "edit"],
            &[("viewer", &["a.m.view"]), ("all", &["a.*"])],
        ),
        application("b", &["view"], &[("all", &["b.*"])]),
    ])
    .unwrap();
    let holds = |role: &str, permission: &str| {
        catalog.roles().holds(
            catalog.roles().find(role).unwrap(),
            catalog.permission(permission).unwrap(),
        )
    };
    assert!(holds("applications/a/roles/viewer", "a.m.view"));
    assert!(!holds("applications/a/roles/viewer", "a.m.edit"));
    assert!(holds("applications/a/roles/all", "a.m.edit"));
    assert!(!holds("applications/a/roles/all", "b.m.view"));
}

#[test]
fn a_bit_set_spans_more_than_one_word() {
    let verbs: Vec<String> = (0..200).map(|n| format!("v{n}")).collect();
    let verbs: Vec<&str> = verbs.iter().map(String::as_str).collect();
    let catalog = Catalog::compile(&[application("a", &verbs, &[("one", &["a.m.v150"])])]).unwrap();
    let role = catalog.roles().find("applications/a/roles/one").unwrap();
    let held: Vec<&str> = catalog
        .permissions_of(catalog.application("a").unwrap())
        .filter(|permission| catalog.roles().holds(role, *permission))
        .map(|permission| catalog.permission_name(permission))
        .collect();
    assert_eq!(held, ["a.m.v150"]);
}

#[test]
fn a_declaration_that_contradicts_itself_is_refused() {
    let refused = |definition: ApplicationDefinition| Catalog::compile(&[definition]).unwrap_err();
    assert_eq!(
        refused(application("a", &["view", "view"], &[])),
        CatalogError::Twice("a.m.view".to_owned())
    );
    assert_eq!(
        refused(application("a", &["View"], &[])),
        CatalogError::Id("a.m.View".to_owned())
    );
    assert_eq!(
        refused(application("a", &["view"], &[("r", &["a.m.edit"])])),
        CatalogError::UnknownPermission("a.m.edit".to_owned())
    );
    assert!(matches!(
        refused(application("a", &["view"], &[("r", &["b.m.view"])])),
        CatalogError::Pattern(_)
    ));
    assert_eq!(
        refused(application("a", &["view"], &[("r", &[]), ("r", &[])])),
        CatalogError::Twice("r".to_owned())
    );
}
