//! Parses text into a document.

use serde_saphyr::{Error, MessageFormatter, Options, UserMessageFormatter};

use super::{
    Document,
    model::Root,
    place::{At, Problem},
};

/// Maximum number of YAML nodes: about two million facts.
const MAX_NODES: usize = 32_000_000;
/// Maximum size of all scalars of a document together.
const MAX_SCALAR_BYTES: usize = 1 << 30;

/// Parses a document; problems name it by `file`. [`validate`](super::validate()) reports unknown
/// keys, with all other problems.
///
/// # Errors
/// The text is not YAML, or a value is not of the kind that its key requires.
pub fn parse_str(file: &str, text: &str) -> Result<Document, Problem> {
    let root: Root = serde_saphyr::from_str_with_options(text, options())
        .map_err(|error| problem(file, &error))?;
    Ok(Document {
        file: file.to_owned(),
        root,
    })
}

fn options() -> Options {
    serde_saphyr::options! {
        with_snippet: false,
        strict_booleans: true,
        budget: serde_saphyr::budget! {
            max_nodes: MAX_NODES,
            max_events: 2 * MAX_NODES,
            max_total_scalar_bytes: MAX_SCALAR_BYTES,
        },
    }
}

fn problem(file: &str, error: &Error) -> Problem {
    let message = UserMessageFormatter.format_message(error);
    Problem {
        file: file.to_owned(),
        at: error.location().map(At::from).unwrap_or_default(),
        path: String::new(),
        message: message.escape_debug().to_string(),
    }
}
