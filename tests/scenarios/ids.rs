//! Ids in the formats of issuers and directories, and finding users by external data.

use api::{
    entitlement::v1::DecisionReason,
    identity::v1::{CreateUserRequest, ListUsersRequest, OidcIdentity, UpdateUserRequest, User},
};
use tests::Rig;
use tonic::{Code, Response};

use crate::{feeds::heard, refusal::refusal, shared::everywhere};

const GIVEN: [&str; 7] = [
    "0f8fad5b-d9cb-469f-a165-70867728950e",
    "100482",
    "auth0|5f7c8ec7",
    "jan+work@example.com",
    "dGVzdA==",
    "_x~.-",
    "S-1-5-21",
];

/// Two organizations with two units each, a resource in each unit, and two users whose ids differ
/// only by case.
const CASES: &str = "
applications:
  - id: ids-app
    display_name: Desk
    modules: [{id: billing, verbs: [view]}]
    roles: [{id: viewer, permissions: [ids-app.billing.view]}]
users:
  - {id: Ids|Jan, login: ids.one, given_name: Jan}
  - {id: ids|jan, login: ids.two, given_name: Jan}
organizations:
  - id: Ids.Acme
    display_name: Upper
    entitlements: [{application: ids-app}]
    units: [{id: K1, display_name: Upper}, {id: k1, display_name: Lower}]
    resources: [{id: N=1, type: number, unit: K1}, {id: n=1, type: number, unit: k1}]
    memberships:
      - {user: Ids|Jan, grants: [{id: G1, role: ids-app.viewer, scope: {units: [K1]}}]}
      - {user: ids|jan, grants: [{id: g1, role: ids-app.viewer, scope: {resources: [n=1]}}]}
  - id: ids.acme
    display_name: Lower
    entitlements: [{application: ids-app}]
    units: [{id: K1, display_name: Upper}]
";

async fn create(rig: &Rig, id: &str, user: User) -> Result<User, (Code, String)> {
    let request = CreateUserRequest {
        user: Some(user),
        user_id: id.to_owned(),
        ..CreateUserRequest::default()
    };
    match rig.root().users().create_user(request).await {
        Ok(created) => Ok(created.into_inner().user.unwrap()),
        Err(status) => Err(refusal(Err::<Response<()>, _>(status))),
    }
}

fn person(login: &str) -> User {
    User {
        login: login.to_owned(),
        given_name: "Jan".to_owned(),
        ..User::default()
    }
}

async fn find(rig: &Rig, filter: &str) -> Result<Vec<String>, (Code, String)> {
    let request = ListUsersRequest {
        filter: filter.to_owned(),
        ..ListUsersRequest::default()
    };
    match rig.root().users().list_users(request).await {
        Ok(found) => Ok(found
            .into_inner()
            .users
            .into_iter()
            .map(|u| u.name)
            .collect()),
        Err(status) => Err(refusal(Err::<Response<()>, _>(status))),
    }
}

#[test]
fn ids_are_what_issuers_and_directories_hand_out() {
    everywhere(async |rig| {
        let longest = format!("9{}", "~".repeat(127));
        for (at, id) in GIVEN.iter().copied().chain([longest.as_str()]).enumerate() {
            let created = create(rig, id, person(&format!("ids.given{at}"))).await;
            assert_eq!(created.unwrap().name, format!("users/{id}"));
        }
        for id in ["a:b", "a/b", "a b", "0", "-", "..", &"a".repeat(129)] {
            let refused = create(rig, id, person("ids.refused")).await.unwrap_err();
            assert_eq!(refused.0, Code::InvalidArgument, "{id}");
        }
    });
}

#[test]
fn k_m_ids_that_differ_by_case_name_different_things() {
    everywhere(async |rig| {
        rig.apply(CASES).await;
        heard(rig).await;
        let upper = ("users/Ids|Jan", ["units/K1", "resources/N=1"]);
        let lower = ("users/ids|jan", ["resources/n=1", "resources/n=1"]);
        for (subject, reached) in [upper, lower] {
            for place in ["units/K1", "units/k1", "resources/N=1", "resources/n=1"] {
                let at = format!("organizations/Ids.Acme/{place}");
                let reason = rig.reason(subject, "ids-app.billing.view", &at).await;
                let allowed = reason == DecisionReason::Allowed;
                assert_eq!(allowed, reached.contains(&place), "{subject} at {place}");
            }
            let other = "organizations/ids.acme/units/K1";
            let reason = rig.reason(subject, "ids-app.billing.view", other).await;
            assert_ne!(reason, DecisionReason::Allowed, "{subject} at {other}");
        }
    });
}

#[test]
fn users_are_found_by_login_by_address_and_by_the_subject_of_their_issuer() {
    everywhere(async |rig| {
        let known = |subject: &str| OidcIdentity {
            issuer: "https://issuer.example".to_owned(),
            subject: subject.to_owned(),
        };
        let user = User {
            email: "Ann@Find.example".to_owned(),
            oidc: Some(known("a/1:x")),
            ..person("Find.\"Ann\"")
        };
        create(rig, "Find-ann", user.clone()).await.unwrap();
        let ben = User {
            email: "ann@find.example".to_owned(),
            realm: "find".to_owned(),
            ..person("find.ben")
        };
        create(rig, "find-ben", ben).await.unwrap();
        let (ann, ben) = ("users/Find-ann".to_owned(), "users/find-ben".to_owned());
        for (filter, found) in [
            (r#"login="find.\"ann\"""#, vec![ann.clone()]),
            (r#"login="find.ben""#, vec![]),
            (r#"login="FIND.BEN" AND realm="find""#, vec![ben.clone()]),
            (
                r#"email="ANN@find.example""#,
                vec![ann.clone(), ben.clone()],
            ),
            (
                r#"oidc.issuer="https://issuer.example" AND oidc.subject="a/1:x""#,
                vec![ann.clone()],
            ),
            (
                r#"oidc.issuer="https://issuer.example" AND oidc.subject="A/1:x""#,
                vec![],
            ),
        ] {
            assert_eq!(find(rig, filter).await.unwrap(), found, "{filter}");
        }
        for filter in [
            "x",
            r#"email="""#,
            r#"login="a" OR login="b""#,
            r#"oidc.subject="a""#,
        ] {
            assert_eq!(
                find(rig, filter).await.unwrap_err().0,
                Code::InvalidArgument
            );
        }
        let taken = create(
            rig,
            "find-cas",
            User {
                login: "find.cas".to_owned(),
                ..user
            },
        )
        .await;
        assert_eq!(
            taken.unwrap_err(),
            (Code::AlreadyExists, "OIDC_IDENTITY_TAKEN".to_owned())
        );
        let moved = UpdateUserRequest {
            user: Some(User {
                name: ben.clone(),
                oidc: Some(known("b")),
                ..User::default()
            }),
            update_mask: Some(prost_types::FieldMask {
                paths: vec!["oidc".to_owned()],
            }),
            ..UpdateUserRequest::default()
        };
        rig.root().users().update_user(moved).await.unwrap();
        let filter = r#"oidc.issuer="https://issuer.example" AND oidc.subject="b""#;
        assert_eq!(find(rig, filter).await.unwrap(), [ben]);
    });
}
