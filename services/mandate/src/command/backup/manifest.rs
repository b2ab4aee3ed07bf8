//! The manifest of a backup.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File},
    io::{self, BufReader, Read as _},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use tokens::Source;

use crate::exit::Failure;

/// The version of the format. A program that does not know the version refuses the backup.
const MANIFEST_VERSION: u32 = 1;
const MANIFEST_FILE: &str = "manifest.json";
const BUFFER_BYTES: usize = 64 << 10;

/// A backup.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: u32,
    /// The time at which the backup began, in RFC 3339: it holds every write acknowledged before.
    pub(super) created: String,
    /// The version of Mandate that wrote the backup.
    pub(super) version: String,
    /// The copies, by the names of the services.
    pub(super) services: BTreeMap<String, Copied>,
}

/// The copy of the database of a service.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Copied {
    pub(super) file: String,
    /// The digest in hexadecimal.
    pub(super) sha256: String,
    /// The last migration.
    pub(super) migration: String,
    /// The end of the log of changes.
    pub(super) epoch: i64,
    pub(super) position: i64,
    /// The number of rows, by table.
    pub(super) rows: BTreeMap<String, u64>,
}

impl Manifest {
    pub(super) fn new(created: String) -> Self {
        Self {
            format: MANIFEST_VERSION,
            created,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            services: BTreeMap::new(),
        }
    }

    /// Writes the manifest, as the last file of a backup.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Failure> {
        let path = folder.join(MANIFEST_FILE);
        let text = serde_json::to_string_pretty(self).map_err(Failure::from_error)?;
        fs::write(&path, text).map_err(|error| wrong(&path, &error))?;
        sync(&path)
    }

    /// Reads the manifest of a backup.
    pub(super) fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(MANIFEST_FILE);
        let text = fs::read(&path).map_err(|error| {
            Failure::failed(format!("there is no backup: `{}`: {error}", path.display()))
        })?;
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|error| Failure::failed(format!("`{}`: {error}", path.display())))?;
        if manifest.format != MANIFEST_VERSION {
            let found = manifest.format;
            return Err(Failure::failed(format!(
                "the backup is of format {found}, and this version of Mandate reads {MANIFEST_VERSION}"
            )));
        }
        Ok(manifest)
    }

    /// Returns the copies in a folder: the service, the path and the entry of each.
    pub(super) fn copies<'a>(
        &'a self,
        folder: &'a Path,
    ) -> impl Iterator<Item = Result<(Source, PathBuf, &'a Copied), Failure>> {
        self.services.iter().map(move |(name, copied)| {
            let sources = [Source::Identity, Source::Membership, Source::Entitlement];
            let mut sources = sources.into_iter();
            let source = sources.find(|source| store::name_of(*source) == name);
            let unknown = || Failure::failed(format!("there is no service `{name}`"));
            let source = source.ok_or_else(unknown)?;
            // A forged manifest must not name a file outside of its folder.
            Ok((source, folder.join(file_of(source)), copied))
        })
    }
}

/// Returns the name of a service's file in a backup.
pub(super) fn file_of(source: Source) -> String {
    format!("{}.db", store::name_of(source))
}

/// Returns the SHA-256 of a file, in hexadecimal.
pub(super) fn digest(path: &Path) -> io::Result<String> {
    let mut file = BufReader::new(File::open(path)?);
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = file.read(&mut buffer)?;
        match buffer.get(..count) {
            Some([]) | None => break,
            Some(read) => context.update(read),
        }
    }
    let digest = context.finish();
    let mut text = String::new();
    for byte in digest.as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

/// Syncs a file or folder to the disk.
pub(super) fn sync(path: &Path) -> Result<(), Failure> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|error| wrong(path, &error))
}

pub(super) fn wrong(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("`{}`: {error}", path.display()))
}
