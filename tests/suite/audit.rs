//! The audit log from the command line: listed, exported and verified offline.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use mandate_server::Secrets;
use tests::program;

use crate::cli::Dev;

/// Writes a copy without some lines beside the original. Returns its path.
fn without(copy: &Path, name: &str, taken: impl Fn(usize, &str) -> bool) -> String {
    let text = fs::read_to_string(copy).unwrap();
    let lines = text.lines().enumerate();
    let left: Vec<&str> = lines
        .filter(|(index, line)| !taken(*index, line))
        .map(|(_, line)| line)
        .collect();
    let path = copy.with_extension(name);
    fs::write(&path, left.join("\n")).unwrap();
    path.display().to_string()
}

fn output_text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[test]
fn j1_a_copy_of_the_log_is_verified_without_a_server() {
    let dev = Dev::start(tempfile::tempdir().unwrap());
    let mandate = program().display().to_string();
    let listed = dev.type_in(&format!("{mandate} audit list transport-janssens"));
    let listed = output_text(&listed);
    assert!(
        listed.contains("BatchCreateGrants") && listed.contains("serviceAccounts/root"),
        "{listed}"
    );

    let early = dev.home().join("early.jsonl");
    let copy = dev.home().join("copy.jsonl");
    for file in [&early, &copy] {
        let exported = dev.type_in(&format!("{mandate} audit export {}", file.display()));
        assert!(exported.status.success(), "{}", output_text(&exported));
    }
    let forgotten = dev.type_in(&format!("{mandate} audit forget jan-peeters"));
    assert!(forgotten.status.success(), "{}", output_text(&forgotten));
    let secrets = dev.home().join(".local/share/mandate");
    let verify = |file: &str, anchor: &Path| {
        let (anchor, secrets) = (anchor.display(), secrets.display());
        dev.type_in(&format!(
            "{mandate} audit verify {file} --anchor {anchor} --secrets {secrets}"
        ))
    };
    let whole = copy.display().to_string();
    let held = verify(&whole, &early);
    assert!(
        held.status.success() && output_text(&held).contains("hold"),
        "{}",
        output_text(&held)
    );

    // A line missing in the middle; a line missing at the end, which only an anchor reveals; the
    // anchor missing as well; a whole service missing.
    let of = |line: &str| line.contains("\"membership\"");
    let anchor = |line: &str| line.contains("\"anchor\"");
    let text = fs::read_to_string(&copy).unwrap();
    let last = text
        .lines()
        .position(|line| of(line) && anchor(line))
        .unwrap()
        - 1;
    for (what, altered) in [
        (
            "was written there",
            without(&copy, "one", |index, _| index == last - 1),
        ),
        ("are left", without(&copy, "two", |index, _| index == last)),
        (
            "are left",
            without(&copy, "three", |index, line| {
                index == last || of(line) && anchor(line)
            }),
        ),
        ("are left", without(&copy, "four", |_, line| of(line))),
    ] {
        let broken = verify(&altered, &copy);
        let said = output_text(&broken);
        assert_eq!(broken.status.code(), Some(1), "{said}");
        assert!(said.contains("membership") && said.contains(what), "{said}");
    }
    dev.stop();
}

#[test]
fn decisions_about_a_subject_are_found_in_all_files() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = Secrets::read_or_make(folder.path()).unwrap();
    let line = |subject: &str, revision: u32| {
        let subject = entitlement::mask(&secrets.sealer, subject);
        format!(
            r#"{{"time_ms":7,"subject":"{subject}","reason":"NO_GRANT","revision":{revision}}}"#
        )
    };
    let (jan, ann) = ("users/jan", "users/ann");
    let log = folder.path().join("decisions.jsonl");
    let newer = [
        line(ann, 3),
        line(jan, 4),
        r#"{"time_ms":8,"dropped":9}"#.to_owned(),
    ];
    fs::write(&log, newer.join("\n")).unwrap();
    let older = folder.path().join("decisions.jsonl.1");
    fs::write(older, [line(jan, 1), line(ann, 2)].join("\n")).unwrap();
    let found = Command::new(program())
        .args([
            "audit",
            "decisions",
            "--json",
            "--subject",
            "jan",
            "--secrets",
        ])
        .args([folder.path(), &log])
        .output()
        .unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    assert_eq!(
        found.lines().collect::<Vec<_>>(),
        [&line(jan, 1), &newer[1], &newer[2]]
    );
}
