//! Calls without valid credentials.

use serde_json::json;
use tests::Setting;
use tonic::Code;

use crate::{
    fault,
    samples::{Names, Sample, ordered},
    world::World,
};

type Header = (&'static str, Vec<u8>);

/// Returns headers that authenticate no caller, each with a readable name.
async fn credentials(world: &World) -> Vec<(String, Vec<Header>)> {
    let bearer = |key: &str| vec![("authorization", format!("Bearer {key}").into_bytes())];
    let plain = |value: &str| vec![("authorization", value.as_bytes().to_vec())];
    let root = world.root.as_str();
    let altered = |index: usize| {
        let mut key = root.as_bytes().to_vec();
        key[index] = if key[index] == b'x' { b'y' } else { b'x' };
        String::from_utf8(key).unwrap()
    };
    let mut all = vec![
        ("none".to_owned(), vec![]),
        ("empty".to_owned(), plain("")),
        ("a scheme without a key".to_owned(), plain("Bearer ")),
        ("no scheme".to_owned(), plain(root)),
        ("another scheme".to_owned(), plain(&format!("Basic {root}"))),
        ("two schemes".to_owned(), bearer(&format!("Bearer {root}"))),
        (
            "bytes".to_owned(),
            vec![("authorization", b"Bearer \xff\xfe".to_vec())],
        ),
        ("malformed".to_owned(), bearer("mk__")),
        (
            "of a key that nobody has".to_owned(),
            bearer(&format!("mk_kabc_{}", "a".repeat(43))),
        ),
        ("very long".to_owned(), bearer(&"mk_a_".repeat(1000))),
        ("more than a key".to_owned(), bearer(&format!("{root}a"))),
        (
            "the last character".to_owned(),
            bearer(&altered(root.len() - 1)),
        ),
        ("the middle".to_owned(), bearer(&altered(root.len() / 2))),
        ("upper case".to_owned(), bearer(&root.to_uppercase())),
        (
            "another header".to_owned(),
            vec![("x-authorization", format!("Bearer {root}").into_bytes())],
        ),
    ];
    let lengths = (0..root.len()).filter(|length| length % 7 == 0 || length + 1 == root.len());
    all.extend(lengths.map(|length| {
        (
            format!("{length} characters"),
            bearer(root.get(..length).unwrap()),
        )
    }));
    for peer in ["identity", "membership", "entitlement"] {
        let key = world
            .rig
            .secrets_folder()
            .join("peers")
            .join(format!("{peer}.key"));
        // The files do not exist if all services run in one process.
        if let Ok(key) = std::fs::read_to_string(key) {
            all.push((format!("of {peer}"), bearer(&key)));
        }
    }
    for (id, key) in dead_keys(world).await {
        all.push((id, bearer(&key)));
    }
    all
}

/// Returns keys that are no longer valid, or never became so.
async fn dead_keys(world: &World) -> Vec<(String, String)> {
    let service = "/mandate.identity.v1.ServiceAccountService";
    let (name, deleted) = world.account("deleted-key", json!({})).await;
    let body = json!({"name": name});
    world
        .done(&format!("{service}/DeleteServiceAccountKey"), &body)
        .await;
    let (_, disabled) = world.account("disabled", json!({})).await;
    let body = json!({"name": "serviceAccounts/disabled"});
    world
        .done(&format!("{service}/DisableServiceAccount"), &body)
        .await;
    let past = json!({"expireTime": "2001-01-01T00:00:00Z"});
    let (_, expired) = world.account("expired", past).await;
    vec![
        ("deleted".to_owned(), deleted),
        ("of a disabled account".to_owned(), disabled),
        ("expired".to_owned(), expired),
    ]
}

fn bodies(sample: &Sample, names: &Names) -> [Vec<u8>; 3] {
    let garbage = vec![0xff; 64];
    [sample.bytes(names), Vec::new(), garbage]
}

/// K-w, G2: without valid credentials, every method gives the same answer, byte for byte, for all
/// credentials and all requests.
#[tokio::test(flavor = "multi_thread")]
async fn k_w_g2_nobody_calls_anything() {
    for setting in Setting::ALL {
        let world = World::start(setting).await;
        let names = world.names("alpha", 1);
        let credentials = credentials(&world).await;
        let mut first = None;
        for (turn, sample) in ordered().iter().enumerate() {
            let bodies = bodies(sample, &names);
            for (index, (what, headers)) in credentials.iter().enumerate() {
                let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_slice())).collect();
                // Each method is called with each kind of credentials and with each kind of body,
                // but not with every combination; without credentials, with all bodies.
                let chosen = if index == 0 {
                    0..3
                } else {
                    (turn + index) % 3..(turn + index) % 3 + 1
                };
                for body in chosen {
                    let at = format!("{} with {what}, body {body}, {setting:?}", sample.path);
                    let body = bodies[body].clone();
                    let status = world.wire.send(&sample.path, &headers, body).await;
                    let status = status.expect_err(&at);
                    fault::expect(&status, Code::Unauthenticated, "UNAUTHENTICATED", &at);
                    let seen = fault::seen(&status);
                    assert_eq!(first.get_or_insert_with(|| seen.clone()), &seen, "{at}");
                }
            }
        }
    }
}

/// K-w: a path that names no method is refused before it is looked up, like a method that may not
/// be called. Only health and reflection answer without credentials.
#[tokio::test(flavor = "multi_thread")]
async fn k_w_what_is_no_method_is_not_called() {
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        for path in [
            "/mandate.identity.v1.UserService/Nothing",
            "/mandate.identity.v1.UserService/getUser",
            "/mandate.identity.v1.UserService/GetUser/",
            "//mandate.identity.v1.UserService/GetUser",
            "/mandate.identity.v2.UserService/GetUser",
            "/mandate.membership.v1.OrganizationService",
            "/grpc.health.v1.HealthX/Check",
            "/x/grpc.health.v1.Health/Check",
            "/",
        ] {
            let status = world.wire.send(path, &[], Vec::new()).await;
            let status = status.expect_err(path);
            fault::expect(&status, Code::Unauthenticated, "UNAUTHENTICATED", path);
            let status = world.wire.call(path, &world.root, Vec::new()).await;
            let status = status.expect_err(path);
            fault::expect(&status, Code::PermissionDenied, "PERMISSION_DENIED", path);
        }
        let health = "/grpc.health.v1.Health/Check";
        world.wire.send(health, &[], Vec::new()).await.unwrap();
    }
}
