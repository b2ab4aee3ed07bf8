use ::rpc::parse;
use api::entitlement::v1::{AccessSummary, SummarizeAccessRequest, SummarizeAccessResponse};
use authority::Context;
use base::{OrganizationId, Subject};
use entitlement_core::access;

use super::App;
use crate::error::Error;

/// Summarizes what members of an organization can reach now.
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
    for subject in &request.subjects {
        parse("subjects", subject, Subject::parse_name)?;
    }
    let read = app.engine.facts.read(|world| {
        let now = app.engine.clock.now();
        let mut missing = Vec::new();
        let mut summaries = Vec::with_capacity(request.subjects.len());
        for subject in &request.subjects {
            match world.facts(subject, &organization) {
                Ok(facts) => {
                    let mut summary = AccessSummary::default();
                    for found in access(&facts, now) {
                        let id = facts.catalog.application_id(found.application);
                        summary.applications.push(format!("applications/{id}"));
                        summary
                            .roles
                            .extend(found.roles.into_iter().map(str::to_owned));
                    }
                    summaries.push(summary);
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
