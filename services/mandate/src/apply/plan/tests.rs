use api::{
    entitlement::v1::{EntitlementState, Scope},
    identity::v1::UserState,
    membership::v1::{MembershipState, OrganizationState},
};

use super::*;
use crate::document::{PORTALS, parse_str};

fn portal(name: &str) -> Vec<Document> {
    let found = PORTALS.iter().find(|(file, _)| *file == name).unwrap();
    vec![parse_str(found.0, found.1).unwrap()]
}

/// The state of a server that has what the documents say.
fn state(documents: &[Document]) -> Facts {
    let mut facts = desired(documents);
    for user in facts.users.values_mut() {
        if user.state() == UserState::Unspecified {
            user.set_state(UserState::Active);
        }
    }
    for facts in facts.organizations.values_mut() {
        if facts.organization.state() == OrganizationState::Unspecified {
            facts.organization.set_state(OrganizationState::Active);
        }
        for entitlement in facts.entitlements.values_mut() {
            if entitlement.state() == EntitlementState::Unspecified {
                entitlement.set_state(EntitlementState::Active);
            }
        }
        for membership in facts.memberships.values_mut() {
            if membership.state() == MembershipState::Unspecified {
                membership.set_state(MembershipState::Active);
            }
        }
        for grant in facts.grants.values_mut() {
            grant.set_state(GrantState::Active);
            grant.etag = "1".to_owned();
        }
    }
    facts
}

fn lines(documents: &[Document], state: &Facts) -> Vec<String> {
    let plan = plan(documents, state).unwrap();
    plan.entries().iter().map(Entry::to_string).collect()
}

const ACME: &str = "organizations/transport-janssens";

fn organization(facts: &mut Facts) -> &mut OrganizationFacts {
    facts.organizations.get_mut(ACME).unwrap()
}

#[test]
fn there_is_nothing_to_do_when_the_server_has_it_all() {
    for (file, _) in PORTALS {
        let documents = portal(file);
        let plan = plan(&documents, &state(&documents)).unwrap();
        assert!(plan.is_empty(), "{file}: {:?}", plan.entries());
        assert!(plan.counts().unchanged > 0);
    }
}

#[test]
fn an_empty_server_is_given_everything_and_the_states_last() {
    let documents = portal("fleet.yaml");
    let plan = plan(&documents, &Facts::default()).unwrap();
    let counts = plan.counts();
    assert_eq!((counts.changed, counts.unchanged), (0, 0));
    let entries = plan.entries();
    assert_eq!(entries.len(), counts.created);
    let line = entries
        .iter()
        .find(|e| e.name == "users/bart-willems")
        .unwrap();
    assert_eq!(line.to_string(), "+ users/bart-willems state: DEACTIVATED");
    assert_eq!(plan.users.states.len(), 1);
    assert_eq!(plan.users.states[0].old, None);
}

#[test]
fn units_are_created_after_the_units_above_them() {
    let text = "organizations:
  - id: a
    display_name: A
    units:
      - {id: a, display_name: x, parent: z}
      - {id: b, display_name: x, parent: a}
      - {id: z, display_name: x}
";
    let document = parse_str("d.yaml", text).unwrap();
    let plan = plan(&[document], &Facts::default()).unwrap();
    let units = &plan.organizations["organizations/a"].units.create;
    let names: Vec<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "organizations/a/units/z",
            "organizations/a/units/a",
            "organizations/a/units/b",
        ]
    );
}

/// What is different on the server, and the plan then.
type Edit<'a> = (&'a dyn Fn(&mut Facts), &'a [&'a str]);

#[test]
fn a_small_edit_is_a_small_plan() {
    let documents = portal("fleet.yaml");
    let grant = format!("{ACME}/grants/jan-k1");
    let unit = format!("{ACME}/units/k1");
    let edits: &[Edit<'_>] = &[
        (
            &|facts| {
                facts.users.remove("users/jan-peeters");
            },
            &["+ users/jan-peeters"],
        ),
        (
            &|facts| facts.users.get_mut("users/jan-peeters").unwrap().email = "x@y".to_owned(),
            &["~ users/jan-peeters email: \"x@y\" -> \"jan.peeters@example.com\""],
        ),
        (
            &|facts| {
                organization(facts)
                    .units
                    .get_mut(&unit)
                    .unwrap()
                    .display_name = "a".to_owned();
            },
            &["~ organizations/transport-janssens/units/k1 display_name: \"a\" -> \"Distributie\""],
        ),
        (
            &|facts| {
                let grant = organization(facts).grants.get_mut(&grant).unwrap();
                grant.end_time = crate::moment::timestamp("2030-01-01T00:00:00Z");
                grant.scope = Some(Scope {
                    units: vec![unit.clone(), format!("{ACME}/units/k2")],
                    ..Scope::default()
                });
            },
            &[
                "~ organizations/transport-janssens/grants/jan-k1 scope: units [k1, k2] -> units [k1], end_time: 2030-01-01T00:00:00Z -> none",
            ],
        ),
        (
            &|facts| {
                let users = facts.users.get_mut("users/bart-willems").unwrap();
                users.set_state(UserState::Active);
            },
            &["~ users/bart-willems state: ACTIVE -> DEACTIVATED"],
        ),
        (
            &|facts| {
                let application = facts.applications.get_mut("applications/fleet").unwrap();
                application.modules.pop();
                application.roles[0].permissions.clear();
            },
            &[
                "~ applications/fleet modules: [billing, vehicles] -> [billing, vehicles, reports], modules.reports: \"Rapporten\" [view], roles.full: \"Volledige toegang\" [] -> \"Volledige toegang\" [fleet.*]",
            ],
        ),
    ];
    for (edit, expected) in edits {
        let mut state = state(&documents);
        edit(&mut state);
        assert_eq!(lines(&documents, &state), *expected);
    }
}

