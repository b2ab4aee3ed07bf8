//! Users who are not members of an organization.

use serde_json::{Value, json};
use tests::Setting;
use tonic::{Code, Status};

use crate::{
    boundary::timeless,
    dump::dump,
    fault,
    samples::{Sample, ordered},
    schema,
    world::World,
};

/// Users that an organization must not be able to distinguish, with names of equal length: one that
/// does not exist, one without any membership, a deactivated one, a member of another organization,
/// and a deactivated one of those.
const STRANGERS: [&str; 5] = [
    "users/stranger-0",
    "users/stranger-1",
    "users/stranger-2",
    "users/stranger-3",
    "users/stranger-4",
];

/// The subjects of the samples.
const SUBJECTS: [&str; 2] = ["users/user-alpha-1", "users/batch-user-alpha-1"];

/// Creates the users.
async fn appear(world: &World) {
    for (index, name) in STRANGERS.iter().enumerate().skip(1) {
        let id = name.trim_start_matches("users/");
        let users = "/mandate.identity.v1.UserService";
        let body = json!({"user": {"login": id, "givenName": "Xi"}, "userId": id});
        world.done(&format!("{users}/CreateUser"), &body).await;
        if index >= 3 {
            let path = "/mandate.membership.v1.MemberService/CreateMembership";
            let body = json!({"parent": "organizations/beta", "membership": {"subject": name}});
            world.done(path, &body).await;
        }
        if index % 2 == 0 {
            world
                .done(&format!("{users}/DeactivateUser"), &json!({"name": name}))
                .await;
        }
    }
}

/// Returns the visible content of an answer, without the name of the stranger.
fn seen(path: &str, answer: Result<Vec<u8>, Status>, stranger: &str) -> (Code, String) {
    let shown = match answer {
        Ok(bytes) => (Code::Ok, timeless(schema::json(path, &bytes)).to_string()),
        Err(status) => {
            let (code, message, details) = fault::seen(&status);
            let details = details.escape_ascii();
            (code, format!("{message} {details}"))
        }
    };
    (shown.0, shown.1.replace(stranger, "users/stranger"))
}

/// Returns the request of a sample with its subject replaced; `None` if it has no subject.
fn about(sample: &Sample, request: &Value, stranger: &str) -> Option<Vec<u8>> {
    let text = request.to_string();
    let mut about = text.clone();
    for subject in SUBJECTS {
        about = about.replace(&format!("\"{subject}\""), &format!("\"{stranger}\""));
    }
    let request: Value = serde_json::from_str(&about).unwrap();
    (about != text).then(|| schema::encode(&sample.path, &request))
}

/// C8: every method gives an organization the same answer about every non-member, whether or not
/// the user exists, is active, or is a member elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn c8_who_is_no_member_is_answered_as_one_who_does_not_exist() {
    for setting in Setting::ALL {
        let world = World::start(setting).await;
        appear(&world).await;
        let fleet = ["applications/fleet-alpha-1".to_owned()];
        let callers = [
            world.manager("alpha", "owner-alpha", "owner").await,
            world.manager("alpha", "asks-alpha", "checker").await,
            world
                .manager_of("alpha", "admin-alpha", "application-admin", &fleet)
                .await,
        ];
        let names = world.names("alpha", 1);
        let before = dump(&world).await;
        let mut asked = 0;
        for sample in ordered() {
            let request = sample.json(&names);
            for caller in &callers {
                let mut answers = Vec::new();
                for stranger in STRANGERS {
                    let Some(body) = about(&sample, &request, stranger) else {
                        break;
                    };
                    let answer = world.wire.call(&sample.path, caller, body).await;
                    answers.push(seen(&sample.path, answer, stranger));
                }
                let alike = answers.windows(2).all(|two| two[0] == two[1]);
                assert!(alike, "{} in {setting:?}: {answers:#?}", sample.path);
                let told = answers
                    .first()
                    .is_some_and(|(code, _)| *code != Code::PermissionDenied);
                asked += usize::from(told);
            }
        }
        assert!(asked >= 12, "only {asked} were answered");
        assert_eq!(dump(&world).await, before, "{setting:?}");
    }
}
