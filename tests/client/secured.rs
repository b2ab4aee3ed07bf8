//! Redis as the documentation recommends: over TLS, with the users and rules that the command
//! prints.

use std::{env, path::Path, process::Command};

use mandate_client::Client;
use tests::{
    Authority, Rig, Setting,
    faults::{Cluster, RedisServer, Watched},
    program,
};

use crate::{network::eventually, world::World};

/// Environment variable of the process that trusts the authority: the folder with the certificate
/// of Redis.
const TLS_FOLDER_VARIABLE: &str = "MANDATE_TEST_REDIS_TLS";

#[test]
fn k_q_over_tls_the_printed_users_suffice_and_readers_can_only_read() {
    trusting(
        "k_q_over_tls_the_printed_users_suffice_and_readers_can_only_read",
        async |folder| {
            let redis = RedisServer::start_secured(folder, "");
            Box::pin(share(&redis.url(), [&redis])).await;
            assert_can_do_nothing_else(&redis);
        },
    );
}

#[test]
fn over_tls_each_master_that_sentinel_names_serves_its_users() {
    trusting(
        "over_tls_each_master_that_sentinel_names_serves_its_users",
        async |folder| {
            let watched = Watched::start_secured(folder);
            let (world, client) = Box::pin(share(&watched.url(), watched.nodes())).await;
            watched.fail_over();
            all_are_there(&world, &client).await;
        },
    );
}

#[test]
fn over_tls_every_node_of_a_cluster_serves_its_users() {
    trusting(
        "over_tls_every_node_of_a_cluster_serves_its_users",
        async |folder| {
            let cluster = Cluster::start_secured(folder);
            Box::pin(share(&cluster.url(), cluster.nodes())).await;
        },
    );
}

/// Runs a test in a process that trusts the authority of the certificate in a folder. The trusted
/// authorities of a process depend on its environment.
fn trusting(test: &str, body: impl AsyncFnOnce(&Path)) {
    if let Some(folder) = env::var_os(TLS_FOLDER_VARIABLE) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(body(Path::new(&folder)));
    }
    let folder = tempfile::tempdir().unwrap();
    let issued = Authority::default().issue_into(folder.path(), "127.0.0.1");
    let mut again = Command::new(env::current_exe().unwrap());
    again.args([&format!("secured::{test}"), "--exact"]);
    again.env("SSL_CERT_FILE", issued.authority);
    again.env(TLS_FOLDER_VARIABLE, folder.path());
    let output = again.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("1 passed"), "{told}");
}

/// Runs services and a client as the printed users, until all decisions are shared.
async fn share<'a>(url: &str, nodes: impl IntoIterator<Item = &'a RedisServer>) -> (World, Client) {
    let by = |user: &str| url.replacen("://", &format!("://{user}:secret@"), 1);
    let rig = Rig::with_redis(Setting::Postgres, by("mandate")).await;
    let rules = rules(&rig);
    for node in nodes {
        for rule in &rules {
            node.ask(rule, "+OK");
        }
    }
    let world = World::on(rig).await;
    let client = world.reader(&by("mandate-reader"));
    all_are_there(&world, &client).await;
    (world, client)
}

async fn all_are_there(world: &World, client: &Client) {
    eventually("all decisions are in Redis", async || {
        let before = client.counts().redis;
        world.compare(client).await;
        client.counts().redis - before == 32
    })
    .await;
}

/// Asserts that neither user can harm other systems on the server.
fn assert_can_do_nothing_else(redis: &RedisServer) {
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
        refuses(redis, "mandate", command);
        refuses(redis, "mandate-reader", command);
    }
    for command in [
        "SET $ 1",
        "GETDEL $",
        "DEL $",
        "EXPIRE $ 1",
        "EVAL 'return 1' 1 $",
    ] {
        refuses(redis, "mandate-reader", &command.replace('$', key));
    }
}

/// Returns the output of `mandate redis-users`, with passwords.
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
