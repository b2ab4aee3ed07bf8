//! Verification detects every fault of a backup.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{done, execute, refused};
use crate::cli::Dev;

/// Copies a backup, to be damaged.
fn copy(of: &Path, name: &str) -> PathBuf {
    let folder = of.with_extension(name);
    fs::create_dir(&folder).unwrap();
    for file in fs::read_dir(of).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    folder
}

/// Updates a manifest to match the files of its folder.
fn correct(folder: &Path, service: &str, rows: &str, less: u64) {
    let path = folder.join("manifest.json");
    let mut manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let copied = &mut manifest["services"][service];
    let digest = std::process::Command::new("sha256sum")
        .arg(folder.join(format!("{service}.db")))
        .output()
        .unwrap();
    let digest = String::from_utf8(digest.stdout).unwrap();
    copied["sha256"] = digest.split(' ').next().unwrap().into();
    let count = copied["rows"][rows].as_u64().unwrap();
    copied["rows"][rows] = (count - less).into();
    fs::write(&path, manifest.to_string()).unwrap();
}

#[tokio::test]
async fn what_is_missing_altered_or_cut_off_in_a_backup_is_found() {
    let home = Dev::start(tempfile::tempdir().unwrap()).stop();
    let secrets = home.path().join(".local/share/mandate");
    let secrets = secrets.display().to_string();
    let whole = home.path().join("whole");
    done("create", &whole, &["--store", &format!("sqlite:{secrets}")]);
    let found = |folder: &Path| refused("verify", folder, &["--secrets", &secrets]);

    let flipped = copy(&whole, "flipped");
    let file = flipped.join("membership.db");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    let told = found(&flipped);
    assert!(
        told.contains("membership") && told.contains("not the file"),
        "{told}"
    );

    let missing = copy(&whole, "missing");
    fs::remove_file(missing.join("entitlement.db")).unwrap();
    assert!(found(&missing).contains("entitlement.db"));
    fs::remove_file(missing.join("manifest.json")).unwrap();
    assert!(found(&missing).contains("no backup"));

    // An attacker may be able to correct the manifest, too.
    let cut = copy(&whole, "cut");
    let last = "DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)";
    execute(&cut.join("membership.db"), last).await;
    assert!(found(&cut).contains("not the file"));
    correct(&cut, "membership", "audit", 0);
    assert!(found(&cut).contains("does not hold the rows"));
    correct(&cut, "membership", "audit", 1);
    let told = found(&cut);
    assert!(told.contains("are left"), "{told}");
    // The command restores none of them and leaves nothing behind.
    let to = home.path().join("to");
    let store = format!("sqlite:{}", to.display());
    for folder in [&flipped, &missing] {
        refused("restore", folder, &["--store", &store]);
        assert!(!to.exists());
    }
}
