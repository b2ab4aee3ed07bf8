//! The output of `mandate watch`, as a program reads it.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use serde_json::Value;
use tests::program;

use crate::cli::Dev;

/// Maximum time until a change is reported, and the interval at which the test repeats a change
/// because the watch may not have started yet.
const PATIENCE: Duration = Duration::from_secs(20);
const AGAIN: Duration = Duration::from_secs(1);

struct Watch {
    process: Child,
    changes: Receiver<Value>,
}

impl Watch {
    fn start(dev: &Dev, cursor: &[&str]) -> Self {
        let mut process = Command::new(program())
            .args(["watch", "transport-janssens", "--json"])
            .args(cursor)
            .env_clear()
            .env("HOME", dev.home())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (tell, changes) = mpsc::channel();
        thread::spawn(move || {
            let mut changes = lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap());
            changes.try_for_each(|change| tell.send(change))
        });
        Self { process, changes }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn changes_are_told_as_they_are_made_and_from_where_an_earlier_watch_ended() {
    let dev = Dev::start(tempfile::tempdir().unwrap());
    let mandate = program().display().to_string();
    let give = |id: usize| {
        let to = "transport-janssens jan-peeters fleet.full --unit k2";
        let given = dev.type_in(&format!("{mandate} grant create {to} --id own{id}"));
        assert!(given.status.success(), "{given:?}");
    };
    let watch = Watch::start(&dev, &[]);
    let told = (0..20).find_map(|id| {
        give(id);
        watch.changes.recv_timeout(AGAIN).ok()
    });
    let told = told.unwrap();
    assert_eq!(told["kind"], "MEMBER");
    assert_eq!(told["subject"], "users/jan-peeters");
    // Changes from before the end of the watch may still arrive.
    let told = watch.changes.try_iter().last().unwrap_or(told);
    drop(watch);

    give(100);
    let cursor = told["cursor"].as_str().unwrap();
    let watch = Watch::start(&dev, &["--cursor", cursor]);
    let next = watch.changes.recv_timeout(PATIENCE).unwrap();
    assert!(next["revision"].as_i64() > told["revision"].as_i64());
    drop(watch);
    dev.stop();
}
