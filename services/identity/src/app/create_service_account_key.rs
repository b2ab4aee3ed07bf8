use ::rpc::{Fault, moment, parse};
use ::store::Turn;
use api::identity::v1::{CreateServiceAccountKeyRequest, CreateServiceAccountKeyResponse};
use authority::Context;
use base::{Id, KeyId, KeyName, Millis, ServiceAccountId};
use identity_core::KeySecret;

use super::{App, id_or_new};
use crate::{
    error::Error,
    secret,
    store::{keys, service_accounts},
};

/// Creates a key and returns its secret, once.
pub(crate) async fn create_service_account_key(
    app: &App,
    context: &Context,
    request: CreateServiceAccountKeyRequest,
) -> Result<CreateServiceAccountKeyResponse, Error> {
    let id = parse("parent", &request.parent, ServiceAccountId::parse_name)?;
    let permit = app.permit(context).await?;
    let mut tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    if service_accounts::find(tx.connection(), &id)
        .await?
        .is_none()
    {
        return Err(Error::ServiceAccountNotFound(request.parent));
    }
    let expire = request.key.unwrap_or_default().expire_time;
    let expire = moment("key.expire_time", expire.as_ref(), Millis::MAX)?;
    let key = KeyId::parse(&id_or_new("", 'k')).map_err(Fault::internal)?;
    let random = secret::random().map_err(Fault::internal)?;
    let secret = KeySecret::compose(&key, &random);
    let name = KeyName {
        service_account: id,
        key,
    };
    let key = keys::insert(&mut tx, &name, &secret::hash(&secret), expire).await?;
    // What is kept for a repeated request has no secret.
    let mut response = tx
        .finish(|consistency_token| CreateServiceAccountKeyResponse {
            key: Some(key),
            secret: String::new(),
            consistency_token,
        })
        .await?;
    if !request.validate_only {
        response.secret = secret;
    }
    // So that the key is somebody's when it is first presented.
    let token = &response.consistency_token;
    app.entitlement.propagated(context, token).await;
    Ok(response)
}
