//! The command line as a new user sees it.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use tempfile::TempDir;
use tests::{program, signal};

/// `mandate dev`, with a separate home.
pub struct Dev {
    server: Server,
    home: TempDir,
    printed: Vec<String>,
}

/// The server process, which is also killed when a test fails.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // The test may already have stopped the process.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Dev {
    /// Starts the server, and waits until it is ready.
    pub fn start(home: TempDir) -> Self {
        let server = Command::new(program())
            .args(["dev", "--port", "0"])
            .env("HOME", home.path())
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("MANDATE_CONFIG")
            .stdout(Stdio::piped())
            .spawn();
        let mut server = Server(server.unwrap());
        let mut printed = Vec::new();
        for line in BufReader::new(server.0.stdout.take().unwrap()).lines() {
            printed.push(line.unwrap());
            if printed.last().unwrap().starts_with("Ctrl-C") {
                break;
            }
        }
        Self {
            server,
            home,
            printed,
        }
    }

    /// Runs a command in a plain shell.
    pub fn type_in(&self, command: &str) -> Output {
        shell(self.home.path(), command)
    }

    /// Returns the home, which holds the data.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn stop(mut self) -> TempDir {
        signal::terminate(self.server.0.id());
        assert!(self.server.0.wait().unwrap().success());
        self.home
    }
}

fn shell(home: &Path, command: &str) -> Output {
    Command::new("sh")
        .args(["-c", command])
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/bin:/bin")
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Checks as of an earlier time; previews a change and makes it.
fn look_back_and_ahead(dev: &Dev, mandate: &str) {
    let right = "jan-peeters fleet.billing.edit transport-janssens/units/k2";
    let check = || text(&dev.type_in(&format!("{mandate} check {right}")));
    assert!(check().starts_with("DENY"));
    let then = prost_types::Timestamp::from(std::time::SystemTime::now());
    let change = "\
organization: transport-janssens
changes:
  - create: {subject: jan-peeters, role: fleet.full, scope: {units: [k2]}}
  - create:
      {subject: jan-peeters, role: fleet.full, scope: {units: [k1]}, condition: context.network == 'vpn'}
";
    std::fs::write(dev.home.path().join("change.yaml"), change).unwrap();
    let preview = format!(
        "{mandate} preview -f {}/change.yaml",
        dev.home.path().display()
    );
    let told = text(&dev.type_in(&preview));
    assert!(
        told.contains("+ fleet.billing.edit") && told.contains("units/k2"),
        "{told}"
    );
    assert!(
        told.contains("units/k1  if context.network == 'vpn'"),
        "{told}"
    );
    assert!(check().starts_with("DENY"), "a preview changes nothing");
    let output = dev.type_in(&format!("{preview} --apply --json"));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["differences"][0]["subject"], "users/jan-peeters");
    assert!(check().starts_with("ALLOW"));
    let past = text(&dev.type_in(&format!("{mandate} check {right} --at {then}")));
    assert!(past.starts_with("DENY"), "{past}");
    under_a_condition(dev, mandate);
    let list = format!("{mandate} list permissions jan-peeters transport-janssens/units/k2");
    let (now, past) = (
        dev.type_in(&list),
        dev.type_in(&format!("{list} --at {then}")),
    );
    let held = |output| text(output).contains("fleet.billing.edit");
    assert!(held(&now) && !held(&past));
}

/// Checks a conditional grant, with and without its context.
fn under_a_condition(dev: &Dev, mandate: &str) {
    let right = "jan-peeters fleet.billing.edit transport-janssens/units/k1";
    let ask = |command: &str, said: &str| {
        text(&dev.type_in(&format!("{mandate} {command} {right} {said}")))
    };
    let denied = ask("check", "");
    assert!(denied.starts_with("DENY  CONDITION_NOT_MET"), "{denied}");
    assert!(denied.contains("missing context: network"), "{denied}");
    assert!(ask("check", "--given network=vpn").starts_with("ALLOW"));
    let explained = ask("explain", "--given network=home");
    assert!(
        explained.contains("its condition is not met"),
        "{explained}"
    );
    let shown = format!("{mandate} access jan-peeters transport-janssens --full");
    let shown = text(&dev.type_in(&shown));
    assert!(shown.contains("if context.network == 'vpn'"), "{shown}");
}

