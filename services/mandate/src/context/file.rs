//! Writes the contexts file.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use super::{ContextError, Contexts};

/// Writes a temporary file and renames it, so that a reader finds the old contexts or the new ones.
pub(super) fn store(path: &Path, contexts: &Contexts) -> Result<(), ContextError> {
    let write = || -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}", std::process::id()));
        let temporary = folder.join(name);
        let mut text = serde_json::to_vec_pretty(contexts)?;
        text.push(b'\n');
        // A file that an earlier process of this id left behind may be readable by others.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private(&temporary)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().map_err(|source| ContextError::Io {
        path: path.to_owned(),
        source,
    })
}

fn private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
