//! Applications.

use api::entitlement::v1::{Application, CreateApplicationRequest, UpdateApplicationRequest};

use super::call::{Caller, call, id};
use crate::apply::{ApplyError, Changes};

/// Creates and changes applications.
pub(super) async fn applications(
    caller: &Caller,
    changes: Changes<Application>,
) -> Result<(), ApplyError> {
    for application in changes.create {
        let request = CreateApplicationRequest {
            application_id: id(&application.name),
            application: Some(application),
            ..CreateApplicationRequest::default()
        };
        call!(caller, Entitlement: catalog.create_application(request));
        caller.done(1);
    }
    for change in changes.change {
        let request = UpdateApplicationRequest {
            update_mask: Some(change.mask()),
            application: Some(change.fact),
            ..UpdateApplicationRequest::default()
        };
        call!(caller, Entitlement: catalog.update_application(request));
        caller.done(1);
    }
    Ok(())
}
