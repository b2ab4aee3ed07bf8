//! Readers of Redis in another language, written from `docs/reference/redis.md` alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod live;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Returns the output of `reader.py`.
fn reader(arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/reader.py");
    let mut python = Command::new("python3");
    let ran = python.arg(script).args(arguments).output();
    let ran = ran.expect("python3, which tests/run installs");
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{errors}");
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

fn vectors() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    root.join("docs/reference/redis-vectors.json")
}

#[test]
fn a_reader_written_from_the_page_passes_the_cases_of_the_contract() {
    let vectors = vectors();
    let printed = reader(&["vectors", vectors.to_str().unwrap()]);
    assert!(printed.ends_with(" cases"), "{printed}");
}
