use api::entitlement::v1::{AwaitProjectionRequest, AwaitProjectionResponse};
use authz::Context;

use super::App;
use crate::error::Error;

/// Returns once every later check on this replica sees a change.
pub(crate) async fn await_projection(
    app: &App,
    context: &Context,
    request: AwaitProjectionRequest,
) -> Result<AwaitProjectionResponse, Error> {
    app.permit(context).await?;
    let revision = app
        .engine
        .await_token(context, &request.consistency_token)
        .await?;
    Ok(AwaitProjectionResponse { revision })
}
