use ::rpc::Fault;
use ::store::{Turn, WriteTx};
use api::entitlement::v1::{Application, UpdateApplicationRequest, UpdateApplicationResponse};
use authz::Context;
use service::{expect_etag, parse};
use types::{ApplicationId, RoleName};

use super::{App, application_rules, widening};
use crate::{
    error::Error,
    facts::FactKey,
    store::{applications, grants},
};

/// Changes the fields that the mask names.
pub(crate) async fn update_application(
    app: &App,
    context: &Context,
    request: UpdateApplicationRequest,
) -> Result<UpdateApplicationResponse, Error> {
    let name = request.application.clone().unwrap_or_default().name;
    let id = parse("application.name", &name, ApplicationId::parse_name)?;
    let permit = app.permit(context).await?;
    let mut response: UpdateApplicationResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            // The log lock: nobody can grant a role while it is removed.
            tx.lock_log().await?;
            application_rules::refuse_built_in(&id)?;
            let (old, version) = applications::find(tx.connection(), &id)
                .await?
                .ok_or(Error::ApplicationNotFound(name))?;
            let new = request.application.unwrap_or_default();
            expect_etag(&new.etag, version)?;
            let merged = merge(&old, &new, &request.update_mask.unwrap_or_default().paths)?;
            refuse_removed_roles(&tx, &old, &merged).await?;
            application_rules::check(&tx, &id, &merged).await?;
            widening::by_catalog(&tx, permit.holder(), &id, (&old, &merged)).await?;
            let updated = applications::update(&tx, &id, version, &merged).await?;
            tx.emit(FactKey::Catalog.entity(), Vec::new());
            tx.finish(|consistency_token| UpdateApplicationResponse {
                application: Some(updated),
                consistency_token,
                ..UpdateApplicationResponse::default()
            })
            .await?
        }
    };
    let propagation = app
        .await_propagation(context, &response.consistency_token)
        .await;
    response.set_propagation(propagation);
    Ok(response)
}

/// Returns an application with the masked fields taken from another.
pub(super) fn merge(
    old: &Application,
    new: &Application,
    paths: &[String],
) -> Result<Application, Fault> {
    let mut merged = old.clone();
    for path in paths {
        match path.as_str() {
            "display_name" => merged.display_name.clone_from(&new.display_name),
            "display_names" => merged.display_names.clone_from(&new.display_names),
            "aliases" => merged.aliases.clone_from(&new.aliases),
            "placements" => merged.placements.clone_from(&new.placements),
            "management_mode" => merged.management_mode = new.management_mode,
            "modules" => merged.modules.clone_from(&new.modules),
            "roles" => merged.roles.clone_from(&new.roles),
            "separations" => merged.separations.clone_from(&new.separations),
            _ => return Err(Fault::immutable(path)),
        }
    }
    Ok(merged)
}

async fn refuse_removed_roles(
    tx: &WriteTx,
    old: &Application,
    merged: &Application,
) -> Result<(), Error> {
    for role in &old.roles {
        let kept = merged
            .roles
            .iter()
            .any(|other| other.role_id == role.role_id);
        let name = parse("name", &role.name, RoleName::parse_name)?;
        if !kept && grants::is_held(tx.connection(), &name).await? {
            return Err(Error::RoleHeld(role.role_id.clone()));
        }
    }
    Ok(())
}
