use ::rpc::Fault;
use api::membership::v1::{
    ChangeRequestState, ListChangeRequestsRequest, ListChangeRequestsResponse,
};
use authz::Context;
use service::{Page, parse};
use types::{In, MembershipId, OrganizationId};

use super::{App, change_request_rules as rules, named_entities};
use crate::{error::Error, store::change_requests};

/// Lists change requests that the caller may see, ordered by name.
pub(crate) async fn list_change_requests(
    app: &App,
    context: &Context,
    request: ListChangeRequestsRequest,
) -> Result<ListChangeRequestsResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let about = about(&organization, &request.membership)?;
    app.permit(context, &organization).await?;
    let state = Some(request.state()).filter(|state| *state != ChangeRequestState::Unspecified);
    let sealer = app.store.sealer();
    let list = format!(
        "change requests {organization} {} {}",
        request.membership, request.state
    );
    let requester = rules::visible_requester(app, context, &organization).await?;
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let mut rows = change_requests::page(
        app.store.reader(),
        &organization,
        (about.as_ref(), state, requester.as_deref()),
        &page.after,
        page.limit(),
    )
    .await?;
    named_entities::look_up(app.store.reader(), &organization, &mut rows).await?;
    let prefix = format!("{}/changeRequests/", request.parent);
    let (change_requests, next_page_token) = page.cut(sealer, rows, |request| {
        request.name.replacen(&prefix, "", 1)
    });
    Ok(ListChangeRequestsResponse {
        change_requests,
        next_page_token,
    })
}

/// Returns the membership of the filter.
fn about(organization: &OrganizationId, name: &str) -> Result<Option<MembershipId>, Fault> {
    if name.is_empty() {
        return Ok(None);
    }
    let name = parse("membership", name, In::<MembershipId>::parse_name)?;
    if name.organization != *organization {
        return Err(Fault::field(
            "membership",
            "must be of the same organization",
        ));
    }
    Ok(Some(name.id))
}
