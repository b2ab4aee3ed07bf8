//! What a grant must be for somebody to give it. Checked wherever a grant comes into being or
//! changes.

use std::collections::{BTreeMap, HashSet};

use ::rpc::{Fault, moment, parse};
use ::store::WriteTx;
use api::entitlement::v1::{Grant, ManagementMode, Scope};
use authority::{Caller, Context, Reach};
use base::{GrantId, Id, In, Millis, OrganizationId, ResourceId, RoleName, Subject, UnitId};
use entitlement_core::management;

use super::App;
use crate::{
    error::Error,
    facts::Piece,
    store::{applications, entitlements, grants::NewGrant, members, resources, units},
};

/// Reads what a request asks to give; `at` is where in it the grant stands.
pub(super) fn read(
    organization: &OrganizationId,
    grant: Grant,
    id: &str,
    at: &str,
) -> Result<NewGrant, Error> {
    let chosen = if id.is_empty() {
        format!("g{}", uuid::Uuid::now_v7().simple())
    } else {
        id.to_owned()
    };
    let id = GrantId::parse(&chosen)
        .map_err(|error| Fault::field(format!("{at}grant_id"), error.to_string()))?;
    parse(
        &format!("{at}grant.subject"),
        &grant.subject,
        Subject::parse_name,
    )?;
    let role = parse(
        &format!("{at}grant.role"),
        &grant.role,
        RoleName::parse_name,
    )?;
    // A scope that is absent is everything, and is stored as such; one that names nothing is
    // a mistake, and never everything.
    let scope = grant.scope.unwrap_or(Scope {
        all: true,
        ..Scope::default()
    });
    let (start, end) = window(grant.start_time.as_ref(), grant.end_time.as_ref(), at)?;
    Ok(NewGrant {
        id,
        subject: grant.subject,
        role,
        scope: check_scope(organization, scope, &format!("{at}grant.scope"))?,
        start,
        end,
    })
}

/// From when to when a grant holds.
pub(super) fn window(
    start: Option<&prost_types::Timestamp>,
    end: Option<&prost_types::Timestamp>,
    at: &str,
) -> Result<(Millis, Millis), Fault> {
    let start = moment(&format!("{at}grant.start_time"), start, Millis::MIN)?;
    let field = format!("{at}grant.end_time");
    let end = moment(&field, end, Millis::MAX)?;
    if end <= start {
        return Err(Fault::field(field, "must be after the start"));
    }
    Ok((start, end))
}

/// The grammar of a scope, its names in order.
pub(super) fn check_scope(
    organization: &OrganizationId,
    mut scope: Scope,
    field: &str,
) -> Result<Scope, Error> {
    let empty = scope.units.is_empty() && scope.resources.is_empty();
    if scope.all && !empty {
        return Err(Fault::field(field, "`all` excludes units and resources").into());
    }
    if !scope.all && empty {
        return Err(Error::ScopeRequired(field.to_owned()));
    }
    for name in &scope.units {
        let unit = parse(&format!("{field}.units"), name, In::<UnitId>::parse_name)?;
        within(organization, &unit.organization, name)?;
    }
    for name in &scope.resources {
        let field = format!("{field}.resources");
        let resource = parse(&field, name, In::<ResourceId>::parse_name)?;
        within(organization, &resource.organization, name)?;
    }
    scope.units.sort_unstable();
    scope.units.dedup();
    scope.resources.sort_unstable();
    scope.resources.dedup();
    Ok(scope)
}

/// A name of another organization is answered as one that does not exist.
fn within(own: &OrganizationId, other: &OrganizationId, name: &str) -> Result<(), Error> {
    if own == other {
        return Ok(());
    }
    Err(Error::ScopeOutOfOrganization(name.to_owned()))
}

