use std::iter;

use ::rpc::Fault;
use api::{
    entitlement::v1::AccessSummary,
    identity::v1::SubjectDescription,
    membership::v1::{
        ListMembershipsRequest, ListMembershipsResponse, MemberDetails, Membership, MembershipView,
    },
};
use authz::Context;
use service::{Page, parse};
use types::OrganizationId;

use super::App;
use crate::{error::Error, peers::summarize, store::memberships};

/// Maximum number of memberships on a page with details from other services.
const MAX_DETAILED_PAGE_SIZE: usize = 100;

/// Lists memberships, ordered by name.
pub(crate) async fn list_memberships(
    app: &App,
    context: &Context,
    request: ListMembershipsRequest,
) -> Result<ListMembershipsResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    app.permit(context, &organization).await?;
    let sealer = app.store.sealer();
    let list = format!("memberships {organization}");
    let detailed = request.view() == MembershipView::Full;
    let mut page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    if detailed {
        page = page.at_most(MAX_DETAILED_PAGE_SIZE);
    }
    let db = app.store.reader();
    let rows = memberships::page(db, &organization, &page.after, page.limit()).await?;
    let prefix = format!("{}/memberships/", request.parent);
    let (mut memberships, next_page_token) = page.cut(sealer, rows, |membership| {
        membership.name.replacen(&prefix, "", 1)
    });
    if detailed && !memberships.is_empty() {
        add_details(app, context, &organization, &mut memberships).await?;
    }
    Ok(ListMembershipsResponse {
        memberships,
        next_page_token,
    })
}

/// Adds details from the other services, in one call to each.
async fn add_details(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    memberships: &mut [Membership],
) -> Result<(), Fault> {
    let subjects = memberships.iter().map(|member| member.subject.clone());
    let subjects: Vec<String> = subjects.collect();
    let (mut known, summaries) = tokio::try_join!(
        app.identity.describe(context, subjects.clone()),
        summarize(&app.entitlement, context, organization, subjects),
    )?;
    let summaries = summaries.into_iter().map(Some).chain(iter::repeat(None));
    for (membership, summary) in memberships.iter_mut().zip(summaries) {
        let description = known.remove(&membership.subject);
        let details = details(description.unwrap_or_default(), summary.unwrap_or_default());
        membership.details = Some(details);
    }
    Ok(())
}

fn details(description: SubjectDescription, summary: AccessSummary) -> MemberDetails {
    MemberDetails {
        display_name: description.display_name,
        email: description.email,
        login: description.login,
        roles: summary.roles,
        applications: summary.applications,
    }
}
