//! Preconditions of a batch of grants.

use ::store::WriteTx;
use api::entitlement::v1::{GrantPrecondition, GrantState};
use authz::Context;
use service::parse;
use types::{OrganizationId, RoleName, Subject};

use super::{App, delegation::visible_grants};
use crate::{
    error::Error,
    store::grants::{self, Filter},
};

/// Checks the preconditions of a batch.
pub(super) async fn check(
    app: &App,
    context: &Context,
    tx: &WriteTx,
    organization: &OrganizationId,
    preconditions: &[GrantPrecondition],
) -> Result<(), Error> {
    for (index, precondition) in preconditions.iter().enumerate() {
        let at = format!("preconditions[{index}]");
        let (subject, role) = (&precondition.subject, &precondition.role);
        parse(&format!("{at}.subject"), subject, Subject::parse_name)?;
        let filter = Filter {
            subject: subject.clone(),
            role: Some(parse(&format!("{at}.role"), role, RoleName::parse_name)?),
            state: GrantState::Active,
            ..Filter::default()
        };
        let (db, every) = (tx.connection(), u64::from(u32::MAX));
        let found = grants::page(db, organization, &filter, "", every, tx.now()).await?;
        let seen = visible_grants(app, context, organization, &found).await?;
        if seen.contains(&true) != precondition.must_exist {
            return Err(Error::PreconditionNotMet {
                at,
                subject: subject.clone(),
                role: role.clone(),
                must: precondition.must_exist,
            });
        }
    }
    Ok(())
}
