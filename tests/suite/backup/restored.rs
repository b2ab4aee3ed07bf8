//! A restored installation equals the original, for every combination of database engines.

use std::fs;

use serde_json::Value;

use super::{done, postgres, refused};
use crate::cli::Dev;

/// Returns the number of rows of each table, by service.
fn rows(manifest: &Value) -> Vec<&Value> {
    let services = ["identity", "membership", "entitlement"];
    services
        .map(|name| &manifest["services"][name]["rows"])
        .into()
}

#[test]
fn a_backup_of_either_kind_of_database_is_restored_into_both() {
    let check = "check jan-peeters fleet.billing.view transport-janssens/resources/+32470000001";
    let mandate = tests::program().display().to_string();
    let dev = Dev::start(tempfile::tempdir().unwrap());
    assert!(dev.type_in(&format!("{mandate} {check}")).status.success());
    let home = dev.stop();
    let data = home.path().join(".local/share/mandate");
    for name in ["identity", "membership", "entitlement"] {
        let log = data.join(format!("{name}.db-wal"));
        assert!(
            fs::metadata(&log).map_or(0, |found| found.len()) == 0,
            "the file of {name} alone is incomplete"
        );
    }

    let secrets = data.display().to_string();
    let files = format!("sqlite:{secrets}");
    let [one, two] = ["one", "two"].map(|name| home.path().join(name));
    let of_files = done("create", &one, &["--store", &files]);
    done("verify", &one, &["--secrets", &secrets]);
    let server = postgres();
    done("restore", &one, &["--store", &server]);
    let of_server = done("create", &two, &["--store", &server]);
    done("verify", &two, &["--secrets", &secrets]);
    assert_eq!(rows(&of_files), rows(&of_server));
    let applications = &of_files["services"]["entitlement"]["rows"]["applications"];
    assert!(applications.as_u64().unwrap() > 0, "{of_files}");

    // From PostgreSQL into PostgreSQL, and from both into files.
    let other = postgres();
    done("restore", &two, &["--store", &other]);
    for (from, name) in [(&one, "files"), (&two, "server")] {
        let to = format!("sqlite:{}", home.path().join(name).display());
        done("restore", from, &["--store", &to]);
        let again = home.path().join(format!("{name}-again"));
        let again = done("create", &again, &["--store", &to]);
        assert_eq!(rows(&of_files), rows(&again));
    }

    // The restored installation gives the same answers, in another epoch.
    for name in ["identity", "membership", "entitlement"] {
        let file = data.join(format!("{name}.db"));
        fs::remove_file(&file).unwrap();
    }
    done("restore", &one, &["--store", &files]);
    let dev = Dev::start(home);
    let answer = dev.type_in(&format!("{mandate} {check}"));
    assert!(String::from_utf8_lossy(&answer.stdout).starts_with("ALLOW"));
    let home = dev.stop();
    let three = home.path().join("three");
    let of_begun = done("create", &three, &["--store", &files]);
    for name in ["identity", "membership", "entitlement"] {
        let epoch = |manifest: &Value| manifest["services"][name]["epoch"].as_i64().unwrap();
        assert!(epoch(&of_begun) > epoch(&of_files), "{name}");
    }
}

#[test]
fn nothing_is_restored_over_what_is_there() {
    let dev = Dev::start(tempfile::tempdir().unwrap());
    let home = dev.stop();
    let data = home.path().join(".local/share/mandate");
    let files = format!("sqlite:{}", data.display());
    let one = home.path().join("one");
    done("create", &one, &["--store", &files]);
    let server = postgres();
    done("restore", &one, &["--store", &server]);
    fs::remove_file(data.join("identity.db")).unwrap();
    fs::write(data.join("membership.db"), "another").unwrap();
    for store in [&files, &server] {
        let refusal = refused("restore", &one, &["--store", store]);
        assert!(refusal.contains("is not empty"), "{refusal}");
    }
    assert!(
        !data.join("identity.db").exists(),
        "a refused restoration writes nothing"
    );
    assert_eq!(fs::read(data.join("membership.db")).unwrap(), b"another");
    let refusal = refused("create", &one, &["--store", &files]);
    assert!(refusal.contains("exists"), "{refusal}");
}
