//! The host headers of a request.

use tests::Setting;

use crate::{
    samples::ordered,
    world::{World, learn},
};

const HOST: &str = "evil.example";

/// Host names in answers come from the configuration. No answer and no refusal repeats a host from
/// the headers of a request.
#[tokio::test(flavor = "multi_thread")]
async fn k_o_no_answer_and_no_refusal_has_the_host_of_a_header() {
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        let mut names = world.names("alpha", 2);
        world.others_ask(&mut names).await;
        let forwarded = format!("host={HOST};proto=https");
        for sample in ordered() {
            let bearer = format!("Bearer {}", world.key_for(&sample.path));
            for authorization in [bearer.as_str(), "Bearer mk_kabc_wrong"] {
                let headers = [
                    ("authorization", authorization.as_bytes()),
                    ("x-forwarded-host", HOST.as_bytes()),
                    ("x-forwarded-proto", b"https"),
                    ("forwarded", forwarded.as_bytes()),
                ];
                let body = sample.bytes(&names);
                let answer = world.wire.send(&sample.path, &headers, body).await;
                assert_eq!(answer.is_ok(), authorization == bearer, "{}", sample.path);
                let told = match &answer {
                    Ok(answer) => answer.clone(),
                    Err(status) => [status.message().as_bytes(), status.details()].concat(),
                };
                let told = String::from_utf8_lossy(&told);
                assert!(!told.contains(HOST), "{}: {told}", sample.path);
                if let Ok(answer) = answer {
                    learn(&sample.path, &answer, &mut names);
                }
            }
        }
    }
}
