use ::store::{Turn, WriteTx};
use api::identity::v1::{
    DisableServiceAccountRequest, DisableServiceAccountResponse, ServiceAccount,
    ServiceAccountState,
};
use authz::Context;
use identity_core::is_protected_account;
use service::{expect_etag, parse};
use types::ServiceAccountId;

use super::App;
use crate::{error::Error, store::service_accounts};

/// Disables a service account, so that no key and no access of it is in force; returns once the
/// change has propagated.
pub(crate) async fn disable_service_account(
    app: &App,
    context: &Context,
    request: DisableServiceAccountRequest,
) -> Result<DisableServiceAccountResponse, Error> {
    let id = parse("name", &request.name, ServiceAccountId::parse_name)?;
    let permit = app.permit(context).await?;
    let mut response: DisableServiceAccountResponse =
        match app.store.begin(&permit, &request).await? {
            Turn::Repeat(response) => response,
            Turn::Write(mut tx) => {
                let account = set_active(&mut tx, &id, &request.etag, false).await?;
                let protected = is_protected_account(&id);
                let only = request.validate_only || protected;
                app.release(context, &permit, &account.name, only).await?;
                if protected {
                    return Err(Error::Protected(account.name));
                }
                tx.finish(|consistency_token| DisableServiceAccountResponse {
                    service_account: Some(account),
                    consistency_token,
                    ..DisableServiceAccountResponse::default()
                })
                .await?
            }
        };
    let token = &response.consistency_token;
    let propagation = app.entitlement.propagated(context, token).await;
    response.set_propagation(propagation);
    Ok(response)
}

/// Changes the state of a service account, which must be in the other one.
pub(super) async fn set_active(
    tx: &mut WriteTx,
    id: &ServiceAccountId,
    etag: &str,
    active: bool,
) -> Result<ServiceAccount, Error> {
    let (account, version) = service_accounts::find(tx.connection(), id)
        .await?
        .ok_or_else(|| Error::ServiceAccountNotFound(id.name()))?;
    expect_etag(etag, version)?;
    if (account.state() == ServiceAccountState::Active) == active {
        return Err(Error::WrongState {
            name: account.name,
            state: if active { "active" } else { "disabled" },
        });
    }
    Ok(service_accounts::set_active(tx, id, version, active).await?)
}
