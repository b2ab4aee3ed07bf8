//! The page of coverage: the tests that hold each scenario and each attack.
//!
//! The name of a test uses the ids that it begins with (`s2_31_two_owners_…`). So do rows of
//! `tests/portals`, comments of `services/mandate-documents/portals`, and comments of code that
//! begin with `SPEC` and a colon. A test that leaves out a part of an id says so in a line of its
//! documentation (CONTRIBUTING.md).

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use super::{hold, root, sources};

/// The uses of an id.
#[derive(Debug, Default)]
struct Uses {
    /// The tests that are named after it.
    tests: BTreeSet<String>,
    /// The parts that these tests leave out, in their words.
    left_out: BTreeSet<String>,
    /// The number of its rows by table.
    rows: BTreeMap<String, usize>,
    /// The files whose comments cite it.
    cited: BTreeSet<String>,
}

impl Uses {
    /// Returns the parts of a tested id that no test holds; empty if there are none.
    fn limits(&self) -> Vec<&str> {
        if self.tests.is_empty() {
            return vec!["decisions of a table only"];
        }
        self.left_out.iter().map(String::as_str).collect()
    }

    /// Returns the tests and tables, in a line.
    fn places(&self) -> String {
        let rows = self.rows.iter();
        let rows = rows.map(|(table, count)| format!("{count} of the rows of `{table}`"));
        let places: Vec<String> = self.tests.iter().cloned().chain(rows).collect();
        places.join(", ")
    }
}

/// True if `word` has the form of an id: `S2-31`, `B9` or `K-n`.
fn is_id(word: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match word.split_once('-') {
        Some(("K", name)) => !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase()),
        Some((group, number)) => {
            group.strip_prefix('S').is_some_and(is_number) && is_number(number)
        }
        None => word
            .strip_prefix(|letter: char| ('A'..='J').contains(&letter))
            .is_some_and(is_number),
    }
}

/// The ids that a text cites.
fn ids_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-'))
        .filter(|word| is_id(word))
}

/// The ids that the name of a test begins with: `s0_18_k_a_f3_a_number` begins with three.
fn ids_in(name: &str) -> Vec<String> {
    let words: Vec<&str> = name.split('_').collect();
    let mut found = Vec::new();
    let mut rest = words.as_slice();
    while let [first, ..] = rest {
        let first = first.to_uppercase();
        let pair = rest.get(1).map(|second| format!("{first}-{second}"));
        if let Some(pair) = pair.filter(|pair| is_id(pair)) {
            found.push(pair);
            rest = &rest[2..];
        } else if is_id(&first) {
            found.push(first);
            rest = &rest[1..];
        } else {
            break;
        }
    }
    found
}

/// The defined ids with links to their tables, in the order of the pages.
fn definitions() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for page in ["scenarios.md", "attacks.md"] {
        let text = fs::read_to_string(root().join("docs/reference").join(page)).unwrap();
        let mut link = page.to_owned();
        for line in text.lines() {
            if let Some(heading) = line.strip_prefix("## ") {
                let words = heading.to_lowercase();
                let kept = words.chars().filter(|c| c.is_alphanumeric() || *c == ' ');
                link = format!("{page}#{}", kept.collect::<String>().replace(' ', "-"));
            }
            let cell = line
                .strip_prefix("| ")
                .and_then(|cells| cells.split(" |").next());
            if let Some(id) = cell.filter(|id| is_id(id)) {
                assert!(
                    found.iter().all(|(other, _)| other != id),
                    "{id} is defined twice"
                );
                found.push((id.to_owned(), link.clone()));
            }
        }
    }
    found
}

/// The ids that are used, and where.
fn uses() -> BTreeMap<String, Uses> {
    let mut uses = BTreeMap::new();
    let mut files = Vec::new();
    for folder in ["services", "shared", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    for path in files {
        read_code(&path, &mut uses);
    }
    for path in folder("tests/portals") {
        for line in fs::read_to_string(&path).unwrap().lines().skip(1) {
            let cited = line.split(',').nth(5).unwrap_or_default();
            for id in ids_of(cited) {
                let used: &mut Uses = uses.entry(id.to_owned()).or_default();
                *used.rows.entry(place(&path)).or_default() += 1;
            }
        }
    }
    for path in folder("services/mandate-documents/portals") {
        for line in fs::read_to_string(&path).unwrap().lines() {
            let comment = line.split_once("# ").map_or("", |(_, comment)| comment);
            for id in ids_of(comment) {
                let used: &mut Uses = uses.entry(id.to_owned()).or_default();
                used.cited.insert(place(&path));
            }
        }
    }
    uses
}

/// Reads the names of tests, their limits and the citations of a source file.
fn read_code(path: &Path, uses: &mut BTreeMap<String, Uses>) {
    let place = place(path);
    let text = fs::read_to_string(path).unwrap();
    let mut left_out = Vec::new();
    for line in text.lines().map(str::trim_start) {
        if let Some(limit) = line.strip_prefix("/// Partly ") {
            left_out.push(limit.split_once(": ").unwrap());
        } else if let Some(name) = line.trim_start_matches("async ").strip_prefix("fn ") {
            let name = name.split('(').next().unwrap();
            let ids = ids_in(name);
            for (id, limit) in left_out.drain(..) {
                assert!(
                    ids.iter().any(|own| own == id),
                    "`{name}` does not begin with {id}"
                );
                let used = uses.entry(id.to_owned()).or_default();
                used.left_out.insert(limit.trim_end_matches('.').to_owned());
            }
            for id in ids {
                let used = uses.entry(id).or_default();
                used.tests.insert(format!("`{name}` in `{place}`"));
            }
        } else if let Some((_, cited)) = line.split_once("// SPEC: ") {
            for id in ids_of(cited) {
                let used = uses.entry(id.to_owned()).or_default();
                used.cited.insert(place.clone());
            }
        }
    }
}

/// The files of a folder, by name.
fn folder(path: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(path)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The path of a file within the repository.
fn place(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

#[test]
fn every_id_that_is_used_is_defined() {
    let defined: BTreeSet<String> = definitions().into_iter().map(|(id, _)| id).collect();
    let mut undefined = uses();
    undefined.retain(|id, _| !defined.contains(id));
    assert!(
        undefined.is_empty(),
        "not in scenarios.md or attacks.md of docs/reference: {undefined:#?}"
    );
}

#[test]
fn the_page_of_coverage_says_which_id_is_tested_where() {
    let uses = uses();
    let mut tested = String::new();
    let (mut full, mut partly, mut open) = (0, 0, Vec::new());
    for (id, link) in definitions() {
        let used = uses.get(&id).filter(|used| !used.places().is_empty());
        let Some(used) = used else {
            open.push(format!("[{id}]({link})"));
            continue;
        };
        let limits = used.limits();
        let limit = if limits.is_empty() {
            full += 1;
            String::new()
        } else {
            partly += 1;
            format!(", *partly* ({})", limits.join("; "))
        };
        let _ = writeln!(tested, "- **[{id}]({link})**{limit}: {}", used.places());
    }
    let text = format!(
        "# Coverage\n\n\
         The tests of each [scenario](scenarios.md) (`S`) and of each class of \
         [attack](attacks.md). Generated from the names of the tests and from the tables of \
         decisions in `tests/portals`. *Partly* marks an id of which a test leaves something out, \
         as the test says, and an id that only a table cites.\n\n\
         Tested: {full}. Partly: {partly}. Not yet: {}.\n\n\
         ## Tested\n\n{tested}\n## Not yet\n\n{}\n",
        open.len(),
        open.join(", "),
    );
    hold("coverage.md", &text);
}
