use ::rpc::Fault;
use ::store::{StoreError, Turn};
use api::entitlement::v1::{CreateApplicationRequest, CreateApplicationResponse};
use authz::Context;
use types::{ApplicationId, Id};

use super::{App, application_rules};
use crate::{error::Error, facts::FactKey, store::applications};

/// Creates an application with its modules and roles.
pub(crate) async fn create_application(
    app: &App,
    context: &Context,
    request: CreateApplicationRequest,
) -> Result<CreateApplicationResponse, Error> {
    let permit = app.permit(context).await?;
    let response: CreateApplicationResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let id = ApplicationId::parse(&request.application_id)
                .map_err(|error| Fault::field("application_id", error.to_string()))?;
            let application = request.application.unwrap_or_default();
            application_rules::check(&tx, &id, &application).await?;
            let inserted = match applications::insert(&tx, &id, &application).await {
                Err(StoreError::Duplicate(_)) => return Err(Error::ApplicationExists(id.name())),
                other => other?,
            };
            tx.emit(FactKey::Catalog.entity(), Vec::new());
            tx.finish(|consistency_token| CreateApplicationResponse {
                application: Some(inserted),
                consistency_token,
            })
            .await?
        }
    };
    app.await_propagation(context, &response.consistency_token)
        .await;
    Ok(response)
}
