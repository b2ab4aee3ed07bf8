//! Output of commands. A reader that has gone away, as `head` does, is not an error; a failed write
//! is.

use std::{
    io::{self, IsTerminal, Write},
    sync::OnceLock,
};

use serde::Serialize;
use tokio::{io::Interest, net::unix::pipe};

use crate::exit::Failure;

/// The first write error, after which nothing is written.
static BROKEN: OnceLock<io::Error> = OnceLock::new();

/// Prints a line of the answer. [`finish`] reports a failed write.
pub fn line(text: impl AsRef<str>) {
    if BROKEN.get().is_some() {
        return;
    }
    printed(writeln!(io::stdout().lock(), "{}", text.as_ref()));
}

/// Records the result of printing a part of the answer.
pub fn printed(result: io::Result<()>) {
    if let Err(error) = result {
        let _ = BROKEN.set(error);
    }
}

/// True if a write failed, so that more output is useless.
pub fn is_broken() -> bool {
    BROKEN.get().is_some()
}

/// Checks that the answer was written.
///
/// # Errors
/// A write failed, as on a full disk; not if the reader has gone away.
pub fn finish() -> Result<(), Failure> {
    printed(io::stdout().lock().flush());
    match BROKEN.get() {
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::failed(format!(
            "the output could not be written: {error}"
        ))),
        _ => Ok(()),
    }
}

/// Waits until the reader of the output has gone away, if it is a pipe: for commands that may be
/// silent for a long time.
pub async fn closed() {
    // A separate handle, because the wait must not block, and others may write to the same pipe.
    let pipe = pipe::OpenOptions::new().open_sender("/dev/stdout");
    if let Ok(pipe) = pipe
        && pipe.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

/// Prints rows under a head, each column as wide as its widest cell; nothing if there are no rows.
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

/// Prints the answer as JSON.
///
/// # Errors
/// The value cannot be JSON.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::failed(format!("cannot write JSON: {error}")))?;
    line(text);
    Ok(())
}

/// Prints a line that is not part of the answer.
pub fn note(text: impl AsRef<str>) {
    let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
}

/// Prints a line that replaces the previous one, on a terminal.
pub fn progress(text: impl AsRef<str>) {
    let _ = write!(io::stderr().lock(), "\r\x1b[K{}", text.as_ref());
}

/// True if standard error is a terminal.
pub fn is_watched() -> bool {
    io::stderr().is_terminal()
}
