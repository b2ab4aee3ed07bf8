//! The arguments of `dev`.

use std::path::PathBuf;

use clap::Args;

/// Run every service on this machine, with five example portals.
#[derive(Debug, Args)]
pub struct DevArgs {
    /// The folder of databases and keys [default: `$XDG_DATA_HOME/mandate`, or
    /// `~/.local/share/mandate`]
    #[arg(long, value_name = "FOLDER", env = "MANDATE_DATA")]
    pub data: Option<PathBuf>,

    /// The port on 127.0.0.1 to listen on; 0 takes a free one
    #[arg(long, default_value_t = 7700, env = "MANDATE_PORT")]
    pub port: u16,

    /// Load no portals
    #[arg(long)]
    pub empty: bool,

    /// Write logs at this level
    #[arg(
        long,
        default_value = "warn",
        value_name = "FILTER",
        env = "MANDATE_LOG"
    )]
    pub log: String,
}
