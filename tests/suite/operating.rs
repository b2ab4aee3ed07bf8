//! The commands for operators: their results, exit codes, and behaviour when an output file or a
//! service is unavailable.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, process::Output};

use api::Peer;
use mandate_server::{PeerKeys, Secrets};
use serde_json::Value;
use tests::program;

use crate::cli::Dev;

fn dev() -> Dev {
    Dev::start(tempfile::tempdir().unwrap())
}

/// Runs a command, with `$M` for the program and `$H` for the home.
fn type_in(dev: &Dev, command: &str) -> Output {
    let program = program().display().to_string();
    let home = dev.home().display().to_string();
    dev.type_in(&command.replace("$M", &program).replace("$H", &home))
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a command that must succeed, and returns its output.
fn says(dev: &Dev, command: &str) -> String {
    let output = type_in(dev, command);
    assert!(output.status.success(), "{command}: {}", err(&output));
    out(&output)
}

fn json(dev: &Dev, command: &str) -> Value {
    serde_json::from_str(&says(dev, command)).unwrap()
}

const ALLOWED_QUESTION: &str = "jan-peeters fleet.billing.view transport-janssens/units/k1";

#[test]
fn one_command_creates_a_key_with_which_a_backend_can_check() {
    let dev = dev();
    let make = "$M service-account create billing --can check --organizations all";
    let key = says(
        &dev,
        &format!("{make} > $H/billing.key && cat $H/billing.key"),
    );
    assert!(key.starts_with("mk_") && key.lines().count() == 1, "{key}");
    let add = "$M context add billing --url http://$(cat $H/.config/mandate/contexts.json | \
               grep -o '127.0.0.1:[0-9]*' | head -1) --key-file $H/billing.key";
    says(&dev, add);
    assert!(says(&dev, &format!("$M check {ALLOWED_QUESTION}")).starts_with("ALLOW"));
    // The account may send checks, but manages nothing.
    let refused = type_in(&dev, "$M grant revoke transport-janssens jan-k1");
    assert_eq!(refused.status.code(), Some(1), "{}", err(&refused));
    // An account for some organizations only, with its key in a separate file.
    says(&dev, "$M context use dev");
    let some = "$M --json service-account create fleet --can fleet.viewer \
                --organizations transport-janssens --key-file $H/fleet.key";
    let made = json(&dev, some);
    assert_eq!(made["grants"].as_array().unwrap().len(), 1, "{made}");
    assert!(made["secret"].is_null());
    let file = dev.home().join("fleet.key");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(fs::read_to_string(&file).unwrap().starts_with("mk_"));
    dev.stop();
}

#[test]
fn a_key_that_cannot_be_written_is_an_error() {
    let dev = dev();
    let make = "$M service-account create lost --can check --organizations all > /dev/full";
    let output = type_in(&dev, make);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("the key is lost"), "{}", err(&output));
    dev.stop();
}

#[test]
fn one_command_creates_all_secrets_of_the_services() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("secrets");
    let init = || {
        let mut command = std::process::Command::new(program());
        let output = command.args(["secrets", "init"]).arg(&folder).output();
        output.unwrap()
    };
    assert!(init().status.success());
    let mode = fs::metadata(&folder).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let root = fs::read(folder.join("root.key")).unwrap();
    Secrets::read(&folder).unwrap();
    for peer in Peer::ALL {
        PeerKeys::read(&folder, peer).unwrap();
    }
    // A second run leaves the secrets unchanged.
    let again = init();
    assert!(again.status.success() && out(&again).contains("token.key"));
    assert_eq!(fs::read(folder.join("root.key")).unwrap(), root);
}

