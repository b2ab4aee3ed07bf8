//! The command-line arguments of the process.

use clap::{
    Parser,
    error::{ContextKind, ContextValue},
};
use types::SecretUrl;

use crate::{cli::Cli, exit::Failure, output};

/// Reads the arguments; `None` if they ask for help or the version, which this prints.
pub(crate) fn read() -> Result<Option<Cli>, Failure> {
    let error = match Cli::try_parse() {
        Ok(cli) => return Ok(Some(cli)),
        Err(error) => without_password(error),
    };
    let printed = error.print();
    if error.use_stderr() {
        return Err(Failure::usage(""));
    }
    output::printed(printed);
    Ok(None)
}

/// Hides the password of a URL in the wrong place of the command line.
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
            // The suggestion of clap contains the text, too.
            error.remove(ContextKind::Suggested);
        }
    }
    error
}
