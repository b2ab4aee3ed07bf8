//! A rotating file; the oldest files are deleted.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Size at which a file is rotated, in bytes.
const FULL: u64 = 64 << 20;
/// Number of files kept: 1 GiB in all.
const KEPT: u32 = 16;

/// The current file of the log.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    file: fs::File,
    bytes: u64,
    full: u64,
}

impl File {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::bounded(path, FULL)
    }

    pub(super) fn bounded(path: &Path, full: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self {
            path: path.to_owned(),
            bytes: file.metadata()?.len(),
            file,
            full,
        })
    }

    /// Appends whole lines.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        if self.bytes >= self.full {
            self.turn()?;
        }
        self.file.write_all(lines)?;
        self.bytes += lines.len() as u64;
        Ok(())
    }

    /// Rotates the files: the previous one gets the number 1, the one before that 2, and so on.
    fn turn(&mut self) -> io::Result<()> {
        for number in (1..KEPT).rev() {
            let from = match number - 1 {
                0 => self.path.clone(),
                before => numbered(&self.path, before),
            };
            match fs::rename(from, numbered(&self.path, number)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        *self = Self::bounded(&self.path, self.full)?;
        Ok(())
    }
}

/// Returns the path of an older file.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}
