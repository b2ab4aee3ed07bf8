//! The binary that people use, built with the tests, so that they never run an old one.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    mandate::main().await
}
