use ::rpc::Fault;
use ::store::{StoreError, Turn};
use api::identity::v1::{CreateServiceAccountKeyRequest, CreateServiceAccountKeyResponse};
use authz::Context;
use identity_core::KeySecret;
use service::{moment, parse};
use types::{Id, KeyId, KeyName, ServiceAccountId, UnixTime};

use super::{App, id_or_new, oidc_identity::oidc_identity};
use crate::{
    error::Error,
    secret,
    store::{
        keys::{self, Proof},
        service_accounts,
    },
};

/// Creates a key and returns its secret, once, if it has one. For another account, the caller must
/// be able to grant all access of that account.
// SPEC: B7.
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
    let wanted = request.key.unwrap_or_default();
    let expire = moment(
        "key.expire_time",
        wanted.expire_time.as_ref(),
        UnixTime::MAX,
    )?;
    let identity = wanted.oidc.as_ref();
    let identity = identity.map(|identity| oidc_identity("key.oidc", identity));
    let identity = identity.transpose()?;
    let key = KeyId::parse(&id_or_new("", 'k')).map_err(Fault::internal)?;
    let random = secret::random().map_err(Fault::internal)?;
    let secret = KeySecret::compose(&key, &random);
    let name = KeyName {
        service_account: id,
        key,
    };
    let hash = secret::hash(&secret);
    let proof = identity.as_ref().map_or(Proof::Secret(&hash), Proof::Oidc);
    let key = match (keys::insert(&mut tx, &name, proof, expire).await, &identity) {
        (Err(StoreError::Duplicate(_)), Some(identity)) => {
            return Err(Error::OidcIdentityTaken(identity.clone()));
        }
        (inserted, _) => inserted?,
    };
    app.check_can_grant(context, &permit, &name.service_account.name())
        .await?;
    // The response stored for a repeated request has no secret.
    let mut response = tx
        .finish(|consistency_token| CreateServiceAccountKeyResponse {
            key: Some(key),
            secret: String::new(),
            consistency_token,
        })
        .await?;
    if !request.validate_only && identity.is_none() {
        response.secret = secret;
    }
    // The wait makes sure that entitlement knows the key before it is first presented.
    let token = &response.consistency_token;
    app.entitlement.propagated(context, token).await;
    Ok(response)
}
