//! The binary that people use: every service, and the commands.

pub mod apply;
pub mod cli;
pub mod clients;
pub mod command;
pub mod connect;
pub mod context;
pub mod document;
pub mod exit;
mod moment;
pub mod output;
pub mod run;
