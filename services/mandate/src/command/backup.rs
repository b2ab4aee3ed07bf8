//! `mandate backup`.

mod create;
mod manifest;
mod restore;
mod verify;

use crate::{cli::BackupCommand, exit::Failure};

/// Creates, verifies or restores a backup.
pub(super) async fn backup(command: BackupCommand, json: bool) -> Result<(), Failure> {
    match command {
        BackupCommand::Create(args) => create::create(&args, json).await,
        BackupCommand::Verify(args) => verify::verify(&args, json).await,
        BackupCommand::Restore(args) => restore::restore(&args, json).await,
    }
}
