//! The binary that people use: every service, and the commands.

use std::process::ExitCode;

use clap::Parser;
use mandate::{cli::Cli, command, exit::Exit, output};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match command::run(Cli::parse()).await {
        Ok(()) => Exit::Done.into(),
        Err(failure) => {
            if !failure.message.is_empty() {
                output::note(format!("error: {failure}"));
            }
            failure.exit.into()
        }
    }
}
