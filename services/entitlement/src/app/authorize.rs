use api::entitlement::v1::{AuthorizeRequest, AuthorizeResponse};
use authz::{Context, Reach, Verdict};
use service::parse;
use types::{OrganizationId, Subject};

use super::App;
use crate::error::Error;

/// Checks if a caller of another service holds a management permission.
pub(crate) async fn authorize(
    app: &App,
    context: &Context,
    request: AuthorizeRequest,
) -> Result<AuthorizeResponse, Error> {
    app.permit(context).await?;
    parse("caller", &request.caller, Subject::parse_name)?;
    let organization = match request.organization.as_str() {
        "" => None,
        name => Some(parse("organization", name, OrganizationId::parse_name)?),
    };
    let reach = match &organization {
        None => Reach::Operator,
        Some(organization) if request.anywhere => Reach::Within(organization),
        Some(organization) => Reach::Organization(organization),
    };
    let known = app.engine.facts.revision();
    let verdict = decide(app, &request, reach).await?;
    if verdict.allowed {
        return Ok(verdict);
    }
    // The deciding grant may have been created through another replica, or may depend on another
    // service's change.
    match app.catch_up(context).await {
        Ok(revision) if revision == known => Ok(verdict),
        Ok(_) => decide(app, &request, reach).await,
        Err(error) => {
            tracing::warn!(%error, "a caller is refused by facts that may be behind");
            Ok(verdict)
        }
    }
}

async fn decide(
    app: &App,
    request: &AuthorizeRequest,
    reach: Reach<'_>,
) -> Result<AuthorizeResponse, Error> {
    let (caller, permission) = (&request.caller, &request.permission);
    let verdict = if request.audited {
        app.engine.verdict(caller, permission, reach).await?
    } else {
        Verdict::without_proof(app.engine.manages(caller, permission, reach).await?)
    };
    Ok(match verdict {
        Verdict::Allowed(granter_facts) => AuthorizeResponse {
            allowed: true,
            grant: granter_facts.grant,
            granted_by: granter_facts.granted_by,
            ..AuthorizeResponse::default()
        },
        Verdict::Denied { member } => AuthorizeResponse {
            member,
            ..AuthorizeResponse::default()
        },
    })
}
