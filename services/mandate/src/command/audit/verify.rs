//! `mandate audit verify`: offline, with the key of the installation.

use std::collections::BTreeMap;

use audit::{Anchor, Chain, Verifier};
use mandate_server::Secrets;
use serde_json::json;

use super::{
    LOG_NAMES,
    copy::{LineContent, decode, lines},
};
use crate::{cli::AuditVerifyArgs, exit::Failure, output};

/// Verifies a copy of the logs.
pub(super) fn verify(args: &AuditVerifyArgs, json: bool) -> Result<(), Failure> {
    let sealer = Secrets::read(&args.secrets)?.sealer;
    let mut logs = BTreeMap::new();
    for log in LOG_NAMES {
        let chain = Chain::new(&sealer, log);
        logs.insert(log, (anchors(args, log, &chain)?, chain));
    }
    let mut verifiers: BTreeMap<&str, Verifier> = logs
        .into_iter()
        .map(|(log, (anchors, chain))| (log, Verifier::new(chain, anchors)))
        .collect();
    for line in lines(&args.file)? {
        let line = line?;
        let verifier = verifiers.get_mut(line.log.as_str());
        let verifier = verifier.ok_or_else(|| broken(&line.log, "there is no such log"))?;
        if let LineContent::Record { record, mac } = line.what {
            let held = verifier.record(&decode(&record), &decode(&mac));
            held.map_err(|error| broken(&line.log, error))?;
        }
    }
    let mut counts = BTreeMap::new();
    for (log, verifier) in verifiers {
        let verified = verifier.end().map_err(|error| broken(log, error))?;
        counts.insert(log, verified.count);
    }
    if json {
        return output::json(&json!({ "records": counts }));
    }
    for (log, count) in counts {
        output::line(format!("{log}: {count} record(s) hold"));
    }
    Ok(())
}

/// Returns the anchors of a log in the files.
fn anchors(args: &AuditVerifyArgs, log: &str, chain: &Chain) -> Result<Vec<Anchor>, Failure> {
    let mut anchors = Vec::new();
    for path in [Some(&args.file), args.anchor.as_ref()]
        .into_iter()
        .flatten()
    {
        for line in lines(path)? {
            let line = line?;
            if let LineContent::Anchor { anchor } = line.what
                && line.log == log
            {
                let anchor = chain.open(&anchor);
                anchors.push(anchor.map_err(|error| broken(log, error))?);
            }
        }
    }
    Ok(anchors)
}

fn broken(log: &str, what: impl std::fmt::Display) -> Failure {
    Failure::failed(format!("{log}: {what}"))
}
