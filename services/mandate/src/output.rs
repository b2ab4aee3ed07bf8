//! What is printed. A reader that has gone away, as `head` does, is not an error.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::exit::Failure;

/// A line of the answer.
pub fn line(text: impl AsRef<str>) {
    let _ = writeln!(io::stdout().lock(), "{}", text.as_ref());
}

/// Rows under a head, each column as wide as its widest cell; nothing if there are no rows.
pub fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) {
    if rows.is_empty() {
        return;
    }
    let head = head.map(str::to_owned);
    let mut widths = [0; N];
    for row in rows.iter().chain([&head]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in [&head].into_iter().chain(rows) {
        let cells = row.iter().zip(widths);
        let cells = cells.map(|(cell, width)| format!("{cell:width$}"));
        line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
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
