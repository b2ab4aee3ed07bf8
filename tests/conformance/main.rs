//! Readers of Redis in another language, written from `docs/reference/redis.md` alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

mod live;

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Command,
};

/// What `reader.py` prints; none where there is no Python, which is said.
fn reader(arguments: &[&str]) -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/reader.py");
    let mut python = Command::new("python3");
    let ran = match python.arg(script).args(arguments).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("skipped: there is no python3");
            return None;
        }
        ran => ran.unwrap(),
    };
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{errors}");
    Some(String::from_utf8(ran.stdout).unwrap().trim().to_owned())
}

fn vectors() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    root.join("docs/reference/redis-vectors.json")
}

#[test]
fn a_reader_written_from_the_page_passes_the_cases_of_the_contract() {
    let vectors = vectors();
    if let Some(printed) = reader(&["vectors", vectors.to_str().unwrap()]) {
        assert!(printed.ends_with(" cases"), "{printed}");
    }
}
