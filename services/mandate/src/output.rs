//! What is printed. A reader that has gone away, as `head` does, is not an error.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::exit::Failure;

/// A line of the answer.
pub fn line(text: impl AsRef<str>) {
    let _ = writeln!(io::stdout().lock(), "{}", text.as_ref());
}

/// The answer as JSON.
///
/// # Errors
/// The value cannot be JSON.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::failed(format!("cannot write JSON: {error}")))?;
    line(text);
    Ok(())
}

/// A line that is not part of the answer.
pub fn note(text: impl AsRef<str>) {
    let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
}

/// A line that replaces the one before, for somebody who watches.
pub fn progress(text: impl AsRef<str>) {
    let _ = write!(io::stderr().lock(), "\r\x1b[K{}", text.as_ref());
}

/// Whether somebody watches.
pub fn is_watched() -> bool {
    io::stderr().is_terminal()
}
