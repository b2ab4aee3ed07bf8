//! Signals of tests take effect, and tests run only programs that are installed.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    process::{Child, Command},
};

use tests::{faults::Paused, signal};

use crate::reference::sources;

/// Programs that every Debian system has, or that come with Cargo.
const EVERYWHERE: [&str; 5] = ["chmod", "chown", "sh", "sha256sum", "rustc"];

fn sleeper() -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", "read line"]);
    command.stdin(std::process::Stdio::piped()).spawn().unwrap()
}

fn is_stopped(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    status.contains("State:\tT")
}

fn fails(act: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(act)).is_err()
}

#[test]
fn a_process_that_is_paused_stands_still_and_one_that_is_killed_is_gone() {
    let mut child = sleeper();
    let paused = Paused::process(child.id());
    assert!(is_stopped(child.id()));
    drop(paused);
    assert!(!is_stopped(child.id()));
    signal::kill(child.id());
    assert!(!child.wait().unwrap().success());
}

#[test]
fn a_fault_that_cannot_happen_fails_its_test() {
    let mut child = sleeper();
    let id = child.id();
    drop(child.stdin.take());
    child.wait().unwrap();
    assert!(fails(|| drop(Paused::process(id))));
    assert!(fails(|| signal::kill(id)));
    assert!(fails(|| signal::terminate(id)));
    assert!(fails(|| signal::kill_running(&mut child)));
}

#[test]
fn tests_start_no_program_that_is_neither_everywhere_nor_installed_by_their_command() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let installed = fs::read_to_string(root.join("tests/run")).unwrap();
    let mut found = 0;
    let mut files = Vec::new();
    sources(&root.join("tests"), &mut files);
    sources(&root.join("shared/testkit"), &mut files);
    for file in files
        .iter()
        .filter(|file| !file.ends_with("suite/signals.rs"))
    {
        let text = fs::read_to_string(file).unwrap();
        for rest in text.split("Command::new(\"").skip(1) {
            let program = rest.split('"').next().unwrap();
            let is_there = EVERYWHERE.contains(&program)
                || installed.contains(&format!("command -v {program} "));
            assert!(is_there, "{} starts `{program}`", file.display());
            found += 1;
        }
    }
    assert!(found > 5, "only {found} programs are found");
}
