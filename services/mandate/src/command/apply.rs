//! `mandate apply`.

mod report;

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use report::Report;

use crate::{
    apply::{self, ApplyError, Options},
    cli::ApplyArgs,
    connect::connect,
    document::{self, Document},
    exit::Failure,
};

/// Reads documents, applies them, and says what was done.
pub(super) async fn apply(
    args: ApplyArgs,
    context: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let documents = documents(&args.files)?;
    let connection = connect(context)?;
    let mut report = Report::new(args.dry_run, json);
    let options = Options {
        dry_run: args.dry_run,
    };
    let result = apply::apply(&documents, &connection.clients, options, &mut report).await;
    report.close();
    let summary = result.map_err(|error| match &error {
        ApplyError::Call(call) => connection.failure(call),
        _ => error.into(),
    })?;
    report.summary(&summary)
}

/// Reads documents, or says what is wrong with each.
pub(super) fn documents(files: &[PathBuf]) -> Result<Vec<Document>, Failure> {
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
        Ok(documents)
    } else {
        Err(ApplyError::Invalid(problems).into())
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
