//! Backups and restorations that are killed.

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use sea_orm::ConnectionTrait;

use super::{backup, done, postgres, run, told};
use crate::contract;

/// Number of different times at which a run is killed.
const TIMES: u32 = 8;

/// Kills a command after a time. Returns false if it had already ended.
fn kill_after(mut command: Command, time: Duration) -> bool {
    let mut process = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(time);
    process.kill().unwrap();
    process.wait().unwrap().signal() == Some(9)
}

/// Fills a database of identity with enough data that a copy takes a while.
async fn fill(url: &str) {
    let store = contract::open(url).await;
    let many = "WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 20000) \
        INSERT INTO outbox (entity, position, payload) SELECT 'e' || n, 0, 'payload' FROM many";
    store.writer().execute_unprepared(many).await.unwrap();
    store.close().await;
}

fn clear(partial: &Path) {
    if partial.exists() {
        fs::remove_dir_all(partial).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_killed_is_none_and_one_that_is_restored_is_there_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let file = format!("sqlite:{}", at("live.db").display());
    fill(&file).await;
    let begin = Instant::now();
    let whole = at("whole");
    let expected = done(
        "create",
        &whole,
        &["--store", &file, "--service", "identity"],
    );
    let took = begin.elapsed();
    let rows = &expected["services"]["identity"]["rows"];

    let (mut copies_cut, mut restorations_cut) = (0, 0);
    for moment in 1..=TIMES {
        let to = at(&format!("cut-{moment}"));
        let create = backup("create", &to, &["--store", &file, "--service", "identity"]);
        copies_cut += u32::from(kill_after(create, took * moment / TIMES));
        if to.exists() {
            done("verify", &to, &[]);
        }
        clear(&at(&format!("cut-{moment}.partial")));
    }

    for moment in 1..=TIMES {
        let path = at(&format!("restored-{moment}.db"));
        for store in [format!("sqlite:{}", path.display()), postgres()] {
            let options = ["--store", store.as_str()];
            let restore = backup("restore", &whole, &options);
            restorations_cut += u32::from(kill_after(restore, took * moment / TIMES));
            let again = run("restore", &whole, &options);
            let is_there = told(&again).contains("is not empty");
            assert!(again.status.success() || is_there, "{}", told(&again));
            let copy = at("copy");
            let copied = done(
                "create",
                &copy,
                &["--store", &store, "--service", "identity"],
            );
            assert_eq!(&copied["services"]["identity"]["rows"], rows);
            clear(&copy);
        }
    }
    assert!(
        copies_cut > 0 && restorations_cut > 0,
        "nothing was cut off"
    );
}
