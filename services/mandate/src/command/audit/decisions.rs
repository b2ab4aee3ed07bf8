//! `mandate audit decisions`.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
};

use mandate_documents::moment;
use mandate_server::Secrets;
use prost_types::Timestamp;
use serde_json::Value;

use super::super::names::subject;
use crate::{cli::DecisionsArgs, exit::Failure, output};

/// Prints the decisions in a log, the oldest first.
pub(super) fn decisions(args: &DecisionsArgs, json: bool) -> Result<(), Failure> {
    let sealer = Secrets::read(&args.secrets)?.sealer;
    let masked = args.subject.as_deref().map(subject);
    let masked = masked.map(|subject| entitlement::mask(&sealer, &subject));
    let mut count = 0;
    for path in files(args) {
        let wrong = |error| Failure::usage(format!("`{}`: {error}", path.display()));
        for line in BufReader::new(File::open(&path).map_err(wrong)?).lines() {
            let line = line.map_err(wrong)?;
            // The last line of a killed process may be cut off.
            let Ok(decision) = serde_json::from_str::<Value>(&line) else {
                continue;
            };
            let about = |masked: &String| text(&decision, "subject") == masked;
            let dropped = decision.get("dropped").is_some();
            if !dropped && !masked.as_ref().is_none_or(about) {
                continue;
            }
            count += 1;
            output::line(if json { line } else { as_text(&decision) });
        }
    }
    output::note(format!("{count} line(s)"));
    Ok(())
}

/// Returns the file and the older ones beside it, the oldest first.
fn files(args: &DecisionsArgs) -> Vec<PathBuf> {
    let numbered = |number: u32| {
        let mut name = args.file.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    let older = (1..).map(numbered).take_while(|path| path.exists());
    let mut files: Vec<PathBuf> = [args.file.clone()].into_iter().chain(older).collect();
    files.reverse();
    files
}

fn as_text(decision: &Value) -> String {
    let number = |name| decision.get(name).and_then(Value::as_i64);
    let millis = number("time_ms").unwrap_or_default();
    let time = moment::text(&Timestamp {
        seconds: millis.div_euclid(1000),
        nanos: i32::try_from(millis.rem_euclid(1000) * 1_000_000).unwrap_or_default(),
    });
    if let Some(dropped) = number("dropped") {
        return format!("{time}  {dropped} not logged");
    }
    let names = [
        "reason",
        "subject",
        "permission",
        "resource",
        "grant",
        "caller",
    ];
    format!(
        "{time}  {}",
        names.map(|name| text(decision, name)).join("  ")
    )
}

fn text<'v>(decision: &'v Value, name: &str) -> &'v str {
    let value = decision.get(name).and_then(Value::as_str);
    value.unwrap_or_default()
}