#[test]
fn what_the_documents_do_not_say_stays() {
    let documents = portal("fleet.yaml");
    let mut state = state(&documents);
    // A state that the document leaves out, a grant and a user of the server's own.
    let user = state.users.get_mut("users/jan-peeters").unwrap();
    user.set_state(UserState::Deactivated);
    let own = Grant {
        name: format!("{ACME}/grants/own"),
        ..Grant::default()
    };
    let facts = organization(&mut state);
    facts.grants.insert(own.name.clone(), own);
    assert_eq!(lines(&documents, &state), [] as [&str; 0]);
}

#[test]
fn the_order_of_a_scope_means_nothing() {
    let documents = portal("enterprise.yaml");
    let mut state = state(&documents);
    for facts in state.organizations.values_mut() {
        for grant in facts.grants.values_mut() {
            if let Some(scope) = &mut grant.scope {
                scope.units.reverse();
            }
        }
    }
    assert!(plan(&documents, &state).unwrap().is_empty());
}

#[test]
fn a_condition_is_changed_like_a_scope() {
    let documents = portal("fleet.yaml");
    let mut state = state(&documents);
    let grants = &mut organization(&mut state).grants;
    let grant = grants.get_mut(&format!("{ACME}/grants/jan-k1")).unwrap();
    grant.condition = "context.network == \"office\"".to_owned();
    let plan = plan(&documents, &state).unwrap();
    let change = &plan.organizations[ACME].grants.change[0];
    let fields: Vec<_> = change.fields.iter().map(|own| own.field.as_str()).collect();
    assert_eq!(fields, ["condition"]);
    assert!(change.fact.condition.is_empty());
}

#[test]
fn who_is_primary_is_changed_only_by_a_document_that_says_so_and_last() {
    let text = "organizations:
  - id: a
    display_name: A
    contacts:
      - {id: a, kind: REPRESENTATIVE, display_name: A, uri: tel:1}
      - {id: b, kind: REPRESENTATIVE, display_name: B, uri: tel:2}
";
    let documents = |text: &str| vec![parse_str("d.yaml", text).unwrap()];
    let mut state = state(&documents(text));
    let facts = state.organizations.get_mut("organizations/a").unwrap();
    let first = facts.contacts.get_mut("organizations/a/contacts/b");
    first.unwrap().primary = true;
    assert_eq!(lines(&documents(text), &state), [] as [&str; 0]);
    let text = text.replace("tel:1", "tel:3, primary: true");
    let text = text.replace("display_name: B", "display_name: C");
    let names = [
        "b display_name: \"B\" -> \"C\"",
        "a uri: \"tel:1\" -> \"tel:3\", primary: true",
    ];
    let expected = names.map(|line| format!("~ organizations/a/contacts/{line}"));
    assert_eq!(lines(&documents(&text), &state), expected);
}

#[test]
fn tokens_that_prove_another_account_are_a_conflict() {
    let documents = |account: &str| {
        let text = format!(
            "service_accounts: [{{id: {account}, oidc: [{{issuer: 'https://i', subject: s}}]}}]"
        );
        vec![parse_str("d.yaml", &text).unwrap()]
    };
    let mut state = state(&documents("a"));
    let nothing = [] as [&str; 0];
    assert_eq!(lines(&documents("a"), &state), nothing);
    let told = lines(&documents("a"), &Facts::default());
    let expected = ["serviceAccounts/a", "serviceAccounts/a/keys/https://i s"];
    assert_eq!(told, expected.map(|name| format!("+ {name}")));
    state
        .service_accounts
        .extend(desired(&documents("b")).service_accounts);
    let conflicts = plan(&documents("b"), &state).unwrap_err();
    assert_eq!(conflicts.len(), 1, "{conflicts:?}");
}

#[test]
fn what_cannot_change_is_a_conflict() {
    let documents = portal("fleet.yaml");
    let mut state = state(&documents);
    state.users.get_mut("users/jan-peeters").unwrap().login = "jan".to_owned();
    let grants = &mut organization(&mut state).grants;
    let grant = grants.get_mut(&format!("{ACME}/grants/jan-k1")).unwrap();
    grant.role = "applications/fleet/roles/full".to_owned();
    let revoked = grants
        .get_mut(&format!("{ACME}/grants/jan-k2-2024"))
        .unwrap();
    revoked.set_state(GrantState::Revoked);
    let conflicts = plan(&documents, &state).unwrap_err();
    let texts: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "users/jan-peeters: login is \"jan\" on the server and \"jan.peeters\" in the document, and cannot change",
            "organizations/transport-janssens/grants/jan-k2-2024: the grant was revoked; a revoked grant never holds again, so give it another `id`",
            "organizations/transport-janssens/grants/jan-k1: role is \"applications/fleet/roles/full\" on the server and \"applications/fleet/roles/viewer\" in the document, and cannot change",
        ]
    );
}

#[test]
fn an_update_names_what_the_server_has() {
    let documents = portal("fleet.yaml");
    let mut state = state(&documents);
    let facts = organization(&mut state);
    let member = facts.memberships.get_mut("users/jan-peeters").unwrap();
    member.name = format!("{ACME}/memberships/m-1");
    member.etag = "7".to_owned();
    member.subscription_active = true;
    let plan = plan(&documents, &state).unwrap();
    let change = &plan.organizations[ACME].memberships.change[0];
    assert_eq!(change.fact.name, format!("{ACME}/memberships/m-1"));
    assert_eq!(change.fact.etag, "7");
}
