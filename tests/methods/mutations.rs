//! Requests that change data: as a dry run, repeated, and based on an outdated version.

use prost::Message;
use serde_json::{Value, json};
use tests::Setting;
use tonic::Code;

use crate::{
    dump::dump,
    fault,
    samples::{Sample, ordered},
    schema,
    world::{World, learn},
};

const SETTINGS: [Setting; 2] = [Setting::Sqlite, Setting::Postgres];

fn with(json: &Value, fields: &Value) -> Value {
    let mut json = json.clone();
    for (name, value) in fields.as_object().unwrap() {
        json[name] = value.clone();
    }
    json
}

async fn refuse(world: &World, path: &str, json: &Value, code: Code, reason: &str) {
    let body = schema::encode(path, json);
    let status = world.wire.call(path, world.key_for(path), body).await;
    fault::expect(&status.expect_err(path), code, reason, path);
}

/// Removes the parts of an answer that are shown only once.
fn lasting(path: &str, bytes: &[u8]) -> Vec<u8> {
    let mut answer = schema::response(path, bytes);
    if path.ends_with("/CreateServiceAccountKey") {
        answer.clear_field_by_name("secret");
    }
    answer.encode_to_vec()
}

/// K-f: every change supports a dry run without effect. An id makes the change repeatable: the same
/// answer, one effect, and no other request under the same id.
#[tokio::test(flavor = "multi_thread")]
async fn k_f_a_change_can_be_tried_and_repeated() {
    for setting in SETTINGS {
        let world = World::start(setting).await;
        let mut names = world.names("alpha", 2);
        world.others_ask(&mut names).await;
        for sample in ordered() {
            let path = sample.path.as_str();
            if !schema::is_mutation(path) {
                world.step_as_fits(&sample, &mut names).await;
                continue;
            }
            let json = sample.json(&names);
            let before = dump(&world).await;
            world
                .done(path, &with(&json, &json!({"validateOnly": true})))
                .await;
            // A dry run does not store its answer.
            let tried = json!({"validateOnly": true, "requestId": "tried"});
            world.done(path, &with(&json, &tried)).await;
            assert_eq!(
                dump(&world).await,
                before,
                "{path} as a dry run in {setting:?}"
            );

            let id = path.rsplit('/').next().unwrap();
            let named = with(&json, &json!({"requestId": id}));
            let body = schema::encode(path, &named);
            let key = world.key_for(path);
            let first = world.wire.call(path, key, body.clone()).await;
            let first = first.unwrap_or_else(|status| panic!("{path}: {status:?}"));
            learn(path, &first, &mut names);
            let after = dump(&world).await;
            // Erasing a person from the audit log changes no list.
            if !path.ends_with("/ForgetPerson") {
                assert_ne!(after, before, "{path} in {setting:?}");
            }
            let again = world.wire.call(path, key, body).await;
            let again = again.unwrap_or_else(|status| panic!("{path} again: {status:?}"));
            assert_eq!(lasting(path, &first), lasting(path, &again), "{path}");
            assert_eq!(dump(&world).await, after, "{path} repeated in {setting:?}");
            let other = with(&named, &json!({"validateOnly": true}));
            refuse(
                &world,
                path,
                &other,
                Code::InvalidArgument,
                "REQUEST_ID_REUSED",
            )
            .await;
        }
    }
}

/// K-f: concurrent copies of a request have one effect and one answer.
#[tokio::test(flavor = "multi_thread")]
async fn k_f_the_same_request_at_once_is_one() {
    for setting in SETTINGS {
        let world = World::start(setting).await;
        let mut names = world.names("alpha", 2);
        world.others_ask(&mut names).await;
        for sample in ordered() {
            let path = sample.path.as_str();
            if !schema::is_mutation(path) {
                continue;
            }
            let id = format!("at-once-{}", path.rsplit('/').next().unwrap());
            let body = schema::encode(path, &with(&sample.json(&names), &json!({"requestId": id})));
            let call = || world.wire.call(path, world.key_for(path), body.clone());
            let (a, b, c) = tokio::join!(call(), call(), call());
            let answers = [a, b, c].map(|answer| {
                let answer =
                    answer.unwrap_or_else(|status| panic!("{path} in {setting:?}: {status:?}"));
                learn(path, &answer, &mut names);
                lasting(path, &answer)
            });
            assert!(
                answers.windows(2).all(|two| two[0] == two[1]),
                "{path} in {setting:?}"
            );
        }
    }
}

/// Returns the JSON pointer to the etag of a request: its own, or that of the resource.
fn etag(sample: &Sample) -> Option<String> {
    let input = schema::find(&sample.path).unwrap().input();
    if input.get_field_by_name("etag").is_some() {
        return Some("/etag".to_owned());
    }
    input.get_field_by_name("update_mask")?;
    let mut resources = input.fields().filter(|field| {
        let inner = field.kind();
        let inner = inner.as_message();
        inner.is_some_and(|inner| inner.get_field_by_name("etag").is_some())
    });
    Some(format!("/{}/etag", resources.next()?.json_name()))
}

/// B5: a change that is based on an outdated version is refused.
#[tokio::test(flavor = "multi_thread")]
async fn b5_a_change_of_what_has_changed_since_is_refused() {
    for setting in SETTINGS {
        let world = World::start(setting).await;
        let mut names = world.names("alpha", 2);
        world.others_ask(&mut names).await;
        let mut tried = 0;
        for sample in ordered() {
            if let Some(pointer) = etag(&sample) {
                let mut json = sample.json(&names);
                let (parent, _) = pointer.rsplit_once('/').unwrap();
                for stale in ["v0", "v999", "\"v1\"", "*", "v01", "V1"] {
                    json.pointer_mut(parent).unwrap()["etag"] = json!(stale);
                    refuse(&world, &sample.path, &json, Code::Aborted, "ETAG_MISMATCH").await;
                    tried += 1;
                }
            }
            world.step_as_fits(&sample, &mut names).await;
        }
        assert!(tried > 100, "{tried} etags");
    }
}
