//! `mandate backup verify`: offline.

use std::path::Path;

use mandate_server::Secrets;
use serde_json::json;
use store::backup;
use tokens::{Sealer, Source};

use super::manifest::{Copied, Manifest, digest};
use crate::{cli::BackupVerifyArgs, exit::Failure, output};

/// Verifies a backup, and reports every problem.
pub(super) async fn verify(args: &BackupVerifyArgs, json: bool) -> Result<(), Failure> {
    let secrets = args.secrets.as_ref().map(|folder| Secrets::read(folder));
    let secrets = secrets.transpose()?;
    let sealer = secrets.as_ref().map(|secrets| &secrets.sealer);
    let manifest = Manifest::read(&args.folder)?;
    check(&manifest, &args.folder, sealer).await?;
    if json {
        return output::json(&json!({ "backup": manifest, "audit_verified": sealer.is_some() }));
    }
    let logs = match sealer {
        Some(_) => "the audit logs are intact",
        None => "the audit logs were not verified (that needs --secrets)",
    };
    let created = &manifest.created;
    output::line(format!("The backup of {created} is complete; {logs}."));
    Ok(())
}

/// Checks each copy of a backup, and its audit log if the secrets are known.
pub(super) async fn check(
    manifest: &Manifest,
    folder: &Path,
    sealer: Option<&Sealer>,
) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    for copy in manifest.copies(folder) {
        let (source, path, copied) = copy?;
        if let Err(what) = check_copy(source, &path, copied, sealer).await {
            wrong.push(format!("{}: {what}", store::name_of(source)));
        }
    }
    if manifest.services.is_empty() {
        wrong.push("the backup holds no service".to_owned());
    }
    match wrong.as_slice() {
        [] => Ok(()),
        _ => Err(Failure::failed(wrong.join("\n"))),
    }
}

async fn check_copy(
    source: Source,
    path: &Path,
    copied: &Copied,
    sealer: Option<&Sealer>,
) -> Result<(), String> {
    let file = path.display();
    let found = digest(path).map_err(|error| format!("`{file}`: {error}"))?;
    if found != copied.sha256 {
        return Err(format!("`{file}` is not the file that was written"));
    }
    let rows = backup::count_rows(path).await;
    let rows = rows.map_err(|error| format!("`{file}`: {error}"))?;
    if rows != copied.rows {
        return Err(format!("`{file}` does not hold the rows that were copied"));
    }
    if let Some(sealer) = sealer {
        let log = backup::verify_audit(path, source, sealer).await;
        log.map_err(|error| format!("`{file}`: {error}"))?;
    }
    Ok(())
}
