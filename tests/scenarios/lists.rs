//! Lists and checks agree, and no answer is mistaken for another.

use api::entitlement::v1::{AccessView, CheckBatchRequest, DecisionReason, Question};
use mandate_documents::document::{PORTALS, parse_str};
use tests::{Rig, Setting};
use types::UnixTime;

use crate::{
    place::{Places, access, permissions},
    shared::{everywhere, run},
};

/// Checks many questions about one organization.
async fn ask(rig: &Rig, questions: &[Question]) -> Vec<bool> {
    let mut answers = Vec::new();
    for questions in questions.chunks(1000) {
        let request = CheckBatchRequest {
            questions: questions.to_vec(),
            consistency: None,
        };
        let page = rig.root().authorization().check_batch(request).await;
        let page = page.unwrap().into_inner().decisions;
        answers.extend(
            page.iter()
                .map(|decision| decision.reason() == DecisionReason::Allowed),
        );
    }
    answers
}

#[test]
fn k_e_listed_access_equals_allowed_access_on_every_portal() {
    everywhere(async |rig| {
        let clients = rig.root();
        for (file, text) in PORTALS {
            let root = parse_str(file, text).unwrap().root;
            let id = |text: &mandate_documents::document::Text| text.as_str().to_owned();
            let users: Vec<String> = root.users.iter().map(|user| id(&user.value.id)).collect();
            let mut rights = Vec::new();
            for application in &root.applications {
                rights.extend(permissions(&clients, &id(&application.value.id)).await);
            }
            for organization in &root.organizations {
                let organization = format!("organizations/{}", id(&organization.value.id));
                let places = Places::of(&clients, &organization).await;
                let all = places.all();
                for user in &users {
                    let user = format!("users/{user}");
                    // Small pages hold the same entries as one large page.
                    let listed = access(&clients, &organization, &user, AccessView::Full, 1).await;
                    let whole = access(&clients, &organization, &user, AccessView::Full, 0).await;
                    assert_eq!(listed, whole);
                    let held: Vec<_> = listed.iter().flat_map(|found| &found.permissions).collect();
                    let mut questions = Vec::new();
                    let mut expected = Vec::new();
                    for permission in &rights {
                        let found = held.iter().find(|held| held.permission == *permission);
                        let scope = found.and_then(|found| found.scope.as_ref());
                        for place in &all {
                            questions.push(Question {
                                subject: user.clone(),
                                permission: permission.clone(),
                                resource: place.clone(),
                                context: None,
                            });
                            expected.push(scope.is_some_and(|scope| places.covers(scope, place)));
                        }
                    }
                    let answers = ask(rig, &questions).await;
                    for ((question, answer), expected) in
                        questions.iter().zip(answers).zip(expected)
                    {
                        assert_eq!(answer, expected, "{question:?} in {:?}", rig.setting);
                    }
                }
            }
        }
    });
}

/// Ids that give equal strings if they are joined without a separator.
const AMBIGUOUS_IDS_DOCUMENT: &str = "
applications:
  - {id: a, display_name: A, modules: [{id: b, verbs: [c]}, {id: b-c, verbs: [d]}],
     roles: [{id: r, permissions: [a.b.c]}]}
  - {id: a-b, display_name: B, modules: [{id: c, verbs: [d]}],
     roles: [{id: r, permissions: [a-b.c.d]}]}
users:
  - {id: a, login: a, given_name: A}
  - {id: b, login: b, given_name: B}
  - {id: a-b, login: a-b, given_name: C}
  - {id: organizations, login: o, given_name: O}
organizations:
  - id: a
    display_name: A
    entitlements: [{application: a}, {application: a-b}]
    units: [{id: a, display_name: A}, {id: b, display_name: B}, {id: a-b, display_name: C}]
    resources:
      - {id: a, type: t, unit: a}
      - {id: A, type: t, unit: b}
      - {id: a.b, type: t, unit: a-b}
      - {id: a+b, type: t, unit: b}
    memberships:
      - {user: a, grants: [{role: a.r, scope: {resources: [a]}}]}
      - {user: b, grants: [{role: a-b.r, scope: {units: [b]}}]}
      - {user: organizations, grants: [{role: a.r, scope: {resources: [a+b]}}]}
  - id: a-b
    display_name: B
    entitlements: [{application: a}]
    units: [{id: a, display_name: A}, {id: b, display_name: B}]
    resources: [{id: a, type: t, unit: b}, {id: A, type: t, unit: b}]
    memberships:
      - {user: a-b, grants: [{role: a.r, scope: {units: [a]}}]}
      - {user: a, grants: [{role: a.r, scope: {resources: [A]}}]}
  - id: b
    display_name: C
    entitlements: [{application: a}]
    units: [{id: a, display_name: A}]
    resources: [{id: a, type: t, unit: a}]
    memberships: [{user: b, grants: [{role: a.r, scope: ALL}]}]
";

#[test]
fn k_a_similar_questions_never_share_an_answer() {
    run(async {
        let first = Rig::at(Setting::Postgres, UnixTime(1_767_225_600_000)).await;
        first.apply(AMBIGUOUS_IDS_DOCUMENT).await;
        crate::feeds::heard(&first).await;
        let clients = first.root();
        let mut rows = Vec::new();
        for organization in ["organizations/a", "organizations/a-b", "organizations/b"] {
            let places = Places::of(&clients, organization).await;
            for user in ["users/a", "users/b", "users/a-b", "users/organizations"] {
                let listed = access(&clients, organization, user, AccessView::Full, 0).await;
                for permission in ["a.b.c", "a.b-c.d", "a-b.c.d"] {
                    let held = listed
                        .iter()
                        .flat_map(|found| &found.permissions)
                        .find(|held| held.permission == permission);
                    let scope = held.and_then(|held| held.scope.as_ref());
                    for place in places.all() {
                        let expected = scope.is_some_and(|scope| places.covers(scope, &place));
                        rows.push((user, permission, place, expected));
                    }
                }
            }
        }
        let allowed = rows.iter().filter(|(.., allowed)| *allowed);
        assert_eq!(
            allowed.clone().count(),
            10,
            "{:?}",
            allowed.collect::<Vec<_>>()
        );
        // The first question about a subject goes to the shared cache. Each replica starts with
        // other subjects, and finds the decisions of the replicas before it.
        let mut replicas = Vec::new();
        for turn in 0..4 {
            let replica = first.replica().await;
            rows.rotate_left(turn * 7);
            for (user, permission, place, expected) in &rows {
                let allowed = replica.allows(user, permission, place).await;
                assert_eq!(allowed, *expected, "{user} {permission} {place}");
            }
            replicas.push(replica);
        }
    });
}
