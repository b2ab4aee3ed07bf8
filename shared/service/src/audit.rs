//! The audit log, as every service lists it.

use api::common::v1::{AuditEntry, AuditFilter};
use rpc::Fault;
use store::{AuditQuery, Recorded, Store};
use types::{Id, OrganizationId, Subject, UnixTime};

use crate::{
    convert::{moment, parse, timestamp},
    page::Page,
    store_fault::store_fault,
};

/// Returns a page of the entries of an organization, the latest first, and the token of the next
/// page.
///
/// # Errors
/// A malformed filter or token; the store cannot be read.
pub async fn list_audit(
    store: &Store,
    organization: &OrganizationId,
    filter: AuditFilter,
    page_size: i32,
    page_token: &str,
) -> Result<(Vec<AuditEntry>, String), Fault> {
    if !filter.actor.is_empty() {
        parse("filter.actor", &filter.actor, Subject::parse_name)?;
    }
    let start = moment(
        "filter.start_time",
        filter.start_time.as_ref(),
        UnixTime::MIN,
    )?;
    let end = moment("filter.end_time", filter.end_time.as_ref(), UnixTime::MAX)?;
    let (actor, method) = (filter.actor.as_str(), filter.method.as_str());
    let list = format!(
        "audit {organization} {actor} {} {} {method}",
        start.0, end.0
    );
    let page = Page::read(store.sealer(), list, page_size, page_token)?;
    let query = AuditQuery {
        organization: organization.as_str(),
        actor,
        method,
        start,
        end,
        before: page.after.parse().unwrap_or(i64::MAX),
        limit: page.limit(),
    };
    let found = store.audit(query).await.map_err(store_fault)?;
    let entries = found.into_iter().map(|found| entry(organization, found));
    let number = |last: &AuditEntry| {
        let number = last.name.rsplit('/').next();
        number.unwrap_or_default().to_owned()
    };
    Ok(page.cut(store.sealer(), entries.collect(), number))
}

fn entry(organization: &OrganizationId, found: Recorded) -> AuditEntry {
    let [actor, grant, granted_by] = found.names;
    let record = found.record;
    AuditEntry {
        name: format!("organizations/{organization}/auditEntries/{}", found.number),
        create_time: timestamp(UnixTime(record.time_ms)),
        outcome: record.outcome,
        method: record.method,
        reason: record.reason,
        actor,
        grant,
        granted_by,
        resources: found.resources,
        request_id: record.request_id,
        call_id: record.call_id,
        dropped: record.dropped,
        through: record.through,
    }
}
