//! What is printed. A reader that has gone away, as `head` does, is not an error; an answer that
//! cannot be written is.

use std::{
    io::{self, IsTerminal, Write},
    sync::OnceLock,
};

use serde::Serialize;
use tokio::{io::Interest, net::unix::pipe};

use crate::exit::Failure;

/// Why the answer could not be written: the first error, after which nothing is written.
static BROKEN: OnceLock<io::Error> = OnceLock::new();

/// A line of the answer. That it was written, [`finish`] tells.
pub fn line(text: impl AsRef<str>) {
    if BROKEN.get().is_some() {
        return;
    }
    printed(writeln!(io::stdout().lock(), "{}", text.as_ref()));
}

/// What printing a part of the answer has come to.
pub fn printed(result: io::Result<()>) {
    if let Err(error) = result {
        let _ = BROKEN.set(error);
    }
}

/// Whether nobody gets the answer any more, so that no more of it is needed.
pub fn is_broken() -> bool {
    BROKEN.get().is_some()
}

/// Sees that the answer was written.
///
/// # Errors
/// It was not, as on a disk that is full; unless its reader wanted no more.
pub fn finish() -> Result<(), Failure> {
    printed(io::stdout().lock().flush());
    match BROKEN.get() {
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::failed(format!(
            "the answer could not be written: {error}"
        ))),
        _ => Ok(()),
    }
}

/// Waits until the reader of the answer has gone away, if it is a pipe: for who has nothing to say
/// for long.
pub async fn closed() {
    // Opened anew, because what waits must not block, and others may write to the same end.
    let pipe = pipe::OpenOptions::new().open_sender("/dev/stdout");
    if let Ok(pipe) = pipe
        && pipe.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
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
