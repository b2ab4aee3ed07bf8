//! Grants that are bound to applications.

use super::*;
use crate::management;

const ADMIN: &str = "applications/mandate/roles/application-admin";
/// Application-specific permissions, and others.
const PERMISSIONS: [(&str, bool); 6] = [
    ("mandate.access.read", true),
    ("mandate.grants.read", true),
    ("mandate.grants.write", true),
    ("mandate.contacts.read", false),
    ("mandate.members.read", false),
    ("mandate.units.read", false),
];

/// A check names no application, so a grant for some applications gives none of the permissions that
/// depend on the application.
#[test]
fn a_grant_bound_to_applications_gives_only_the_permissions_that_concern_no_application() {
    let catalog = Catalog::compile(&[management::application().unwrap()]).unwrap();
    let mandate = catalog.application(management::APPLICATION).unwrap();
    let mut organization = Organization {
        active: true,
        tree: tree(),
        ..Organization::default()
    };
    let always = Entitlement {
        active: true,
        validity: Validity::ALWAYS,
    };
    organization.entitlements.insert(mandate, always);
    let (company, other) = (
        organization.tree.unit_target("u1"),
        organization.tree.unit_target("u3"),
    );
    let parts = organization.tree.scope(["u1"].iter(), [].iter());
    let subject = Subject {
        kind: SubjectKind::ServiceAccount,
        active: true,
    };
    for bound in [None, Some(vec![]), Some(vec![mandate])] {
        let unbound = bound.is_none();
        for (scope, covers_all) in [(Scope::All, true), (parts.clone(), false)] {
            let bounds = Bounds {
                applications: bound.clone().map(Vec::into_boxed_slice),
                ..Bounds::default()
            };
            let member = Member {
                active: true,
                subscription_active: false,
                grants: Box::new([Grant {
                    id: CompactId::new("g"),
                    role: catalog.roles().find(ADMIN).unwrap(),
                    can_delegate: false,
                    scope,
                    bounds: bounds.boxed(),
                }]),
            };
            let facts = Facts {
                catalog: &catalog,
                subject: Some(&subject),
                organization: Some(&organization),
                member: Some(&member),
            };
            for (name, concerns) in PERMISSIONS {
                let permission = catalog.permission(name).unwrap();
                for (target, is_within) in [
                    (Target::Organization, covers_all),
                    (company, true),
                    (other, covers_all),
                    (Target::Missing, false),
                ] {
                    let expected = is_within && (unbound || !concerns);
                    let given = ConditionInput::default();
                    let decision = decide(&facts, permission, target, &given, NOW);
                    let reason = (!expected).then_some(Reason::OutOfScope);
                    assert_eq!(decision.outcome.err(), reason, "{name} {target:?}");
                    let grant = &member.grants[0];
                    let tree = &organization.tree;
                    assert_eq!(covers(&catalog, tree, grant, permission, target), expected);
                }
            }
        }
    }
}
