use api::entitlement::v1::{AccessSummary, SummarizeAccessRequest, SummarizeAccessResponse};
use authz::Context;
use entitlement_core::{Facts, access};
use service::parse;
use types::{OrganizationId, Subject, UnixTime};

use super::{App, delegation::seen_by};
use crate::error::Error;

/// Summarizes the access of members of an organization now, restricted to grants that the caller
/// may see.
pub(crate) async fn summarize_access(
    app: &App,
    context: &Context,
    request: SummarizeAccessRequest,
) -> Result<SummarizeAccessResponse, Error> {
    app.permit(context).await?;
    let organization = parse(
        "organization",
        &request.organization,
        OrganizationId::parse_name,
    )?;
    parse("caller", &request.caller, Subject::parse_name)?;
    for subject in &request.subjects {
        parse("subjects", subject, Subject::parse_name)?;
    }
    let read = app.engine.facts.read(|world| {
        let granter_facts = app
            .engine
            .granter_facts(world, &request.caller, &organization)?;
        let mut missing = Vec::new();
        let mut summaries = Vec::with_capacity(request.subjects.len());
        for subject in &request.subjects {
            match world.facts(subject, &organization) {
                Ok(facts) => {
                    summaries.push(seen_by(&granter_facts, &facts, |seen| {
                        summary(seen, granter_facts.now)
                    }));
                }
                Err(pieces) => missing.extend(pieces),
            }
        }
        if missing.is_empty() {
            Ok(summaries)
        } else {
            Err(missing)
        }
    });
    Ok(SummarizeAccessResponse {
        summaries: read.await?,
    })
}

fn summary(facts: &Facts<'_>, now: UnixTime) -> AccessSummary {
    let mut summary = AccessSummary::default();
    for found in access(facts, now) {
        let id = facts.catalog.application_id(found.application);
        summary.applications.push(format!("applications/{id}"));
        let roles = found.roles.into_iter();
        summary.roles.extend(roles.map(str::to_owned));
    }
    summary
}
