//! `mandate apply`.

mod report;

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use mandate_documents::{
    apply::{self, ApplyError, Options},
    document::{self, Document},
};
use report::Report;

use crate::{
    cli::ApplyArgs,
    connect::{Connection, connect},
    exit::Failure,
};

/// Reads documents, applies them, and reports the changes.
pub(super) async fn apply(
    args: ApplyArgs,
    context: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let mut report = Report::new(args.dry_run, json);
    let documents = match read_all(&args.files)? {
        Ok(documents) => documents,
        Err(error) => {
            report.failed(&error)?;
            return Err(error.into());
        }
    };
    let connection = connect(context)?;
    let options = Options {
        dry_run: args.dry_run,
    };
    let result = apply::apply(&documents, &connection.clients, options, &mut report).await;
    report.close();
    match result {
        Ok(summary) => report.summary(&summary),
        Err(ApplyError::Call(call)) => Err(connection.failure(&call)),
        Err(error) => {
            report.failed(&error)?;
            Err(failure(error, &connection))
        }
    }
}

/// Reports a stopped run as a connection failure if no service answered.
fn failure(error: ApplyError, connection: &Connection) -> Failure {
    let unreachable = match &error {
        ApplyError::Stopped(stop) => stop.call.as_ref().filter(|call| call.is_unreachable()),
        _ => None,
    };
    match unreachable {
        Some(call) => connection.failure(call),
        None => error.into(),
    }
}

/// Reads documents, or reports the problems of each.
pub(super) fn documents(files: &[PathBuf]) -> Result<Vec<Document>, Failure> {
    Ok(read_all(files)??)
}

fn read_all(files: &[PathBuf]) -> Result<Result<Vec<Document>, ApplyError>, Failure> {
    let mut documents = Vec::new();
    let mut problems = Vec::new();
    for file in files {
        let text =
            read(file).map_err(|error| Failure::usage(format!("`{}`: {error}", file.display())))?;
        match document::parse_str(&file.display().to_string(), &text) {
            Ok(document) => documents.push(document),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(Ok(documents))
    } else {
        Ok(Err(ApplyError::Invalid(problems)))
    }
}

fn read(file: &Path) -> io::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text)?;
        return Ok(text);
    }
    fs::read_to_string(file)
}