#[test]
fn a_new_context_needs_a_free_name_and_existing_files() {
    let dev = dev();
    let add = "$M context add other --url http://127.0.0.1:9 --key-file";
    let absent = type_in(&dev, &format!("{add} $H/nowhere"));
    assert_eq!(absent.status.code(), Some(2), "{}", err(&absent));
    says(&dev, "echo mk_x > $H/key");
    says(&dev, &format!("{add} $H/key"));
    let shown = json(&dev, "$M --json context show");
    assert_eq!(shown["name"], "other");
    assert_eq!(shown["context"]["membership"], "http://127.0.0.1:9");
    let taken = type_in(&dev, &format!("{add} $H/key"));
    assert_eq!(taken.status.code(), Some(2));
    says(&dev, &format!("{add} $H/key --replace"));
    // A certificate authority is required to authenticate the service.
    let add = "$M context add tls --url https://127.0.0.1:9 --key-file $H/key";
    assert_eq!(type_in(&dev, add).status.code(), Some(2));
    dev.stop();
}

#[test]
fn a_list_of_grants_shows_start_and_condition() {
    let dev = dev();
    let give = "$M grant create transport-janssens jan-peeters fleet.full --unit k1 --id own \
                --condition 'context.network == \"vpn\"' --start 2031-01-01T00:00:00Z";
    says(&dev, give);
    let list = says(
        &dev,
        "$M grant list transport-janssens --subject jan-peeters",
    );
    let row = list.lines().find(|line| line.starts_with("own ")).unwrap();
    assert!(row.contains("2031-01-01T00:00:00Z"), "{row}");
    assert!(row.ends_with("context.network == \"vpn\""), "{row}");
    let list = json(
        &dev,
        "$M --json grant list transport-janssens --subject jan-peeters",
    );
    let grants = list["grants"].as_array().unwrap();
    let own = grants
        .iter()
        .find(|own| own["name"].as_str().unwrap().ends_with("/own"));
    assert_eq!(own.unwrap()["condition"], "context.network == \"vpn\"");
    dev.stop();
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    let dev = dev();
    for command in [
        format!("check {ALLOWED_QUESTION}"),
        format!("--json explain {ALLOWED_QUESTION}"),
        "list subjects fleet.billing.view transport-janssens".to_owned(),
        "grant list transport-janssens".to_owned(),
        "context list".to_owned(),
        "version".to_owned(),
        "--version".to_owned(),
        "completion bash".to_owned(),
    ] {
        let output = type_in(&dev, &format!("$M {command} > /dev/full"));
        assert_eq!(output.status.code(), Some(1), "{command}: {}", err(&output));
        assert!(
            err(&output).contains("written"),
            "{command}: {}",
            err(&output)
        );
        // A reader that closes the pipe early is not an error.
        let read = format!("($M {command}; echo $? > $H/code) | true; cat $H/code");
        assert_eq!(says(&dev, &read).trim(), "0", "{command}");
    }
    dev.stop();
}

#[test]
fn a_watch_ends_when_its_reader_does() {
    let dev = dev();
    // There are no further changes, so that only the closed pipe can end the command.
    let watch =
        "(timeout 20 $M watch transport-janssens; echo $? > $H/code) | sleep 1; cat $H/code";
    assert_eq!(says(&dev, watch).trim(), "0");
    dev.stop();
}

const SEPARATION_DOCUMENT: &str = "
applications:
  - id: ledger
    display_name: Ledger
    modules: [{id: m, verbs: [pay, book]}]
    roles: [{id: pays, permissions: [ledger.m.pay]}, {id: books, permissions: [ledger.m.book]}]
    separations: [[pays, books]]
organizations:
  - {id: transport-janssens, display_name: Transport Janssens, entitlements: [{application: ledger}]}
";

#[test]
fn a_preview_with_a_conflict_exits_with_3() {
    let dev = dev();
    fs::write(dev.home().join("apart.yaml"), SEPARATION_DOCUMENT).unwrap();
    says(&dev, "$M apply -f $H/apart.yaml");
    let changes = "organization: transport-janssens\nchanges:\n\
                   - create: {subject: jan-peeters, role: ledger.pays, scope: ALL}\n\
                   - create: {subject: jan-peeters, role: ledger.books, scope: ALL}\n";
    fs::write(dev.home().join("both.yaml"), changes).unwrap();
    for apply in ["", " --apply"] {
        let output = type_in(&dev, &format!("$M preview -f $H/both.yaml{apply}"));
        assert_eq!(output.status.code(), Some(3), "{}", err(&output));
        assert!(
            out(&output).contains("exclude each other"),
            "{}",
            out(&output)
        );
    }
    let one = changes.lines().take(3).collect::<Vec<_>>().join("\n");
    fs::write(dev.home().join("one.yaml"), one).unwrap();
    says(&dev, "$M preview -f $H/one.yaml --apply");
    dev.stop();
}

