//! The rules of `ARCHITECTURE.md` about dependencies, checked on the packages of the workspace and
//! on the sources of the services.

use std::{collections::BTreeSet, env, fs, path::Path, process::Command};

use serde_json::Value;

use crate::reference::sources;

/// The folders of the services, none of which may depend on another.
const SERVICES: [&str; 3] = [
    "services/identity",
    "services/membership",
    "services/entitlement",
];

/// Parts of file names in a service that belong to its edge, where refusals become a status.
const EDGE: [&str; 6] = [
    "/rpc.rs",
    "/rpc/",
    "/convert.rs",
    "/convert/",
    "/error.rs",
    "/error/",
];

/// Files of a service that may name a status although they are not at its edge, with the reason.
const STATUS_EXCEPTIONS: [(&str, &str); 6] = [
    ("/keys.rs", "an authenticator answers with a status"),
    ("/peers.rs", "reads the status of a call to a peer service"),
    ("/owners.rs", "reads the status of a call to a peer service"),
    ("/projection.rs", "reads the status that ends a feed"),
    ("/check_stream.rs", "its stream ends with a status"),
    ("/watch.rs", "its stream ends with a status"),
];

/// A package of the workspace.
struct Package {
    /// Its folder, from the root of the workspace.
    folder: String,
    /// What it depends on outside of its tests: the folder of a package of the workspace, or the
    /// name of another package.
    depends: Vec<String>,
    /// What only its tests and examples depend on.
    tests_depend: Vec<String>,
}

/// A file with code of a service.
struct Source {
    /// The path from the root of the workspace.
    path: String,
    text: String,
}

/// The facts that the rules are about.
struct Layout {
    packages: Vec<Package>,
    sources: Vec<Source>,
}

/// A rule about the layers.
struct Rule {
    name: &'static str,
    reason: &'static str,
    /// Returns the violations, one line each.
    violations: fn(&Layout) -> Vec<String>,
}

const RULES: [Rule; 6] = [
    Rule {
        name: "cores are pure",
        reason: "rules without a runtime, a transport or a store can be tested in any order",
        violations: impure_cores,
    },
    Rule {
        name: "services are apart",
        reason: "services run as processes of their own; only the binary and the tests see several",
        violations: joined_services,
    },
    Rule {
        name: "rpc has no store",
        reason: "a client of a service must not bring a database along",
        violations: stores_of_rpc,
    },
    Rule {
        name: "redis has an owner",
        reason: "one crate knows the contract of Redis; the others ask it",
        violations: redis_elsewhere,
    },
    Rule {
        name: "sea_orm stays in the store",
        reason: "a repository can change its tables without a use case noticing",
        violations: rows_elsewhere,
    },
    Rule {
        name: "status stays at the edge",
        reason: "one place maps a refusal to a code and a reason",
        violations: status_elsewhere,
    },
];

impl Layout {
    /// Reads the workspace.
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let root = root.canonicalize().unwrap();
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args([
                "metadata",
                "--no-deps",
                "--format-version",
                "1",
                "--offline",
            ])
            .current_dir(&root)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        let packages = metadata["packages"].as_array().unwrap();
        let mut files = Vec::new();
        for service in SERVICES {
            sources(&root.join(service).join("src"), &mut files);
        }
        Self {
            packages: packages
                .iter()
                .map(|package| Package::read(&root, package))
                .collect(),
            sources: files.iter().map(|file| Source::read(&root, file)).collect(),
        }
    }

    /// Returns everything that a package depends on outside of tests, also through other packages
    /// of the workspace.
    fn reached(&self, folder: &str) -> BTreeSet<&str> {
        let mut reached = BTreeSet::new();
        let mut open = vec![folder];
        while let Some(next) = open.pop() {
            let package = self.packages.iter().find(|found| found.folder == next);
            for depends in package.iter().flat_map(|package| &package.depends) {
                if reached.insert(depends.as_str()) {
                    open.push(depends);
                }
            }
        }
        reached
    }

    /// Returns a line for each package of `forbidden` that `folder` reaches.
    fn reached_of(&self, folder: &str, forbidden: &[&str]) -> Vec<String> {
        let reached = self.reached(folder);
        let found = forbidden.iter().filter(|name| reached.contains(**name));
        found
            .map(|name| format!("{folder} depends on {name}"))
            .collect()
    }
}

