//! `mandate migrate`.

use mandate_server::stores_of;

use crate::{cli::MigrateArgs, exit::Failure, output};

/// Migrates databases to the version of this binary.
pub(super) async fn migrate(args: MigrateArgs) -> Result<(), Failure> {
    for (source, url) in stores_of(args.service, &args.store)? {
        mandate_server::migrate(source, &url).await?;
        output::line(format!("{}: {url} is up to date", store::name_of(source)));
    }
    Ok(())
}
