//! A copy of the logs in a file: one JSON object per line, a record or an anchor.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, Serialize};

use crate::exit::Failure;

/// A line of a copy.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    /// The log.
    pub(super) log: String,
    #[serde(flatten)]
    pub(super) what: What,
}

/// The content of a line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum What {
    /// A record and its code, in base64url.
    Record { record: String, mac: String },
    /// The anchor at the end of the log.
    Anchor { anchor: String },
}

/// Encodes bytes for a line.
pub(super) fn encode(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Decodes bytes of a line. Invalid base64url decodes to nothing, which is not a record of any log.
pub(super) fn decode(text: &str) -> Vec<u8> {
    BASE64.decode(text).unwrap_or_default()
}

/// Returns the lines of a file.
pub(super) fn lines(path: &Path) -> Result<impl Iterator<Item = Result<Line, Failure>>, Failure> {
    let shown = path.display().to_string();
    let wrong = move |what: String| Failure::usage(format!("`{shown}`: {what}"));
    let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
    let lines = BufReader::new(file).lines();
    Ok(lines.enumerate().map(move |(index, line)| {
        let line = line.map_err(|error| wrong(error.to_string()))?;
        serde_json::from_str(&line).map_err(|error| wrong(format!("line {}: {error}", index + 1)))
    }))
}
