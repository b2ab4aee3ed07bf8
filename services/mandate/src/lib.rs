//! The command line of Mandate, and the `mandate` binary.

mod arguments;
pub mod cli;
pub mod command;
pub mod connect;
pub mod context;
pub mod exit;
mod given;
pub mod output;

use std::process::ExitCode;

use crate::exit::Exit;

/// Runs the command of the process's arguments.
pub async fn main() -> ExitCode {
    let done = match arguments::read() {
        Ok(Some(cli)) => command::run(cli).await,
        Ok(None) => Ok(()),
        Err(failure) => Err(failure),
    };
    match done.and_then(|()| output::finish()) {
        Ok(()) => Exit::Done.into(),
        Err(failure) => {
            if !failure.message.is_empty() {
                output::note(format!("error: {failure}"));
            }
            failure.exit.into()
        }
    }
}
