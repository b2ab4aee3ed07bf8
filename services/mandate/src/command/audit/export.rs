//! `mandate audit export`.

use std::{
    fs::OpenOptions,
    io::{BufWriter, Write},
    path::Path,
};

use serde_json::json;

use super::{
    copy::{Line, What, encode},
    each_log,
};
use crate::{connect::connect, exit::Failure, output};

/// Writes all records of all logs to a file, and how they ended.
pub(super) async fn export(path: &Path, context: Option<&str>, json: bool) -> Result<(), Failure> {
    let connection = connect(context)?;
    let failed = |error| Failure::usage(format!("`{}`: {error}", path.display()));
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = BufWriter::new(file.map_err(failed)?);
    let mut put = |log: &str, what| {
        let line = Line {
            log: log.to_owned(),
            what,
        };
        let line = serde_json::to_string(&line).map_err(Failure::from_error)?;
        writeln!(file, "{line}").map_err(failed)
    };
    let (mut after, mut count) = (0, 0);
    each_log!(
        connection,
        export_audit_records,
        ExportAuditRecordsRequest { after: after },
        |log, page| {
            for chained in &page.records {
                let (record, mac) = (encode(&chained.record), encode(&chained.mac));
                put(log, What::Record { record, mac })?;
                after += 1;
                count += 1;
            }
            // Reading is recorded, too: the end is where the log ended when it was read.
            let last = page.caught_up;
            if last {
                let anchor = page.anchor;
                put(log, What::Anchor { anchor })?;
                after = 0;
            }
            last
        }
    );
    file.flush().map_err(failed)?;
    if json {
        return output::json(&json!({ "records": count }));
    }
    output::note(format!("{count} record(s)"));
    Ok(())
}
