//! `mandate watch`.

use api::entitlement::v1::{WatchRequest, WatchedChange};
use mandate_documents::clients::{CallError, Service, answer};
use serde_json::{Value, json};
use tonic::Request;

use super::names::{in_organization, word};
use crate::{cli::WatchArgs, connect::connect, exit::Failure, output};

/// Prints changes as they are made.
pub(super) async fn watch(
    args: WatchArgs,
    context: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let connection = connect(context)?;
    let request = WatchRequest {
        parent: args
            .organization
            .as_deref()
            .map(in_organization)
            .unwrap_or_default(),
        cursor: args.cursor.unwrap_or_default(),
    };
    let mut client = connection.clients.watch();
    let begun = answer(
        Service::Entitlement,
        "watch",
        client.watch(Request::new(request)),
    )
    .await;
    let mut stream = begun.map_err(|error| connection.failure(&error))?;
    loop {
        let next = tokio::select! {
            next = stream.message() => next,
            // The reader, such as `head`, has closed the output.
            () = output::closed() => return Ok(()),
        };
        let message = next.map_err(|status| {
            connection.failure(&CallError {
                service: Service::Entitlement,
                method: "watch",
                status: Box::new(status),
            })
        })?;
        let Some(response) = message else {
            return Ok(());
        };
        let Some((last, before)) = response.changes.split_last() else {
            continue;
        };
        // The cursor is past all of them, so it comes with the last.
        let changes = before.iter().map(|change| (change, ""));
        for (change, cursor) in changes.chain([(last, response.cursor.as_str())]) {
            if json {
                // One object per line, for programs that read the stream.
                output::line(as_json(change, cursor).to_string());
            } else {
                output::line(as_text(change));
            }
        }
        if output::is_broken() {
            return Ok(());
        }
    }
}

fn kind(change: &WatchedChange) -> String {
    word(change.kind().as_str_name(), "CHANGE_KIND_")
}

fn as_text(change: &WatchedChange) -> String {
    let what = [&change.organization, &change.subject, &change.resource];
    let what: Vec<&str> = what
        .into_iter()
        .map(String::as_str)
        .filter(|name| !name.is_empty())
        .collect();
    format!(
        "{}  {:<12}  {}",
        change.revision,
        kind(change),
        what.join("  ")
    )
}

fn as_json(change: &WatchedChange, cursor: &str) -> Value {
    json!({
        "kind": kind(change),
        "organization": change.organization,
        "subject": change.subject,
        "resource": change.resource,
        "revision": change.revision,
        "cursor": cursor,
    })
}