impl Package {
    fn read(root: &Path, package: &Value) -> Self {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        let mut read = Self {
            folder: below(root, manifest.parent().unwrap()),
            depends: Vec::new(),
            tests_depend: Vec::new(),
        };
        for dependency in package["dependencies"].as_array().unwrap() {
            let name = match dependency["path"].as_str() {
                Some(path) => below(root, Path::new(path)),
                None => dependency["name"].as_str().unwrap().to_owned(),
            };
            match dependency["kind"].as_str() {
                None => read.depends.push(name),
                // Code at build time is not in the package.
                Some("build") => {}
                Some(_) => read.tests_depend.push(name),
            }
        }
        read
    }
}

impl Source {
    fn read(root: &Path, file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        Self {
            path: below(root, file),
            text: code.collect::<Vec<_>>().join("\n"),
        }
    }
}

/// Returns a path from the root.
fn below(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap();
    below.to_string_lossy().into_owned()
}

fn impure_cores(layout: &Layout) -> Vec<String> {
    let cores = layout.packages.iter().map(|package| &package.folder);
    cores
        .filter(|folder| folder.ends_with("-core"))
        .flat_map(|core| layout.reached_of(core, &["tokio", "tonic", "sea-orm", "redis"]))
        .collect()
}

fn joined_services(layout: &Layout) -> Vec<String> {
    let sees_several =
        |folder: &str| folder.starts_with("services/mandate") || folder.starts_with("tests");
    let mut found = Vec::new();
    for package in &layout.packages {
        if sees_several(&package.folder) {
            continue;
        }
        for depends in package.depends.iter().chain(&package.tests_depend) {
            if SERVICES.contains(&depends.as_str()) {
                found.push(format!("{} depends on {depends}", package.folder));
            }
        }
    }
    found
}

fn stores_of_rpc(layout: &Layout) -> Vec<String> {
    layout.reached_of("shared/rpc", &["shared/store", "sea-orm"])
}

fn redis_elsewhere(layout: &Layout) -> Vec<String> {
    let owners = [
        "shared/cache",
        "shared/mandate-client",
        "shared/testkit",
        "tests",
    ];
    let others = layout
        .packages
        .iter()
        .filter(|package| !owners.contains(&package.folder.as_str()));
    others
        .filter(|package| {
            let mut depends = package.depends.iter().chain(&package.tests_depend);
            depends.any(|name| name == "redis")
        })
        .map(|package| format!("{} depends on redis", package.folder))
        .collect()
}

fn rows_elsewhere(layout: &Layout) -> Vec<String> {
    let others = layout
        .sources
        .iter()
        .filter(|source| !source.path.contains("/store/") && !source.path.ends_with("/store.rs"));
    others
        .filter(|source| source.text.contains("sea_orm"))
        .map(|source| format!("{} names sea_orm", source.path))
        .collect()
}

fn status_elsewhere(layout: &Layout) -> Vec<String> {
    let others = layout.sources.iter().filter(|source| {
        let is_edge = EDGE.iter().any(|part| source.path.contains(part));
        let mut exceptions = STATUS_EXCEPTIONS.iter();
        !is_edge && !exceptions.any(|(name, _)| source.path.ends_with(name))
    });
    others
        .filter(|source| names_status(&source.text))
        .map(|source| format!("{} names tonic::Status", source.path))
        .collect()
}

/// True if a text names `tonic::Status`, or imports it.
fn names_status(text: &str) -> bool {
    text.split("tonic::").skip(1).any(|rest| {
        let named = match rest.strip_prefix('{') {
            Some(group) => group.split(';').next().unwrap_or_default(),
            None => rest
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .next()
                .unwrap_or_default(),
        };
        let mut words = named.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        words.any(|word| word == "Status")
    })
}

#[test]
fn every_layer_depends_only_on_layers_below() {
    let layout = Layout::read();
    assert!(layout.packages.len() > 15 && layout.sources.len() > 100);
    for rule in &RULES {
        let found = (rule.violations)(&layout);
        assert!(
            found.is_empty(),
            "{}, because {}:\n{}",
            rule.name,
            rule.reason,
            found.join("\n")
        );
    }
}

