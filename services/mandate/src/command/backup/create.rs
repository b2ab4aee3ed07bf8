//! `mandate backup create`.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use mandate_documents::moment;
use mandate_server::stores_of;
use store::backup::{BackupError, Contents, Snapshot};
use tokens::Source;

use super::manifest::{Copied, Manifest, digest, file_of, sync, wrong};
use crate::{cli::BackupCreateArgs, exit::Failure, output};

/// Creates a backup. Until it is complete it has another name.
pub(super) async fn create(args: &BackupCreateArgs, json: bool) -> Result<(), Failure> {
    let stores = stores_of(args.service, &args.store)?;
    let partial = begin(&args.folder)?;
    let mut manifest = Manifest::new(moment::now());
    // A service may refer to entities of another, so the copy of the other must not be older:
    // entitlement, which follows the others, is copied first. One snapshot covers all services of
    // one database.
    let mut snapshots = Vec::new();
    for (source, url) in stores.into_iter().rev() {
        if !snapshots.iter().any(|(known, _)| *known == url) {
            let snapshot = Snapshot::open(&url).await.map_err(Failure::from_error)?;
            snapshots.push((url.clone(), snapshot));
        }
        let Some((_, snapshot)) = snapshots.iter().find(|(known, _)| *known == url) else {
            continue;
        };
        let path = partial.join(file_of(source));
        let contents = copy(snapshot, source, &path).await;
        let copied = copied(source, &path, contents.map_err(Failure::from_error)?)?;
        let name = store::name_of(source).to_owned();
        manifest.services.insert(name, copied);
    }
    for (_, snapshot) in snapshots {
        snapshot.close().await.map_err(Failure::from_error)?;
    }
    manifest.write(&partial)?;
    sync(&partial)?;
    fs::rename(&partial, &args.folder).map_err(|error| wrong(&args.folder, &error))?;
    sync(&parent(&args.folder))?;
    if json {
        return output::json(&manifest);
    }
    for (name, copied) in &manifest.services {
        let rows: u64 = copied.rows.values().sum();
        let position = copied.position;
        output::line(format!("{name}: {rows} rows, up to change {position}"));
    }
    Ok(())
}

/// Creates the folder under its temporary name.
fn begin(folder: &Path) -> Result<PathBuf, Failure> {
    if folder.exists() {
        let folder = folder.display();
        return Err(Failure::usage(format!(
            "`{folder}` exists; a backup is a new folder"
        )));
    }
    let mut partial = OsString::from(folder);
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    if partial.exists() {
        let partial = partial.display();
        return Err(Failure::usage(format!(
            "`{partial}` exists: another backup is running there, or was interrupted; if none runs, remove it"
        )));
    }
    // The folder is as secret as the databases.
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&partial);
    made.map_err(|error| wrong(&partial, &error))?;
    Ok(partial)
}

fn parent(folder: &Path) -> PathBuf {
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

async fn copy(snapshot: &Snapshot, source: Source, to: &Path) -> Result<Contents, BackupError> {
    match source {
        Source::Identity => snapshot.copy::<identity::Migrator>(source, to).await,
        Source::Membership => snapshot.copy::<membership::Migrator>(source, to).await,
        Source::Entitlement => snapshot.copy::<entitlement::Migrator>(source, to).await,
    }
}

fn copied(source: Source, path: &Path, contents: Contents) -> Result<Copied, Failure> {
    Ok(Copied {
        file: file_of(source),
        sha256: digest(path).map_err(|error| wrong(path, &error))?,
        migration: contents.migration,
        epoch: contents.epoch,
        position: contents.position,
        rows: contents.rows,
    })
}
