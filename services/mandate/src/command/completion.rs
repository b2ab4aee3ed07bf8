//! `mandate completion`.

use clap::CommandFactory;

use crate::{
    cli::{Cli, CompletionArgs},
    exit::Failure,
    output,
};

/// Prints a completion script.
pub(super) fn completion(args: &CompletionArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "mandate", &mut script);
    let script = String::from_utf8(script)
        .map_err(|_| Failure::failed("the completion script is not text"))?;
    output::line(script.trim_end());
    Ok(())
}
