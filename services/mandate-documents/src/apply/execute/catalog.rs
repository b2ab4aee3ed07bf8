//! Applications.

use api::entitlement::v1::{Application, CreateApplicationRequest, UpdateApplicationRequest};

use super::{
    Halted,
    call::{Caller, call, id},
};
use crate::apply::Changes;

/// Creates and changes applications.
pub(super) async fn applications(
    caller: &Caller,
    changes: Changes<Application>,
) -> Result<(), Halted> {
    for application in changes.create {
        let name = application.name.clone();
        let request = CreateApplicationRequest {
            application_id: id(&name),
            application: Some(application),
            ..CreateApplicationRequest::default()
        };
        call!(caller, name, Entitlement: catalog.create_application(request));
    }
    for change in changes.change {
        let name = change.fact.name.clone();
        let request = UpdateApplicationRequest {
            update_mask: Some(change.mask()),
            application: Some(change.fact),
            ..UpdateApplicationRequest::default()
        };
        call!(caller, name, Entitlement: catalog.update_application(request));
    }
    Ok(())
}
