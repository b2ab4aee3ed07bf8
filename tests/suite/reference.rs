//! The generated pages of the reference are up to date. `MANDATE_WRITE_REFERENCE=1` writes them.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use prost_reflect::DescriptorPool;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn hold(page: &str, text: &str) {
    let path = root().join("docs/reference").join(page);
    if env::var_os("MANDATE_WRITE_REFERENCE").is_some() {
        fs::write(&path, text).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "docs/reference/{page} is out of date: MANDATE_WRITE_REFERENCE=1 tests/run -p tests --test suite reference"
    );
}

#[test]
fn the_errors_page_lists_every_reason() {
    let pool = DescriptorPool::decode(api::DESCRIPTORS).unwrap();
    let mut text = String::from(
        "# Errors\n\nEvery error carries `google.rpc.ErrorInfo` with one of these reasons. \
         Its `metadata` has the variable parts of the message, by their kind: `user`, `role`, \
         `application`, `permission`, `subject`, `place`, `name`, `state`, `limit`, `field` and the \
         like. Generated from the protobuf files.\n",
    );
    for reason in pool
        .all_enums()
        .filter(|found| found.name() == "ErrorReason")
    {
        let file = reason.parent_file();
        let package = file.package_name();
        let _ = writeln!(text, "\n## {package}");
        let locations = &file
            .file_descriptor_proto()
            .source_code_info
            .as_ref()
            .unwrap()
            .location;
        for (index, value) in reason.values().enumerate().skip(1) {
            let index = i32::try_from(index).unwrap();
            // The path of the value's comment: the first enum of the file, the value at this index.
            let location = locations
                .iter()
                .find(|location| location.path == [5, 0, 2, index]);
            let comment = location
                .map(prost_reflect::prost_types::source_code_info::Location::leading_comments)
                .unwrap_or_default();
            let name = value.name().trim_start_matches("ERROR_REASON_").to_owned();
            let words: Vec<&str> = comment.split_whitespace().collect();
            let _ = writeln!(text, "\n### {name}\n\n{}", words.join(" "));
        }
    }
    hold("errors.md", &text);
}

/// Without a test that requires it, a reason could silently change.
#[test]
fn every_declared_reason_appears_in_a_test() {
    let pool = DescriptorPool::decode(api::DESCRIPTORS).unwrap();
    let mut demanded = BTreeSet::new();
    let mut files = Vec::new();
    sources(&root().join("tests"), &mut files);
    for file in files {
        let text = fs::read_to_string(file).unwrap();
        let words = text.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
        demanded.extend(words.map(str::to_owned));
    }
    let reasons = pool
        .all_enums()
        .filter(|found| found.name() == "ErrorReason");
    for reason in reasons.flat_map(|found| found.values().collect::<Vec<_>>()) {
        let name = reason.name().trim_start_matches("ERROR_REASON_");
        assert!(name == "UNSPECIFIED" || demanded.contains(name), "{name}");
    }
}

/// The highest number in each group of scenarios and of attacks in the specification.
const SCENARIOS: [(&str, u32); 5] = [("S0", 29), ("S1", 36), ("S2", 33), ("S3", 48), ("S4", 35)];
const ATTACKS: [(&str, u32); 10] = [
    ("A", 14),
    ("B", 11),
    ("C", 9),
    ("D", 8),
    ("E", 8),
    ("F", 4),
    ("G", 2),
    ("H", 4),
    ("I", 3),
    ("J", 3),
];

fn ids() -> Vec<String> {
    let scenarios = SCENARIOS
        .iter()
        .flat_map(|(group, last)| (1..=*last).map(move |number| format!("{group}-{number}")));
    let attacks = ATTACKS
        .iter()
        .flat_map(|(group, last)| (1..=*last).map(move |number| format!("{group}{number}")));
    let caches = ('a'..='w').map(|letter| format!("K-{letter}"));
    scenarios.chain(attacks).chain(caches).collect()
}

/// Returns the ids in the name of a test: `s0_18_s0_19_k_a_f3_what_is_held` holds four.
fn ids_in(name: &str, known: &BTreeSet<String>) -> Vec<String> {
    let words: Vec<&str> = name.split('_').collect();
    let mut found = Vec::new();
    let mut rest = words.as_slice();
    loop {
        let pair = rest
            .get(..2)
            .map(|pair| format!("{}-{}", pair[0].to_uppercase(), pair[1]));
        let single = rest.first().map(|word| word.to_uppercase());
        match (pair, single) {
            (Some(pair), _) if known.contains(&pair) => {
                found.push(pair);
                rest = &rest[2..];
            }
            (_, Some(single)) if known.contains(&single) => {
                found.push(single);
                rest = &rest[1..];
            }
            _ => return found,
        }
    }
}

pub fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" {
            sources(&path, into);
        } else if path.extension().is_some_and(|found| found == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn the_coverage_page_lists_the_tests_of_every_id() {
    let known: BTreeSet<String> = ids().into_iter().collect();
    let mut tested: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut files = Vec::new();
    for folder in ["services", "shared", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    files.sort();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let place = path.strip_prefix(root()).unwrap().display().to_string();
        for line in text.lines() {
            let line = line.trim_start().trim_start_matches("async ");
            let Some(name) = line.strip_prefix("fn ") else {
                continue;
            };
            let name = name.split('(').next().unwrap();
            for id in ids_in(name, &known) {
                tested
                    .entry(id)
                    .or_default()
                    .insert(format!("`{name}` in `{place}`"));
            }
        }
    }
    let mut text = String::from(
        "# Coverage\n\nThe tests of each acceptance scenario (`S`) and of each class of attack. \
         Generated from the names of the tests.\n\n## Tested\n\n",
    );
    let (done, open): (Vec<_>, Vec<_>) = ids().into_iter().partition(|id| tested.contains_key(id));
    for id in &done {
        let places: Vec<&str> = tested[id].iter().map(String::as_str).collect();
        let _ = writeln!(text, "- **{id}**: {}", places.join(", "));
    }
    let _ = writeln!(text, "\n## Not yet\n\n{}", open.join(", "));
    hold("coverage.md", &text);
}
