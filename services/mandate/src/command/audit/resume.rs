//! Resumes an interrupted export.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Seek, SeekFrom},
    path::Path,
};

use super::copy::{Line, What};

/// The progress of a log in a copy.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Far {
    /// The number of records in the copy.
    pub(super) records: i64,
    /// True if the copy holds the end of the log, too.
    pub(super) ended: bool,
}

/// Opens a copy to continue it, and returns the progress of each log. Removes a last line that was
/// cut off.
pub(super) fn open(path: &Path) -> io::Result<(File, BTreeMap<String, Far>)> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    // A device may have no end.
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a file"));
    }
    let (mut far, mut whole): (BTreeMap<String, Far>, u64) = (BTreeMap::new(), 0);
    let mut reader = BufReader::new(&mut file);
    let mut text = String::new();
    while reader.read_line(&mut text)? > 0 && text.ends_with('\n') {
        let line: Line = serde_json::from_str(&text)?;
        let log = far.entry(line.log).or_default();
        match line.what {
            What::Record { .. } => log.records += 1,
            What::Anchor { .. } => log.ended = true,
        }
        whole += text.len() as u64;
        text.clear();
    }
    file.set_len(whole)?;
    file.seek(SeekFrom::Start(whole))?;
    Ok((file, far))
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::*;

    #[test]
    fn a_line_that_was_cut_short_is_taken_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy");
        let whole = "{\"log\":\"identity\",\"record\":\"aa\",\"mac\":\"bb\"}\n\
                     {\"log\":\"identity\",\"anchor\":\"cc\"}\n\
                     {\"log\":\"membership\",\"record\":\"aa\",\"mac\":\"bb\"}\n";
        fs::write(&path, format!("{whole}{{\"log\":\"membership\",\"rec")).unwrap();
        let (mut file, far) = open(&path).unwrap();
        let told: Vec<_> = far
            .iter()
            .map(|(log, far)| (log.as_str(), far.records, far.ended))
            .collect();
        assert_eq!(told, [("identity", 1, true), ("membership", 1, false)]);
        file.write_all(b"more\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{whole}more\n"));
    }
}
