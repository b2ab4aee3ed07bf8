//! `mandate audit list`.

use api::common::v1::{AuditEntry, AuditFilter, AuditOutcome};
use mandate_documents::moment;
use serde_json::{Value, json};

use super::{
    super::{
        check::note_misspelt,
        names::{in_organization, subject, word},
    },
    each_log,
};
use crate::{cli::AuditListArgs, connect::connect, exit::Failure, output};

/// Lists what all services have recorded, the latest first.
pub(super) async fn list(
    args: AuditListArgs,
    context: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let connection = connect(context)?;
    let time = |text: Option<&String>| {
        let wrong = |text| Failure::usage(format!("`{text}` is not a time in RFC 3339"));
        text.map(|text| moment::timestamp(text).ok_or_else(|| wrong(text)))
            .transpose()
    };
    let filter = AuditFilter {
        actor: args.actor.as_deref().map(subject).unwrap_or_default(),
        method: args.method,
        start_time: time(args.since.as_ref())?,
        end_time: time(args.until.as_ref())?,
    };
    let parent = in_organization(&args.organization);
    let mut entries: Vec<AuditEntry> = Vec::new();
    each_log!(
        connection,
        list_audit_entries,
        ListAuditEntriesRequest {
            parent: parent.clone(),
            page_size: args.limit.into(),
            filter: Some(filter.clone()),
        },
        |_log, page| {
            entries.extend(page.audit_entries);
            true
        }
    );
    let time = |entry: &AuditEntry| entry.create_time.map(|at| (at.seconds, at.nanos));
    // The sort is stable: records of one service stay in their order.
    entries.sort_by_key(|entry| std::cmp::Reverse(time(entry)));
    entries.truncate(args.limit.into());
    if json {
        let entries: Vec<Value> = entries.iter().map(as_json).collect();
        return output::json(&json!({ "entries": entries }));
    }
    for entry in &entries {
        output::line(as_text(entry));
    }
    if entries.is_empty() {
        note_misspelt(&connection, &args.organization).await;
    }
    output::note(format!("{} entry(ies)", entries.len()));
    Ok(())
}

fn at(entry: &AuditEntry) -> String {
    entry
        .create_time
        .as_ref()
        .map(moment::text)
        .unwrap_or_default()
}

fn outcome(entry: &AuditEntry) -> String {
    let outcome: AuditOutcome = entry.outcome();
    word(outcome.as_str_name(), "AUDIT_OUTCOME_")
}

/// Formats an entry on one line.
fn as_text(entry: &AuditEntry) -> String {
    let method = entry.method.rsplit('.').next().unwrap_or_default();
    let mut words = vec![
        at(entry),
        format!("{:<7}", outcome(entry)),
        entry.actor.clone(),
        method.to_owned(),
        entry.resources.join(", "),
    ];
    for (label, value) in [
        ("reason", &entry.reason),
        ("by", &entry.grant),
        ("given by", &entry.granted_by),
    ] {
        if !value.is_empty() {
            words.push(format!("{label} {value}"));
        }
    }
    if entry.dropped > 0 {
        words.push(format!("{} not recorded", entry.dropped));
    }
    words.join("  ")
}

fn as_json(entry: &AuditEntry) -> Value {
    json!({
        "name": entry.name,
        "time": at(entry),
        "method": entry.method,
        "outcome": outcome(entry),
        "reason": entry.reason,
        "actor": entry.actor,
        "grant": entry.grant,
        "granted_by": entry.granted_by,
        "resources": entry.resources,
        "request_id": entry.request_id,
        "call_id": entry.call_id,
        "dropped": entry.dropped,
    })
}
