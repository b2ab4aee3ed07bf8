use ::rpc::Fault;
use ::store::{StoreError, Turn, WriteTx};
use api::membership::v1::{CreateMembershipRequest, CreateMembershipResponse, Membership};
use authz::Context;
use membership_core::membership_id;
use service::parse;
use types::{In, OrganizationId, Subject};

use super::App;
use crate::{
    error::Error,
    store::memberships::{self, NewMembership},
};

/// Creates a membership of a user or a service account.
pub(crate) async fn create_membership(
    app: &App,
    context: &Context,
    request: CreateMembershipRequest,
) -> Result<CreateMembershipResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let permit = app.permit(context, &organization).await?;
    let new = vec![new_membership(&request, "")?];
    check_subjects(app, context, &new).await?;
    let mut tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    let membership = insert(&mut tx, &organization, new).await?.pop();
    Ok(tx
        .finish(|consistency_token| CreateMembershipResponse {
            membership,
            consistency_token,
        })
        .await?)
}

/// Validates a membership to create; `at` is the path of the request in the call.
pub(super) fn new_membership(
    request: &CreateMembershipRequest,
    at: &str,
) -> Result<NewMembership, Fault> {
    let membership = request.membership.clone().unwrap_or_default();
    let field = format!("{at}membership.subject");
    let subject = parse(&field, &membership.subject, Subject::parse_name)?;
    let id = membership_id(&request.membership_id, &subject)
        .map_err(|error| Fault::field(format!("{at}membership_id"), error.to_string()))?;
    Ok(NewMembership {
        id,
        subject,
        subscription_active: membership.subscription_active,
    })
}

/// Checks in one call that all subjects exist. Call it before the transaction begins: nobody else
/// could write while it waits.
pub(super) async fn check_subjects(
    app: &App,
    context: &Context,
    memberships: &[NewMembership],
) -> Result<(), Error> {
    let names = memberships.iter().map(|new| new.subject.to_string());
    let names: Vec<String> = names.collect();
    let found = app.identity.describe(context, names.clone()).await?;
    match names.into_iter().find(|name| !found.contains_key(name)) {
        Some(name) => Err(Error::SubjectNotFound(name)),
        None => Ok(()),
    }
}

/// Inserts memberships, all or none.
pub(super) async fn insert(
    tx: &mut WriteTx,
    organization: &OrganizationId,
    memberships: Vec<NewMembership>,
) -> Result<Vec<Membership>, Error> {
    let taken = memberships::first_existing(tx.connection(), organization, &memberships).await?;
    if let Some(id) = taken {
        let organization = organization.clone();
        return Err(Error::MembershipExists(In { organization, id }.to_string()));
    }
    match memberships::insert(tx, organization, memberships).await {
        // All ids and subjects were free, so one is twice in the batch.
        Err(StoreError::Duplicate(_)) => Err(Error::MembershipsAlike),
        other => Ok(other?),
    }
}
