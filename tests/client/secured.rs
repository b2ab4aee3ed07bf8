//! Redis as an operator is told to run it: over TLS, with the users whose rules are printed.

use std::{env, fs, path::Path, process::Command};

use tests::{Rig, Setting, faults::RedisServer, program};

use crate::{network::eventually, tls::Authority, world::World};

/// Set in the process that trusts the authority, to the folder with the certificate of Redis.
const FOLDER: &str = "MANDATE_TEST_REDIS_TLS";
const TEST: &str =
    "secured::k_q_over_tls_the_users_that_are_printed_suffice_and_readers_can_do_nothing_else";

#[test]
fn k_q_over_tls_the_users_that_are_printed_suffice_and_readers_can_do_nothing_else() {
    if let Some(folder) = env::var_os(FOLDER) {
        return trusted(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let (certificate, key) = authority.issue("127.0.0.1");
    let file = |name: &str| folder.path().join(name);
    fs::write(file("ca.crt"), authority.pem()).unwrap();
    fs::write(file("tls.crt"), certificate).unwrap();
    fs::write(file("tls.key"), key).unwrap();
    // Whom a process trusts is told by its environment, so the test goes on in one of its own.
    let mut again = Command::new(env::current_exe().unwrap());
    again.args([TEST, "--exact"]);
    again.env("SSL_CERT_FILE", file("ca.crt"));
    again.env(FOLDER, folder.path());
    assert!(again.status().unwrap().success());
}

#[tokio::main]
async fn trusted(folder: &Path) {
    let port = testkit::free_port().unwrap();
    let redis = RedisServer::start_with(&format!(
        "--tls-port {port} --tls-auth-clients no --tls-cert-file '{0}/tls.crt' \
         --tls-key-file '{0}/tls.key' --tls-ca-cert-file '{0}/ca.crt'",
        folder.display()
    ));
    let url = |user: &str| format!("rediss://{user}:secret@127.0.0.1:{port}");
    let rig = Rig::with_redis(Setting::Postgres, url("mandate")).await;
    for rule in rules(&rig) {
        redis.ask(&rule, "+OK");
    }
    let world = World::on(rig).await;
    let client = world.reader(&url("mandate-reader"));
    eventually("all are in Redis", async || {
        let before = client.counts().redis;
        world.compare(&client).await;
        client.counts().redis - before == 32
    })
    .await;

    let key = redis.ask("RANDOMKEY", "mandate:");
    let key = key.lines().last().unwrap();
    let others = [
        "KEYS *",
        "GET other",
        "SET other 1",
        "FLUSHALL",
        "CONFIG GET *",
        "ACL LIST",
        "PUBLISH a b",
    ];
    for command in others {
        refuses(&redis, "mandate", command);
        refuses(&redis, "mandate-reader", command);
    }
    for command in [
        "SET $ 1",
        "GETDEL $",
        "DEL $",
        "EXPIRE $ 1",
        "EVAL 'return 1' 1 $",
    ] {
        refuses(&redis, "mandate-reader", &command.replace('$', key));
    }
}

/// What `mandate redis-users` prints, with passwords.
fn rules(rig: &Rig) -> Vec<String> {
    let mut command = Command::new(program());
    command.args(["redis-users", "--secrets"]);
    let printed = command.arg(rig.secrets_folder()).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let rules = printed.lines().filter(|line| line.starts_with("ACL"));
    rules
        .map(|rule| rule.replace(" on ", " on >secret "))
        .collect()
}

fn refuses(redis: &RedisServer, user: &str, command: &str) {
    redis.ask(&format!("AUTH {user} secret\r\n{command}"), "NOPERM");
}
