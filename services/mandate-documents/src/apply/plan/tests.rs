use api::{
    entitlement::v1::{EntitlementState, Scope},
    identity::v1::UserState,
    membership::v1::{MembershipState, OrganizationState},
};

use super::*;
use crate::{
    apply::desired::desired,
    document::{Document, PORTALS, parse_str},
};

/// Returns the plan, and the refusals.
fn plan_and_refusals(documents: &[Document], state: &Facts) -> (Plan, Vec<Refusal>) {
    let mut refusals = Vec::new();
    let plan = super::plan(desired(documents, state), state, &mut refusals);
    (plan, refusals)
}

fn plan(documents: &[Document], state: &Facts) -> Plan {
    let (plan, refusals) = plan_and_refusals(documents, state);
    assert_eq!(refusals, []);
    plan
}

fn portal(name: &str) -> Vec<Document> {
    let found = PORTALS.iter().find(|(file, _)| *file == name).unwrap();
    vec![parse_str(found.0, found.1).unwrap()]
}

/// Returns the state of a server that has everything in the documents.
fn state(documents: &[Document]) -> Facts {
    let mut facts = desired(documents, &Facts::default());
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
    let plan = plan(documents, state);
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
        let plan = plan(&documents, &state(&documents));
        assert!(plan.is_empty(), "{file}: {:?}", plan.entries());
        assert!(plan.counts().unchanged > 0);
    }
}

#[test]
fn an_empty_server_is_given_everything_and_the_states_last() {
    let documents = portal("fleet.yaml");
    let plan = plan(&documents, &Facts::default());
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
    let plan = plan(&[document], &Facts::default());
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

/// An edit of the server's state, and the resulting plan.
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
                grant.scope = Some(Scope {
                    units: vec![unit.clone(), format!("{ACME}/units/k2")],
                    ..Scope::default()
                });
            },
            &[
                "~ organizations/transport-janssens/grants/jan-k1 scope: units [k1, k2] -> units [k1]",
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
                "~ applications/fleet modules: [billing, vehicles] -> [billing, vehicles, reports], modules.reports: \"Rapporten\" [view], roles.full: \"Volledige toegang\" [] -> \"Volledige toegang\" [fleet.*]  (widens access)",
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
    // The document leaves out this state, and a grant and a user exist on the server only.
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
    assert!(plan(&documents, &state).is_empty());
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
    let expected = [
        "+ serviceAccounts/a",
        "+ serviceAccounts/a/keys/https://i s  (widens access)",
    ];
    assert_eq!(told, expected);
    state
        .service_accounts
        .extend(desired(&documents("b"), &Facts::default()).service_accounts);
    let (_, refusals) = plan_and_refusals(&documents("b"), &state);
    assert_eq!(refusals.len(), 1, "{refusals:?}");
}

#[test]
fn what_cannot_change_is_refused_field_by_field() {
    let documents = portal("fleet.yaml");
    let mut state = state(&documents);
    state.users.get_mut("users/jan-peeters").unwrap().login = "jan".to_owned();
    let grants = &mut organization(&mut state).grants;
    let grant = grants.get_mut(&format!("{ACME}/grants/jan-k1")).unwrap();
    grant.role = "applications/fleet/roles/full".to_owned();
    let (_, refusals) = plan_and_refusals(&documents, &state);
    let texts: Vec<String> = refusals
        .iter()
        .map(|refusal| format!("{} {}: {}", refusal.name, refusal.field, refusal.message))
        .collect();
    assert_eq!(
        texts,
        [
            "users/jan-peeters login: is \"jan\" on the server and \"jan.peeters\" in the document, and cannot change",
            "organizations/transport-janssens/grants/jan-k1 role: is \"applications/fleet/roles/full\" on the server and \"applications/fleet/roles/viewer\" in the document, and cannot change",
        ]
    );
}

#[test]
fn a_grant_that_was_revoked_stays_so_and_is_told() {
    let documents = portal("fleet.yaml");
    let mut state = state(&documents);
    let grants = &mut organization(&mut state).grants;
    let grant = grants.get_mut(&format!("{ACME}/grants/jan-k1")).unwrap();
    grant.set_state(GrantState::Revoked);
    grant.revoked_by = "users/mia".to_owned();
    // Even a role that cannot change is not a problem for the document.
    grant.role = "applications/fleet/roles/full".to_owned();
    assert_eq!(plan(&documents, &state).counts().skipped, 1);
    let told = "! organizations/transport-janssens/grants/jan-k1: `users/mia` revoked it, and it stays revoked; to create it again, choose another `id`";
    assert_eq!(lines(&documents, &state), [told]);
}

