//! The arguments of the process.

use base::SecretUrl;
use clap::{
    Parser,
    error::{ContextKind, ContextValue},
};

use crate::cli::Cli;

/// Reads the arguments; ends the process where they are wrong, or ask for help.
pub(crate) fn read() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| without_password(error).exit())
}

/// An error that shows no password of a URL that stands where none belongs.
fn without_password(mut error: clap::Error) -> clap::Error {
    for kind in [
        ContextKind::InvalidArg,
        ContextKind::InvalidSubcommand,
        ContextKind::InvalidValue,
    ] {
        let Some(ContextValue::String(text)) = error.get(kind) else {
            continue;
        };
        if text.contains(['@', '?']) || text.contains("://") {
            let shown = SecretUrl::from(text.as_str()).to_string();
            error.insert(kind, ContextValue::String(shown));
            // What clap proposes has the text, too.
            error.remove(ContextKind::Suggested);
        }
    }
    error
}