#[test]
fn the_catalog_entitlements_roles_and_grants_are_managed_by_commands() {
    let dev = Dev::start(tempfile::tempdir().unwrap());
    let mandate = program().display().to_string();
    let json = |command: &str| -> serde_json::Value {
        let output = dev.type_in(&format!("{mandate} --json {command}"));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{command}: {told}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let says = |command: &str, what: &str| {
        let told = text(&dev.type_in(&format!("{mandate} {command}")));
        assert!(told.contains(what), "{command}: {told}");
    };
    let allows = || {
        let right = "jan-peeters fleet.billing.edit transport-janssens/units/k2";
        json(&format!("check {right}"))["effect"] == "ALLOW"
    };

    says("catalog list", "fleet");
    says("catalog show fleet", "role full: fleet.*");
    let shown = json("catalog show fleet");
    assert_eq!(shown["name"], "applications/fleet");
    let changed = "\
applications:
  - id: fleet
    display_name: Fleet
    modules: [{id: billing, display_name: Billing, verbs: [view]}]
    roles: [{id: full, display_name: Full, permissions: [fleet.billing.view]}]
";
    std::fs::write(dev.home.path().join("fleet.yaml"), changed).unwrap();
    let file = dev.home.path().join("fleet.yaml").display().to_string();
    let difference = json(&format!("catalogue diff -f {file}"));
    assert!(
        difference.to_string().contains("fleet.billing.edit"),
        "{difference}"
    );

    says("role list transport-janssens", "");
    let clerk = "role create transport-janssens fleet.clerk --permission fleet.billing.edit";
    let name = "organizations/transport-janssens/applications/fleet/roles/clerk";
    assert_eq!(json(clerk)["roles"][0]["name"], name);
    says("role list transport-janssens", name);
    let create =
        "grant create transport-janssens jan-peeters custom:fleet.clerk --unit k2 --id own";
    assert!(!allows());
    assert_eq!(json(create)["grants"][0]["role"], name);
    assert!(allows());
    let list = "grant list transport-janssens --role custom:fleet.clerk";
    assert_eq!(json(list)["grants"].as_array().unwrap().len(), 1);
    let held = dev.type_in(&format!(
        "{mandate} role delete transport-janssens fleet.clerk"
    ));
    assert_eq!(held.status.code(), Some(1));

    let suspend = "entitlement suspend transport-janssens fleet --reason payment";
    assert_eq!(json(suspend)["entitlements"][0]["reason"], "PAYMENT");
    assert!(!allows());
    json("entitlement reactivate transport-janssens fleet");
    assert!(allows());
    says("entitlement list transport-janssens", "ACTIVE");
    says("grant revoke transport-janssens own", "REVOKED");
    assert!(!allows());
    json("role delete transport-janssens fleet.clerk");
    dev.stop();
}

#[test]
fn the_commands_that_dev_prints_work() {
    let dev = Dev::start(tempfile::tempdir().unwrap());
    let commands: Vec<&String> = dev
        .printed
        .iter()
        .filter(|line| line.starts_with("  "))
        .collect();
    assert_eq!(commands.len(), 2, "{:?}", dev.printed);
    let answer = text(&dev.type_in(commands[0]));
    assert!(answer.starts_with("ALLOW"), "{answer}");
    let explained = text(&dev.type_in(commands[1]));
    assert!(
        explained.contains("Conditions") && explained.contains("✓"),
        "{explained}"
    );

    let mandate = program().display().to_string();
    let denied = "check jan-peeters fleet.billing.edit transport-janssens";
    let output = dev.type_in(&format!("{mandate} {denied}"));
    assert!(output.status.success() && text(&output).starts_with("DENY"));
    let output = dev.type_in(&format!("{mandate} {denied} --error-on-deny"));
    assert_eq!(output.status.code(), Some(3));
    let output = dev.type_in(&format!(
        "{mandate} --json access jan-peeters transport-janssens"
    ));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(json.to_string().contains("applications/fleet"), "{json}");
    for (list, row) in [
        (
            "resources jan-peeters fleet.billing.view transport-janssens",
            "organizations/transport-janssens/units/k1",
        ),
        (
            "subjects fleet.billing.view transport-janssens/units/k1",
            "users/jan-peeters",
        ),
        (
            "permissions jan-peeters transport-janssens/units/k1",
            "fleet.billing.view",
        ),
    ] {
        let output = dev.type_in(&format!("{mandate} list {list}"));
        assert!(text(&output).lines().any(|line| line == row), "{list}");
        let output = dev.type_in(&format!("{mandate} --json list {list}"));
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(json["revision"].is_i64(), "{json}");
    }
    look_back_and_ahead(&dev, &mandate);
    let output = dev.type_in(&format!("{mandate} check jan-peeters"));
    assert_eq!(output.status.code(), Some(2));

    // After a restart, the data is still there and nothing is loaded twice.
    let again = Dev::start(dev.stop());
    let answer = text(
        &again.type_in(
            again
                .printed
                .iter()
                .find(|line| line.starts_with("  "))
                .unwrap(),
        ),
    );
    assert!(answer.starts_with("ALLOW"), "{answer}");
    let home = again.stop();
    let output = shell(home.path(), &format!("{mandate} {denied}"));
    assert_eq!(output.status.code(), Some(4));
}
