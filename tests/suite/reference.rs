//! The generated pages of the reference are up to date. `MANDATE_WRITE_REFERENCE=1` writes them.

mod coverage;

use std::{
    collections::BTreeSet,
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

/// Adds the Rust files of a folder.
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
