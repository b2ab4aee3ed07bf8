use ::rpc::{parse, timestamp};
use api::entitlement::v1::{ReleaseMemberRequest, ReleaseMemberResponse};
use authority::{Context, Permit};
use base::{Millis, OrganizationId, Subject};
use entitlement_core::management;

use super::{App, grant_power, keepers, update_grant::Held};
use crate::{
    error::Error,
    store::{grants, releases},
};

/// How long a member who is released is not counted, in milliseconds: longer than a transaction of
/// membership can take, as databases end those that wait.
const RELEASE: i64 = 60_000;

/// Lets somebody suspend a member or end the membership, if they may take from the member all by
/// which the member manages, and if those stay whom the organization needs.
// SPEC: S1-36, S2-32, S4-35.
pub(crate) async fn release_member(
    app: &App,
    context: &Context,
    request: ReleaseMemberRequest,
) -> Result<ReleaseMemberResponse, Error> {
    app.permit(context).await?;
    let caller = parse("caller", &request.caller, Subject::parse_name)?.to_string();
    let subject = parse("subject", &request.subject, Subject::parse_name)?.to_string();
    let organization = parse(
        "organization",
        &request.organization,
        OrganizationId::parse_name,
    )?;
    if caller == subject {
        return Err(Error::SelfEditForbidden);
    }
    let permit = Permit::system("release member");
    let tx = app.store.begin_unrepeated(&permit).await?;
    app.lead(&tx).await?;
    let held = grants::of_subjects(tx.connection(), &organization, Some(&[&subject])).await?;
    let manages = held
        .iter()
        .filter(|row| row.application == management::APPLICATION && row.end_ms > tx.now().0)
        .map(|row| Held::read(&organization, &grants::grant(row, tx.now())?))
        .collect::<Result<Vec<_>, Error>>()?;
    grant_power::take_all(app, &caller, &organization, &manages).await?;
    keepers::member(&tx, &organization, &subject).await?;
    let until = Millis(tx.now().0 + RELEASE);
    if !request.only_asked {
        releases::put(&tx, &organization, &subject, until).await?;
        tx.commit().await?;
    }
    Ok(ReleaseMemberResponse {
        release_time: timestamp(until),
    })
}
