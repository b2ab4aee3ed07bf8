//! The product's binary, built together with the tests, so that they never run an outdated one.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    mandate::main().await
}
