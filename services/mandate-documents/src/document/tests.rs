use super::*;

fn problems(text: &str) -> Vec<String> {
    let document = match parse_str("d.yaml", text) {
        Ok(document) => document,
        Err(problem) => return vec![problem.to_string()],
    };
    let validated = validate(&[document]);
    let deferred = validated
        .deferred
        .into_iter()
        .map(|deferred| deferred.problem);
    let mut problems: Vec<Problem> = validated.problems.into_iter().chain(deferred).collect();
    problems.sort();
    problems.iter().map(Problem::to_string).collect()
}

#[test]
fn every_portal_is_valid_alone_and_with_the_others() {
    let documents: Vec<Document> = PORTALS
        .iter()
        .map(|(file, text)| parse_str(file, text).unwrap())
        .collect();
    for document in &documents {
        let validated = validate(std::slice::from_ref(document));
        assert_eq!(validated.problems, [], "{}", document.file);
        assert!(validated.deferred.is_empty(), "{}", document.file);
    }
    let validated = validate(&documents);
    assert_eq!(validated.problems, []);
    assert!(validated.deferred.is_empty());
}

/// A valid document, with placeholders for the cases below.
const FLEET: &str = "\
applications:
  - id: fleet
    display_name: Fleet
    modules:
      - id: billing
        verbs: [view]
    roles:
      - id: viewer
        permissions: [fleet.billing.view]
users:
  - {id: jan, login: jan, given_name: Jan}
organizations:
  - id: acme
    display_name: Acme
    entitlements:
      - application: fleet
    units:
      - {id: k1, display_name: One}
      - {id: k2, display_name: Two, parent: k1}
    resources:
      - {id: R1, type: product, unit: k2}
    memberships:
      - user: jan
        grants:
          - role: fleet.viewer
            scope: {units: [k1], resources: [R1]}
";

