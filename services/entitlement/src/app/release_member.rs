use ::rpc::Fault;
use ::store::WriteTx;
use api::entitlement::v1::{ReleaseMemberRequest, ReleaseMemberResponse};
use authz::{Context, Permit};
use entitlement_core::management;
use service::{parse, timestamp};
use types::{Id, OrganizationId, Subject, UnixTime};

use super::{
    App,
    check_control::optional,
    control::Control,
    required_holders::{Keepers, POST_ROLE_IDS},
};
use crate::{
    error::Error,
    store::{grants::Of, pending_releases},
};

/// Time for which a released member is not counted, in milliseconds. Longer than any transaction of
/// the calling service, because databases end idle transactions.
const RELEASE_MS: i64 = 60_000;

/// Organizations per page.
const ORGANIZATIONS_PER_PAGE: u64 = 1000;

/// Permits the caller to suspend a member, end the membership, or make the subject inactive
/// everywhere, provided that the caller may revoke all its management access and the organizations
/// keep their required holders.
// SPEC: S1-36, S2-15, S2-32, S4-35.
pub(crate) async fn release_member(
    app: &App,
    context: &Context,
    request: ReleaseMemberRequest,
) -> Result<ReleaseMemberResponse, Error> {
    app.permit(context).await?;
    let caller = parse("caller", &request.caller, Subject::parse_name)?.to_string();
    let subject = optional("subject", &request.subject, Subject::parse_name)?;
    let organization = optional(
        "organization",
        &request.organization,
        OrganizationId::parse_name,
    )?;
    app.await_token(context, &request.consistency_token).await?;
    let tx = app
        .store
        .begin_internal(&Permit::system("release member"))
        .await?;
    tx.lock_log().await?;
    let subject = subject.map_or_else(String::new, |subject| subject.to_string());
    match &organization {
        _ if !subject.is_empty() => {
            let control = Control {
                app,
                db: tx.connection(),
                caller: &caller,
                taken: true,
                now: tx.now(),
            };
            control.over(&subject, organization.as_ref()).await?;
            check_required_holders(app, &tx, &subject, organization.as_ref()).await?;
        }
        Some(organization) => Keepers::read(app, &tx, organization)
            .await?
            .when_subscription_required()?,
        None => return Err(Fault::field("subject", "must be set").into()),
    }
    let until = UnixTime(tx.now().0 + RELEASE_MS);
    if !request.only_asked {
        pending_releases::put(&tx, organization.as_ref(), &subject, until).await?;
        tx.commit().await?;
    }
    Ok(ReleaseMemberResponse {
        release_time: timestamp(until),
    })
}

/// Checks the required holders of an organization, or of each organization in which the subject is
/// one of them.
async fn check_required_holders(
    app: &App,
    tx: &WriteTx,
    subject: &str,
    organization: Option<&OrganizationId>,
) -> Result<(), Error> {
    if let Some(organization) = organization {
        return Keepers::read(app, tx, organization)
            .await?
            .without_member(subject);
    }
    let posts = Of {
        subject,
        application: Some(management::APPLICATION),
        roles: &POST_ROLE_IDS,
        now: tx.now(),
    };
    let mut after = String::new();
    loop {
        let page = posts
            .organizations(tx.connection(), &after, ORGANIZATIONS_PER_PAGE)
            .await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        last.as_str().clone_into(&mut after);
        for organization in &page {
            let keepers = Keepers::read(app, tx, organization).await?;
            keepers.without_member(subject)?;
        }
    }
}
