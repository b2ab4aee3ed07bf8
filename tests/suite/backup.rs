//! Backups from the command line.

mod cut_short;
mod restored;
mod verified;
mod written_to;

use std::{
    path::Path,
    process::{Command, Output},
};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use testkit::Postgres;
use tests::program;

/// Creates an empty PostgreSQL database. Returns its URL.
fn postgres() -> String {
    Postgres::shared().unwrap().database().unwrap()
}

/// Returns the command `mandate backup …`, not started.
fn backup(verb: &str, folder: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(["backup", verb]).arg(folder).args(options);
    command
}

/// Runs the command to its end.
fn run(verb: &str, folder: &Path, options: &[&str]) -> Output {
    backup(verb, folder, options).output().unwrap()
}

fn told(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// Runs a command that must succeed. Returns its output as JSON.
fn done(verb: &str, folder: &Path, options: &[&str]) -> serde_json::Value {
    let output = run(verb, folder, &[options, &["--json"]].concat());
    assert!(output.status.success(), "{verb}: {}", told(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs a command that must fail. Returns its output.
fn refused(verb: &str, folder: &Path, options: &[&str]) -> String {
    let output = run(verb, folder, options);
    assert!(!output.status.success(), "{verb}: {}", told(&output));
    told(&output)
}

async fn open(url: &str) -> DatabaseConnection {
    Database::connect(url).await.unwrap()
}

async fn execute(file: &Path, statement: &str) {
    let file = open(&format!("sqlite:{}", file.display())).await;
    file.execute_unprepared(statement).await.unwrap();
    file.close().await.unwrap();
}
