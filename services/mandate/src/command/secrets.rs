//! `mandate secrets`.

use std::{fs, os::unix::fs::DirBuilderExt, path::Path};

use mandate_server::{PeerKeys, Secrets};
use serde_json::json;

use crate::{cli::SecretsCommand, exit::Failure, output};

/// Creates secrets.
pub(super) fn secrets(command: &SecretsCommand, json: bool) -> Result<(), Failure> {
    let SecretsCommand::Init { folder } = command;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| Failure::failed(format!("`{}`: {error}", folder.display())))?;
    Secrets::read_or_make(folder)?;
    PeerKeys::make(folder)?;
    let mut files = files(folder)?;
    files.extend(self::files(&folder.join("peers"))?);
    files.sort();
    if json {
        return output::json(&json!({ "files": files }));
    }
    files.iter().for_each(output::line);
    output::note(
        "Every service needs `root.key` and `token.key`. A service in a process of its own also \
         needs, from `peers`, its key and the digests of the others.",
    );
    Ok(())
}

/// Returns the files in a folder.
fn files(folder: &Path) -> Result<Vec<String>, Failure> {
    let wrong = |error| Failure::failed(format!("`{}`: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        if path.is_file() {
            files.push(path.display().to_string());
        }
    }
    Ok(files)
}
