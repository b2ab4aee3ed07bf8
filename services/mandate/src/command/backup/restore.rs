//! `mandate backup restore`.

use std::path::Path;

use mandate_server::{Which, stores_of};
use store::{
    StoreUrl,
    backup::{BackupError, Restoration},
};
use tokens::Source;

use super::{manifest::Manifest, verify};
use crate::{cli::BackupRestoreArgs, exit::Failure, output};

/// Restores a backup, completely or not at all.
pub(super) async fn restore(args: &BackupRestoreArgs, json: bool) -> Result<(), Failure> {
    let manifest = Manifest::read(&args.folder)?;
    verify::check(&manifest, &args.folder, None).await?;
    let copies: Vec<_> = manifest.copies(&args.folder).collect::<Result<_, _>>()?;
    let which = match copies.as_slice() {
        [(Source::Identity, ..)] => Which::Identity,
        [(Source::Membership, ..)] => Which::Membership,
        [(Source::Entitlement, ..)] => Which::Entitlement,
        _ => Which::All,
    };
    let stores = stores_of(which, &args.store)?;
    let mut restoration = Restoration::default();
    for (source, path, _) in &copies {
        for (_, url) in stores.iter().filter(|(own, _)| own == source) {
            let staged = stage(&mut restoration, url, *source, path).await;
            staged.map_err(Failure::from_error)?;
        }
    }
    restoration.finish().await.map_err(Failure::from_error)?;
    if json {
        return output::json(&manifest);
    }
    for (source, url) in &stores {
        output::line(format!("{}: restored into {url}", store::name_of(*source)));
    }
    output::line("A new epoch of the log of changes begins when the services start.");
    Ok(())
}

async fn stage(
    restoration: &mut Restoration,
    url: &StoreUrl,
    source: Source,
    path: &Path,
) -> Result<(), BackupError> {
    match source {
        Source::Identity => {
            restoration
                .stage::<identity::Migrator>(url, source, path)
                .await
        }
        Source::Membership => {
            restoration
                .stage::<membership::Migrator>(url, source, path)
                .await
        }
        Source::Entitlement => {
            restoration
                .stage::<entitlement::Migrator>(url, source, path)
                .await
        }
    }
}
