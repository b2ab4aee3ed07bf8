//! The binary that people use: every service, and the commands.
fn main() {}