/// The replaced text, its replacement, and the problems that follow.
type Case<'a> = (&'a str, &'a str, &'a [&'a str]);

const BROKEN_DOCUMENTS: &[Case<'_>] = &[
    (
        "role: fleet.viewer",
        "role: fleet.viewr",
        &[
            "d.yaml:25:19: organizations[0].memberships[0].grants[0].role: there is no role `fleet.viewr`",
        ],
    ),
    (
        "role: fleet.viewer",
        "role: viewer",
        &[
            "d.yaml:25:19: organizations[0].memberships[0].grants[0].role: `viewer` is not a role: write `application.role`",
        ],
    ),
    (
        "{units: [k1], resources: [R1]}",
        "{units: [k1, k9], resources: [R2]}",
        &[
            "d.yaml:26:33: organizations[0].memberships[0].grants[0].scope.units[1]: there is no unit `k9` in `acme`",
            "d.yaml:26:50: organizations[0].memberships[0].grants[0].scope.resources[0]: there is no resource `R2` in `acme`",
        ],
    ),
    (
        "{units: [k1], resources: [R1]}",
        "all",
        &[
            "d.yaml:26:20: organizations[0].memberships[0].grants[0].scope: must be `ALL`, or name at least one of `units` and `resources`",
        ],
    ),
    (
        "{units: [k1], resources: [R1]}",
        "{}",
        &[
            "d.yaml:26:20: organizations[0].memberships[0].grants[0].scope: must be `ALL`, or name at least one of `units` and `resources`",
        ],
    ),
    (
        "{units: [k1], resources: [R1]}",
        "{unit: [k1], units: [k1]}",
        &[
            "d.yaml:26:21: organizations[0].memberships[0].grants[0].scope: unknown key `unit`; known are `units`, `resources`",
        ],
    ),
    (
        "{units: [k1], resources: [R1]}",
        "ALL\n            start_time: 2025-01-01T00:00:00Z\n            end_time: 2024-01-01T00:00:00+01:00",
        &[
            "d.yaml:28:23: organizations[0].memberships[0].grants[0].end_time: must be later than `start_time`, `2025-01-01T00:00:00Z`",
        ],
    ),
    (
        "{units: [k1], resources: [R1]}",
        "ALL\n            start_time: yesterday",
        &[
            "d.yaml:27:25: organizations[0].memberships[0].grants[0].start_time: `yesterday` is not a time such as `2026-01-31T09:00:00Z`",
        ],
    ),
    (
        "            scope: {units: [k1], resources: [R1]}",
        "            scope: ALL\n          - {role: fleet.viewer, scope: ALL}",
        &[
            "d.yaml:27:20: organizations[0].memberships[0].grants[1].id: grant `jan-fleet-viewer` is already at d.yaml:25:19; give this one an `id`",
        ],
    ),
    (
        "    display_name: Fleet\n",
        "    display_name: Fleet\n    display_names: {nl: Vloot, xx: Flotte}\n    separations: [[viewer, editor]]\n",
        &[
            "d.yaml:4:32: applications[0].display_names: unknown key `xx`; known are `en`, `nl`, `fr`, `nb`, `de`",
            "d.yaml:5:28: applications[0].separations[0]: the application has no role `editor`",
        ],
    ),
    (
        "{units: [k1], resources: [R1]}",
        "ALL\n            applications: [flet]",
        &[
            "d.yaml:27:28: organizations[0].memberships[0].grants[0].applications[0]: there is no application `flet`",
        ],
    ),
    (
        "login: jan, given_name: Jan",
        "logn: jan, given_name: Jan, colour: red",
        &[
            "d.yaml:11:5: users[0].login: must be set",
            "d.yaml:11:15: users[0]: unknown key `logn`; known are `id`, `login`, `realm`, `given_name`, `family_name`, `email`, `state`",
            "d.yaml:11:43: users[0]: unknown key `colour`; known are `id`, `login`, `realm`, `given_name`, `family_name`, `email`, `state`",
        ],
    ),
    (
        "users:",
        "service_accounts:
  - id: a
    oidc:
      - {issuer: 'https://i', subject: a}
      - {issuer: 'http://i', subject: a}
      - {issuer: 'https://i', subject: a b}
      - {issuer: 'https://i'}
  - {id: b, oidc: [{issuer: 'https://i', subject: a, audience: b}]}
users:",
        &[
            "d.yaml:14:18: service_accounts[0].oidc[1].issuer: an issuer is an `https` URL of at most 256 visible ASCII characters",
            "d.yaml:15:40: service_accounts[0].oidc[2].subject: a subject has 1 to 255 visible ASCII characters",
            "d.yaml:16:9: service_accounts[0].oidc[3].subject: must be set",
            "d.yaml:17:20: service_accounts[1].oidc[0]: `a` of `https://i` is already at d.yaml:13:9",
            "d.yaml:17:54: service_accounts[1].oidc[0]: unknown key `audience`; known are `issuer`, `subject`",
        ],
    ),
    (
        "user: jan",
        "user: jna",
        &["d.yaml:23:15: organizations[0].memberships[0].user: there is no user `jna`"],
    ),
    (
        "user: jan",
        "service_account: billing",
        &[
            "d.yaml:23:26: organizations[0].memberships[0].service_account: there is no service account `billing`",
        ],
    ),
    (
        "- application: fleet",
        "- application: flet",
        &[
            "d.yaml:16:22: organizations[0].entitlements[0].application: there is no application `flet`",
        ],
    ),
    (
        "permissions: [fleet.billing.view]",
        "permissions: [fleet.billing.vew, \"fleet.*\", \"fleet.bill.*\"]",
        &[
            "d.yaml:9:23: applications[0].roles[0].permissions[0]: the application has no permission `fleet.billing.vew`",
            "d.yaml:9:53: applications[0].roles[0].permissions[2]: the application has no permission `fleet.bill.*`",
        ],
    ),
    (
        "{id: k1, display_name: One}",
        "{id: k1, display_name: One, parent: k2}",
        &[
            "d.yaml:18:45: organizations[0].units[0].parent: unit `k1` would be its own ancestor",
            "d.yaml:19:45: organizations[0].units[1].parent: unit `k2` would be its own ancestor",
        ],
    ),
    (
        "{id: k2, display_name: Two, parent: k1}",
        "{id: k1, display_name: Two}\n      - {id: K/2, display_name: Two}\n      - {id: k2, display_name: Two}",
        &[
            "d.yaml:19:14: organizations[0].units[1].id: unit `k1` is already at d.yaml:18:14",
            "d.yaml:20:14: organizations[0].units[2].id: `K/2` is not an id of units: must be 1 to 128 of `A-Z a-z 0-9 _ . | @ + = ~ -`, one of them a letter or a digit other than 0",
        ],
    ),
    (
        "  - id: acme",
        "  - id: acme\n    state: CLOSED",
        &["d.yaml:14:12: organizations[0].state: `CLOSED` is not one of `ACTIVE`, `SUSPENDED`"],
    ),
    (
        "  - id: acme",
        "  - id: acme
    contacts:
      - {id: a, kind: BOSS, display_name: A, uri: tel:1}
      - {id: a, kind: SUPPORT, display_name: A, primary: true}
      - {id: b, kind: REPRESENTATIVE, display_name: B, uri: tel:1, primary: true}
      - {id: c, kind: REPRESENTATIVE, display_name: C, uri: tel:1, primary: true}",
        &[
            "d.yaml:15:23: organizations[0].contacts[0].kind: `BOSS` is not one of `REPRESENTATIVE`, `SUPPORT`",
            "d.yaml:16:9: organizations[0].contacts[1].primary: is only for `REPRESENTATIVE`",
            "d.yaml:16:9: organizations[0].contacts[1].uri: must be set",
            "d.yaml:16:14: organizations[0].contacts[1].id: contact `a` is already at d.yaml:15:14",
            "d.yaml:18:9: organizations[0].contacts[3].primary: the primary representative is already at d.yaml:17:9",
        ],
    ),
];

#[test]
fn broken_documents_say_where_and_what() {
    assert_eq!(problems(FLEET), [] as [&str; 0]);
    for (old, new, expected) in BROKEN_DOCUMENTS {
        assert!(FLEET.contains(old), "{old}");
        assert_eq!(problems(&FLEET.replacen(old, new, 1)), *expected, "{new}");
    }
}

#[test]
fn what_cannot_be_read_says_where() {
    let cases = [
        ("users: [", "d.yaml:1:8: "),
        ("users:\n  - id: [a]\n", "d.yaml:2:9: "),
        ("users:\n  - id: a\n    id: b\n", "d.yaml:3:5: "),
        (
            "organizations:\n  - subscription_required: maybe\n",
            "d.yaml:2:28: ",
        ),
    ];
    for (text, expected) in cases {
        let found = problems(text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(expected), "{found:?}");
    }
}

#[test]
fn scalars_keep_their_spelling() {
    let text = "organizations: [{id: acme, display_name: 007, units: [{id: k1, number: 0100}]}]";
    let document = parse_str("d.yaml", text).unwrap();
    let organization = &document.root.organizations[0].value;
    assert_eq!(organization.display_name.as_str(), "007");
    assert_eq!(organization.units[0].value.number.as_str(), "0100");
}

#[test]
fn documents_refer_to_each_other_and_repeat_nothing() {
    let one = parse_str(
        "one.yaml",
        "users: [{id: jan, login: jan, given_name: Jan}]",
    )
    .unwrap();
    let two = "organizations: [{id: a, display_name: A, memberships: [{user: jan}]}]";
    let two = parse_str("two.yaml", two).unwrap();
    let validated = validate(&[one.clone(), two]);
    assert!(validated.problems.is_empty() && validated.deferred.is_empty());

    let again = Document {
        file: "again.yaml".to_owned(),
        ..one.clone()
    };
    let found: Vec<String> = validate(&[one, again])
        .problems
        .iter()
        .map(Problem::to_string)
        .collect();
    assert_eq!(
        found,
        [
            "again.yaml:1:14: users[0].id: user `jan` is already at one.yaml:1:14",
            "again.yaml:1:26: users[0].login: login `jan` of realm `default` is already at one.yaml:1:26",
        ]
    );
}