#[test]
fn an_unanswered_call_exits_with_4() {
    let dev = dev();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let add = format!("$M context add silent --url http://{address} --key-file $H/key");
    says(&dev, &format!("echo mk_x > $H/key; {add}"));
    let output = type_in(&dev, &format!("timeout 60 $M check {ALLOWED_QUESTION}"));
    assert_eq!(output.status.code(), Some(4), "{}", err(&output));
    dev.stop();
}

#[test]
fn a_truncated_export_can_be_resumed() {
    let dev = dev();
    says(&dev, "$M audit export $H/whole.jsonl");
    let whole = fs::read_to_string(dev.home().join("whole.jsonl")).unwrap();
    assert!(whole.lines().count() > 100);
    let verify = "$M audit verify --secrets $H/.local/share/mandate";
    says(&dev, &format!("{verify} $H/whole.jsonl"));
    // The cuts fall at arbitrary bytes, also within a line.
    for (part, of) in [(0, 4), (1, 4), (3, 4), (4, 4)] {
        let cut = &whole.as_bytes()[..whole.len() * part / of];
        fs::write(dev.home().join("cut.jsonl"), cut).unwrap();
        let taken = type_in(&dev, "$M audit export $H/cut.jsonl");
        assert_eq!(taken.status.code(), Some(2), "{}", err(&taken));
        assert!(err(&taken).contains("--resume"), "{}", err(&taken));
        says(&dev, "$M audit export --resume $H/cut.jsonl");
        says(
            &dev,
            &format!("{verify} $H/cut.jsonl --anchor $H/whole.jsonl"),
        );
    }
    dev.stop();
}

#[test]
fn a_misspelt_organization_gets_a_suggestion() {
    let dev = dev();
    for (command, code) in [
        ("grant list transprot-janssens", 0),
        ("audit list transprot-janssens", 1),
        (
            "check jan-peeters fleet.billing.view transprot-janssens/units/k1",
            0,
        ),
    ] {
        let output = type_in(&dev, &format!("timeout 20 $M {command}"));
        let told = err(&output);
        let hint = "there is no organization `transprot-janssens`; there is `transport-janssens`";
        assert!(told.contains(hint), "{command}: {told}");
        assert_eq!(output.status.code(), Some(code), "{command}");
    }
    dev.stop();
}

#[test]
fn an_apply_reports_refusals_and_completed_changes_as_json() {
    let dev = dev();
    let wrong = SEPARATION_DOCUMENT.replace(
        "organizations:\n",
        "users: [{id: bad, login: jan.peeters, given_name: B}]\norganizations:\n",
    );
    fs::write(dev.home().join("wrong.yaml"), wrong).unwrap();
    for dry in ["", "--dry-run"] {
        let output = type_in(&dev, &format!("$M --json apply -f $H/wrong.yaml {dry}"));
        assert_eq!(output.status.code(), Some(1), "{}", err(&output));
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        let problem = &told["problems"][0];
        assert!(
            problem["file"].as_str().unwrap().ends_with("wrong.yaml"),
            "{told}"
        );
        assert_eq!(
            (&problem["line"], &problem["field"]),
            (&8.into(), &"users[0].login".into())
        );
        assert!(
            problem["message"]
                .as_str()
                .unwrap()
                .starts_with("LOGIN_TAKEN"),
            "{told}"
        );
        assert_eq!(told["done"], Value::Array(Vec::new()), "{told}");
    }
    dev.stop();
}
