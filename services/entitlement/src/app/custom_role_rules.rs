//! Rules for custom roles.

use ::rpc::Fault;
use ::store::WriteTx;
use api::entitlement::v1::CustomRole;
use authz::Context;
use entitlement_core::{management, parts};
use service::parse;
use types::{ApplicationId, Id, OrganizationId, RoleId, RoleName};

use super::{App, delegation, grant_rules, separation_of_duties};
use crate::{
    catalog,
    error::Error,
    store::{applications, grants},
};

/// Maximum number of custom roles of an organization: all are in memory with it.
pub(super) const MAX_CUSTOM_ROLES: u64 = 256;
/// Owners per page of the search for a holder of a role.
const OWNERS_PER_PAGE: u64 = 1000;

/// Returns the name of a role to be created.
pub(super) fn name(
    organization: &OrganizationId,
    role: &CustomRole,
    id: &str,
) -> Result<RoleName, Error> {
    let field = "custom_role.application";
    let application = parse(field, &role.application, ApplicationId::parse_name)?;
    let role =
        RoleId::parse(id).map_err(|error| Fault::field("custom_role_id", error.to_string()))?;
    Ok(RoleName {
        organization: Some(organization.clone()),
        application,
        role,
    })
}

/// Parses the name of a custom role, and returns its organization with it.
pub(super) fn parse_name(field: &str, name: &str) -> Result<(OrganizationId, RoleName), Error> {
    let role = parse(field, name, RoleName::parse_name)?;
    match &role.organization {
        Some(organization) => Ok((organization.clone(), role)),
        None => Err(Fault::field(field, "is a role of the catalog").into()),
    }
}

/// Checks that the organization may have this role: its application is managed here, declares these
/// permissions, and separates no two of them.
pub(super) async fn check(
    tx: &WriteTx,
    organization: &OrganizationId,
    name: &RoleName,
    role: &mut CustomRole,
) -> Result<(), Error> {
    let id = &name.application;
    let found = applications::find(tx.connection(), id).await?;
    let (application, _) = found.ok_or_else(|| Error::ApplicationNotFound(id.name()))?;
    grant_rules::check_managed(tx, organization, &application, id).await?;
    role.permissions.sort_unstable();
    role.permissions.dedup();
    if role.permissions.is_empty() {
        return Err(Fault::field("custom_role.permissions", "must name one").into());
    }
    let definition = catalog::definition(&application).map_err(Fault::internal)?;
    let known = definition.permissions().map_err(Fault::internal)?;
    let unknown = |asked: &&String| !known.iter().any(|(known, _)| known == *asked);
    if let Some(unknown) = role.permissions.iter().find(unknown) {
        return Err(Error::PermissionUnknown(unknown.clone()));
    }
    let taken = parts(&definition, &role.permissions).map_err(Fault::internal)?;
    match separation_of_duties::both(&definition, &taken) {
        None => Ok(()),
        Some((one, other)) => Err(Error::RoleSeparated {
            role: name.to_string(),
            one,
            other,
        }),
    }
}

/// Checks that the caller may change the permissions of a role from `before` to `after`.
pub(super) async fn granter_facts(
    app: &App,
    context: &Context,
    tx: &WriteTx,
    name: &RoleName,
    (before, after): (&[String], &[String]),
) -> Result<(), Error> {
    let Some(organization) = &name.organization else {
        return Err(Fault::denied().into());
    };
    let owner = owner_with(tx, organization, name).await?;
    let all = [before, after].concat();
    delegation::check_can_define_role(app, context, organization, (name, &all), owner.as_deref())
        .await
}

/// Returns an owner of the organization who holds the role.
async fn owner_with(
    tx: &WriteTx,
    organization: &OrganizationId,
    name: &RoleName,
) -> Result<Option<String>, Error> {
    let owner = RoleName::parse_name(management::OWNER_ROLE).map_err(Fault::internal)?;
    let role = name.to_string();
    let mut after = String::new();
    loop {
        let db = tx.connection();
        let owners =
            grants::subjects_with(db, organization, &owner, &after, OWNERS_PER_PAGE).await?;
        let Some(last) = owners.last() else {
            return Ok(None);
        };
        after.clone_from(last);
        let subjects: Vec<&str> = owners.iter().map(String::as_str).collect();
        let held = grants::of_subjects(db, organization, Some(&subjects)).await?;
        if let Some(found) = held.into_iter().find(|row| row.role_name() == role) {
            return Ok(Some(found.subject));
        }
    }
}
