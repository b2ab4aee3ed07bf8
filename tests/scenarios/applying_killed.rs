//! Applies a larger document while the command or the servers are killed. Running it again to the
//! end gives the same result as an uninterrupted run.

use std::{
    fmt::Write,
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use mandate_documents::{
    apply::{Facts, Options, apply, read},
    document::{Document, parse_str},
};
use tests::{Rig, Setting, program};

use crate::shared::run;

const ORGANIZATION_COUNT: usize = 3;
const RESOURCE_COUNT: usize = 300;
const MEMBER_COUNT: usize = 40;
const KILL_COUNT: u32 = 10;

/// Returns a document with three large organizations. Some entities differ from their initial
/// state.
fn text() -> String {
    let mut text = "
applications:
  - {id: desk, display_name: Desk, modules: [{id: billing, verbs: [view, edit]}],
     roles: [{id: viewer, permissions: [desk.billing.view]}]}
users:
"
    .to_owned();
    for user in 0..MEMBER_COUNT {
        let state = if user % 9 == 4 {
            "DEACTIVATED"
        } else {
            "ACTIVE"
        };
        writeln!(
            text,
            "  - {{id: u{user}, login: u{user}, given_name: U, state: {state}}}"
        )
        .unwrap();
    }
    text.push_str("organizations:\n");
    for organization in 0..ORGANIZATION_COUNT {
        writeln!(text, "  - id: o{organization}\n    display_name: O").unwrap();
        text.push_str("    entitlements: [{application: desk}]\n    units:\n");
        for unit in 0..20 {
            let parent = match unit {
                0..4 => String::new(),
                _ => format!(", parent: k{}", unit / 4),
            };
            writeln!(text, "      - {{id: k{unit}, display_name: K{parent}}}").unwrap();
        }
        text.push_str("    resources:\n");
        for resource in 0..RESOURCE_COUNT {
            let unit = resource % 20;
            writeln!(text, "      - {{id: r{resource}, type: t, unit: k{unit}}}").unwrap();
        }
        text.push_str("    memberships:\n");
        for user in 0..MEMBER_COUNT {
            let state = if user % 7 == 3 { "SUSPENDED" } else { "ACTIVE" };
            let (unit, resource) = (user % 20, user * 7);
            writeln!(
                text,
                "      - {{user: u{user}, state: {state}, grants: [{{role: desk.viewer, scope: \
                 {{units: [k{unit}], resources: [r{resource}]}}}}]}}"
            )
            .unwrap();
        }
    }
    text
}

fn document() -> Document {
    parse_str("large.yaml", &text()).unwrap()
}

/// Returns all listed entities, without times, versions and other values that differ between runs.
async fn dump(rig: &Rig) -> String {
    let mut facts: Facts = read(&[document()], &rig.root()).await.unwrap();
    macro_rules! timeless {
        ($items:expr) => {
            for item in $items.values_mut() {
                item.create_time = None;
                item.update_time = None;
                item.etag.clear();
            }
        };
    }
    timeless!(facts.applications);
    timeless!(facts.users);
    for found in facts.organizations.values_mut() {
        found.organization.create_time = None;
        found.organization.update_time = None;
        found.organization.etag.clear();
        timeless!(found.entitlements);
        timeless!(found.units);
        timeless!(found.resources);
        timeless!(found.memberships);
        timeless!(found.grants);
        found.units.values_mut().for_each(|unit| unit.uid.clear());
        let resources = found.resources.values_mut();
        resources.for_each(|resource| resource.uid.clear());
        let memberships = found.memberships.values_mut();
        memberships.for_each(|membership| membership.uid.clear());
    }
    let organizations = facts.organizations;
    format!(
        "{:#?}\n{:#?}\n{organizations:#?}",
        facts.applications, facts.users
    )
}

/// Returns the result of an uninterrupted run.
async fn uninterrupted() -> String {
    let rig = Rig::start(Setting::Sqlite).await;
    rig.apply(&text()).await;
    dump(&rig).await
}

fn assert_same(found: &str, expected: &str) {
    let difference = found.lines().zip(expected.lines()).find(|(a, b)| a != b);
    assert_eq!(difference, None);
    assert_eq!(found.len(), expected.len());
}

/// Returns the command, with a context for the installation.
fn command(rig: &Rig) -> Command {
    let folder = rig.secrets_folder();
    let [identity, membership, entitlement] = rig.urls();
    let context = serde_json::json!({
        "identity": identity,
        "membership": membership,
        "entitlement": entitlement,
        "key_file": folder.join("root.key"),
    });
    let contexts = serde_json::json!({"current": "test", "contexts": {"test": context}});
    fs::write(folder.join("contexts.json"), contexts.to_string()).unwrap();
    fs::write(folder.join("large.yaml"), text()).unwrap();
    let mut command = Command::new(program());
    command
        .env("MANDATE_CONFIG", folder.join("contexts.json"))
        .args(["apply", "-f"])
        .arg(folder.join("large.yaml"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[test]
fn s3_33_a_killed_command_is_completed_by_the_next_run() {
    run(async {
        let rig = Rig::start(Setting::Processes).await;
        let mut unfinished = 0;
        for kill in 0..KILL_COUNT {
            let mut child = command(&rig).spawn().unwrap();
            // The delay is the subject of the test: each run is interrupted at another point.
            tokio::time::sleep(Duration::from_millis(u64::from(20 + 25 * kill))).await;
            if child.try_wait().unwrap().is_none() {
                unfinished += 1;
            }
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert!(unfinished >= 3, "{unfinished} runs were cut off");
        assert!(command(&rig).status().unwrap().success());
        assert_same(&dump(&rig).await, &uninterrupted().await);
    });
}

#[test]
fn s3_33_an_apply_with_killed_servers_is_completed_by_the_next_run() {
    run(async {
        let mut rig = Rig::start(Setting::Processes).await;
        for kill in 0..3_u64 {
            let clients = rig.root();
            let work = tokio::spawn(async move {
                let document = [document()];
                apply(&document, &clients, Options::default(), &mut ()).await
            });
            tokio::time::sleep(Duration::from_millis(60 + 90 * kill)).await;
            rig.stop();
            work.abort();
            rig.resume().await;
        }
        rig.apply(&text()).await;
        assert_same(&dump(&rig).await, &uninterrupted().await);
    });
}
