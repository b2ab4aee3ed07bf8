use ::rpc::{expect_etag, parse};
use ::store::Turn;
use api::{
    common::v1::Propagation,
    identity::v1::{
        EnableServiceAccountRequest, EnableServiceAccountResponse, ServiceAccountState,
    },
};
use authority::Context;
use base::ServiceAccountId;

use super::App;
use crate::{error::Error, store::service_accounts};

/// Makes a disabled service account active again; returns once every later check sees it.
pub(crate) async fn enable_service_account(
    app: &App,
    context: &Context,
    request: EnableServiceAccountRequest,
) -> Result<EnableServiceAccountResponse, Error> {
    let id = parse("name", &request.name, ServiceAccountId::parse_name)?;
    let permit = app.permit(context).await?;
    let mut response = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let (account, version) = service_accounts::find(tx.connection(), &id)
                .await?
                .ok_or(Error::ServiceAccountNotFound(request.name))?;
            expect_etag(&request.etag, version)?;
            if account.state() != ServiceAccountState::Disabled {
                return Err(Error::WrongState {
                    name: account.name,
                    state: "active",
                });
            }
            let account = service_accounts::set_active(&mut tx, &id, version, true).await?;
            tx.finish(|consistency_token| EnableServiceAccountResponse {
                service_account: Some(account),
                consistency_token,
                propagation: Propagation::Unspecified.into(),
            })
            .await?
        }
    };
    let token = &response.consistency_token;
    let propagation = app.entitlement.propagated(context, token).await;
    response.set_propagation(propagation);
    Ok(response)
}