#[test]
fn what_an_entry_leaves_out_is_left_alone() {
    let said = |text: &str| vec![parse_str("d.yaml", text).unwrap()];
    let whole = said(
        "
applications:
  - id: app
    display_name: App
    aliases: [other]
    modules: [{id: m, display_name: M, verbs: [view]}]
    roles: [{id: r, display_name: R, permissions: [app.m.view]}]
users: [{id: jan, login: jan, given_name: Jan, family_name: P, email: j@x}]
organizations:
  - id: a
    display_name: A
    subscription_required: true
    units: [{id: top, display_name: T}, {id: u, display_name: U, number: '1', parent: top}]
    memberships:
      - user: jan
        subscription_active: true
        grants:
          - {id: g, role: app.r, scope: {units: [u]}, condition: context.n == 1,
             start_time: 2026-01-01T00:00:00Z, end_time: 2027-01-01T00:00:00Z}
",
    );
    let least = "
applications:
  - {id: app, display_name: App, modules: [{id: m, verbs: [view]}]}
users: [{id: jan, login: jan, given_name: Jan}]
organizations:
  - id: a
    display_name: A
    units: [{id: u, display_name: U}]
    memberships:
      - {user: jan, grants: [{id: g, role: app.r, scope: {units: [u]}}]}
";
    let state = state(&whole);
    assert_eq!(lines(&said(least), &state), [] as [&str; 0]);
    // A field set to nothing is cleared.
    let cleared = least.replace("scope: {units: [u]}", "scope: {units: [u]}, end_time: null");
    let lines = lines(&said(&cleared), &state);
    let told = "~ organizations/a/grants/g end_time: 2027-01-01T00:00:00Z -> none  (widens access)";
    assert_eq!(lines, [told]);
}

#[test]
fn what_widens_access_is_marked_and_nothing_else() {
    let text = "
applications:
  - id: app
    display_name: App
    modules: [{id: m, verbs: [view, edit]}]
    roles: [{id: r, permissions: [app.m.view]}]
users: [{id: jan, login: jan, given_name: Jan}]
organizations:
  - id: a
    display_name: A
    entitlements: [{application: app}]
    units: [{id: u, display_name: U}, {id: v, display_name: V}]
    memberships:
      - user: jan
        grants:
          - {id: g, role: app.r, scope: {units: [u]}, end_time: 2027-01-01T00:00:00Z}
";
    let said = |text: &str| vec![parse_str("d.yaml", text).unwrap()];
    let before = state(&said(text));
    for (from, to, widens) in [
        ("scope: {units: [u]}", "scope: {units: [u, v]}", true),
        ("scope: {units: [u]}", "scope: ALL", true),
        ("end_time: 2027", "end_time: 2028", true),
        ("end_time: 2027", "end_time: 2026", false),
        (
            "end_time: 2027-01-01T00:00:00Z",
            "condition: context.n == 1",
            false,
        ),
        (
            "permissions: [app.m.view]",
            "permissions: ['app.m.*']",
            true,
        ),
        ("permissions: [app.m.view]", "permissions: []", false),
        ("display_name: V}", "display_name: V, parent: u}", true),
        ("display_name: V}", "display_name: W}", false),
        ("{id: g,", "{id: h,", true),
        ("given_name: Jan", "given_name: Jo", false),
    ] {
        let plan = plan(&said(&text.replace(from, to)), &before);
        let entries = plan.entries();
        assert_eq!(entries.len(), 1, "{to}: {entries:?}");
        assert_eq!(entries[0].widens_access, widens, "{to}: {entries:?}");
    }
}

#[test]
fn an_update_names_what_the_server_has() {
    let text = "
organizations:
  - {id: a, display_name: A, memberships: [{user: jan, subscription_active: false}]}
";
    let documents = [parse_str("d.yaml", text).unwrap()];
    let mut state = state(&documents);
    let facts = state.organizations.get_mut("organizations/a").unwrap();
    let member = facts.memberships.get_mut("users/jan").unwrap();
    member.name = "organizations/a/memberships/m-1".to_owned();
    member.etag = "7".to_owned();
    member.subscription_active = true;
    let plan = plan(&documents, &state);
    let change = &plan.organizations["organizations/a"].memberships.change[0];
    assert_eq!(change.fact.name, "organizations/a/memberships/m-1");
    assert_eq!(change.fact.etag, "7");
}