/// That these grants can be given: the role exists and is managed here, the organization has the
/// application, the subject is a member, and the scope exists.
pub(super) async fn check(
    tx: &WriteTx,
    organization: &OrganizationId,
    grants: &[NewGrant],
) -> Result<(), Error> {
    let roles: BTreeMap<String, &RoleName> = grants
        .iter()
        .map(|grant| (grant.role.to_string(), &grant.role))
        .collect();
    for role in roles.values() {
        check_role(tx, organization, role).await?;
    }
    let subjects: HashSet<&str> = grants.iter().map(|grant| grant.subject.as_str()).collect();
    let subjects: Vec<&str> = subjects.into_iter().collect();
    let found = members::of_subjects(tx.connection(), organization, &subjects).await?;
    let members: HashSet<&str> = found.iter().map(|row| row.subject.as_str()).collect();
    if let Some(missing) = grants
        .iter()
        .find(|grant| !members.contains(grant.subject.as_str()))
    {
        return Err(Error::UserNotMember(missing.subject.clone()));
    }
    let scopes: Vec<&Scope> = grants.iter().map(|grant| &grant.scope).collect();
    check_scopes_exist(tx, organization, &scopes).await
}

async fn check_role(
    tx: &WriteTx,
    organization: &OrganizationId,
    role: &RoleName,
) -> Result<(), Error> {
    let found = applications::find(tx.connection(), &role.application).await?;
    let not_found = || Error::RoleNotFound(role.to_string());
    let (application, _) = found.ok_or_else(not_found)?;
    let declared = application.roles.iter();
    if !declared
        .into_iter()
        .any(|other| other.role_id == role.role.as_str())
    {
        return Err(not_found());
    }
    if application.management_mode() == ManagementMode::External {
        return Err(Error::RightsExternallyManaged(application.name));
    }
    let id = role.application.as_str();
    if entitlements::find(tx.connection(), organization, id)
        .await?
        .is_none()
    {
        return Err(Error::ApplicationNotEntitled(application.name));
    }
    Ok(())
}

/// That a caller who gives a role which manages holds all that it holds: nobody gives more power
/// than they have. Asked before the write begins: it may wait for facts.
pub(super) async fn permit_role(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    role: &RoleName,
) -> Result<(), Error> {
    if role.application.as_str() != management::APPLICATION {
        return Ok(());
    }
    let Caller::Subject(caller) = &context.caller else {
        return Err(Fault::denied().into());
    };
    let held = app.engine.facts.read(|world| {
        let catalog = world.catalog()?;
        let given = catalog
            .role(&role.to_string())
            .into_iter()
            .flat_map(|role| {
                let all = catalog.application_of_role(role).into_iter();
                all.flat_map(|application| catalog.permissions_of(application))
                    .filter(move |permission| catalog.holds(role, *permission))
            });
        Ok::<Vec<String>, Vec<Piece>>(
            given
                .map(|permission| catalog.permission_name(permission).to_owned())
                .collect(),
        )
    });
    for permission in held.await? {
        let reach = Reach::Organization(organization);
        if !app.engine.manages(&caller.name, &permission, reach).await? {
            return Err(Fault::denied().into());
        }
    }
    Ok(())
}

/// That the organization has whatever the scopes name.
async fn check_scopes_exist(
    tx: &WriteTx,
    organization: &OrganizationId,
    scopes: &[&Scope],
) -> Result<(), Error> {
    let last = |name: &'_ String| name.rsplit('/').next().unwrap_or_default().to_owned();
    let wanted: HashSet<String> = scopes
        .iter()
        .flat_map(|scope| &scope.units)
        .map(last)
        .collect();
    let ids: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let found = units::existing(tx.connection(), organization, &ids).await?;
    missing(&wanted, found)?;
    let named = scopes.iter().flat_map(|scope| &scope.resources);
    let wanted: HashSet<String> = named.map(last).collect();
    let ids: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let found = resources::find(tx.connection(), organization, &ids).await?;
    missing(&wanted, found.into_iter().map(|row| row.id).collect())
}

fn missing(wanted: &HashSet<String>, found: Vec<String>) -> Result<(), Error> {
    let found: HashSet<String> = found.into_iter().collect();
    match wanted.difference(&found).min() {
        Some(id) => Err(Error::ScopeOutOfOrganization(id.clone())),
        None => Ok(()),
    }
}
