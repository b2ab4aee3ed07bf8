//! `mandate audit export`.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs::OpenOptions,
    io::{self, BufWriter, Write},
    path::Path,
};

use serde_json::json;

use super::{
    copy::{Line, What, encode},
    each_log, resume,
};
use crate::{connect::connect, exit::Failure, output};

/// Writes all records of all logs, and their anchors, to a file. An interrupted export can be
/// continued, because a log is append-only.
pub(super) async fn export(
    path: &Path,
    resume: bool,
    context: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let connection = connect(context)?;
    let (file, far) = if resume {
        resume::open(path)
    } else {
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        file.map(|file| (file, BTreeMap::default()))
    }
    .map_err(|error| Failure::usage(opening(path, resume, &error)))?;
    let failed = |error| Failure::failed(format!("`{}`: {error}", path.display()));
    let mut file = BufWriter::new(file);
    let mut put = |log: &str, what| {
        let line = Line {
            log: log.to_owned(),
            what,
        };
        let line = serde_json::to_string(&line).map_err(Failure::from_error)?;
        writeln!(file, "{line}").map_err(failed)
    };
    let far = RefCell::new(far);
    let so_far = |log: &str| far.borrow().get(log).copied().unwrap_or_default();
    let mut count = 0;
    each_log!(
        connection,
        export_audit_records,
        ExportAuditRecordsRequest {
            after: so_far(log).records,
        },
        |log, page| {
            for chained in &page.records {
                let (record, mac) = (encode(&chained.record), encode(&chained.mac));
                put(log, What::Record { record, mac })?;
                far.borrow_mut().entry(log.to_owned()).or_default().records += 1;
                count += 1;
            }
            // Reading is recorded, too: the end is the end of the log at the time of the read.
            let last = page.caught_up;
            if last {
                let anchor = page.anchor;
                put(log, What::Anchor { anchor })?;
            }
            last
        },
        unless so_far(log).ended
    );
    file.flush().map_err(failed)?;
    file.get_ref().sync_all().map_err(failed)?;
    if json {
        return output::json(&json!({ "records": count }));
    }
    output::note(format!("{count} record(s)"));
    Ok(())
}

/// Describes an error of opening the file, with a hint.
fn opening(path: &Path, resume: bool, error: &io::Error) -> String {
    let hint = match error.kind() {
        io::ErrorKind::AlreadyExists if !resume => "; `--resume` goes on with it",
        _ => "",
    };
    format!("`{}`: {error}{hint}", path.display())
}