/// A package of made-up data.
fn package(folder: &str, depends: &[&str], tests_depend: &[&str]) -> Package {
    let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    Package {
        folder: folder.to_owned(),
        depends: owned(depends),
        tests_depend: owned(tests_depend),
    }
}

/// A workspace of made-up data that obeys every rule.
fn sound() -> Layout {
    let source = |path: &str, text: &str| Source {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    Layout {
        packages: vec![
            package("shared/types", &["thiserror"], &["proptest"]),
            package("shared/cache", &["redis"], &[]),
            package("shared/store", &["sea-orm"], &[]),
            package("shared/rpc", &["shared/types", "tonic"], &[]),
            package("services/identity-core", &["shared/types"], &["tokio"]),
            package("services/identity", &["shared/store", "shared/rpc"], &[]),
            package("services/mandate", &SERVICES, &[]),
            package("tests", &SERVICES, &["redis"]),
        ],
        sources: vec![
            source("services/identity/src/rpc.rs", "use tonic::{Code, Status};"),
            source("services/identity/src/store/users.rs", "use sea_orm::Set;"),
            source("services/identity/src/app/get_user.rs", "use tonic::Code;"),
        ],
    }
}

#[test]
fn each_rule_finds_what_breaks_it() {
    let obeyed = sound();
    for rule in &RULES {
        assert_eq!((rule.violations)(&obeyed), Vec::<String>::new());
    }
    // The package or file that is added, and the only rule that finds it.
    let broken: [(&str, &str, &str); 11] = [
        ("cores are pure", "services/new-core", "tokio"),
        ("cores are pure", "services/new-core", "shared/rpc"),
        ("cores are pure", "services/new-core", "shared/cache"),
        (
            "services are apart",
            "services/entitlement",
            "services/identity",
        ),
        ("services are apart", "shared/new", "services/membership"),
        ("redis has an owner", "services/entitlement", "redis"),
        (
            "sea_orm stays in the store",
            "app/create.rs",
            "use sea_orm::Set;",
        ),
        ("sea_orm stays in the store", "keys.rs", "db: &sea_orm::Db,"),
        (
            "status stays at the edge",
            "app/create.rs",
            "-> tonic::Status",
        ),
        (
            "status stays at the edge",
            "app/create.rs",
            "use tonic::{\n    Code,\n    Status,\n};",
        ),
        (
            "status stays at the edge",
            "store/users.rs",
            "use tonic::Status;",
        ),
    ];
    for (name, place, content) in broken {
        let mut layout = sound();
        if Path::new(place).extension().is_some() {
            layout.sources.push(Source {
                path: format!("services/membership/src/{place}"),
                text: content.to_owned(),
            });
        } else {
            layout.packages.push(package(place, &[content], &[]));
        }
        assert_only(name, &layout);
    }
    let mut layout = sound();
    for package in &mut layout.packages {
        if package.folder == "shared/types" {
            package.depends.push("shared/store".to_owned());
        }
    }
    // The core depends on the changed package as well.
    let found: Vec<&str> = broken_rules(&layout);
    assert_eq!(found, ["cores are pure", "rpc has no store"]);
}

/// Checks that a rule is broken, and no other.
fn assert_only(name: &str, layout: &Layout) {
    assert_eq!(broken_rules(layout), [name]);
}

fn broken_rules(layout: &Layout) -> Vec<&'static str> {
    let broken = RULES
        .iter()
        .filter(|rule| !(rule.violations)(layout).is_empty());
    broken.map(|rule| rule.name).collect()
}

#[test]
fn a_status_is_found_however_it_is_named() {
    for text in [
        "fn f() -> Result<(), tonic::Status>",
        "use tonic::Status;",
        "use tonic::{Response, Status, codec::Gzip};",
    ] {
        assert!(names_status(text), "{text}");
    }
    for text in [
        "use tonic::Code;\nstruct Status;",
        "use tonic::{Code, Request};\nenum Status {}",
        "crate::engine::Status",
    ] {
        assert!(!names_status(text), "{text}");
    }
}
