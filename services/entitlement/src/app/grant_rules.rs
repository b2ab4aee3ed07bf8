//! Validity rules for grants, checked wherever a grant is created or changed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use ::rpc::Fault;
use ::store::WriteTx;
use api::entitlement::v1::{Application, Grant, ManagementMode, Scope};
use entitlement_core::management;
use service::{moment, parse};
use types::{
    ApplicationId, GrantId, Id, In, OrganizationId, ResourceId, RoleName, Subject, UnitId, UnixTime,
};

use super::grant_conditions;
use crate::{
    error::Error,
    store::{
        applications, custom_roles, entitlements, grant_places::Uids, grants::NewGrant, members,
        representatives, resources, units,
    },
};

/// Parses a grant of a request; `at` is its path in the request.
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
    let (start, end) = window(grant.start_time.as_ref(), grant.end_time.as_ref(), at)?;
    if grant.can_delegate && role.application.as_str() != management::APPLICATION {
        let field = format!("{at}grant.can_delegate");
        return Err(Fault::field(field, "is only for roles that manage").into());
    }
    let condition = grant_conditions::read(&role, grant.condition, at)?;
    Ok(NewGrant {
        id,
        subject: grant.subject,
        scope: scope(
            organization,
            &role,
            grant.scope,
            &format!("{at}grant.scope"),
        )?,
        role,
        start,
        end,
        can_delegate: grant.can_delegate,
        condition,
    })
}

/// Returns the scope of a grant. A missing scope means the whole organization and is stored as
/// such, but not for management roles: omitting a field never grants organization-wide management
/// access. A scope that names nothing is an error.
// SPEC: S0-17, S2-23, S2-28, S3-20.
fn scope(
    organization: &OrganizationId,
    role: &RoleName,
    asked: Option<Scope>,
    field: &str,
) -> Result<Scope, Error> {
    let manages = role.application.as_str() == management::APPLICATION;
    let role = role.to_string();
    let everywhere = Scope {
        all: true,
        ..Scope::default()
    };
    let asked = if management::holds_everywhere(&role) {
        if asked.is_some_and(|asked| asked != everywhere) {
            return Err(Error::ScopesNotAllowed {
                field: field.to_owned(),
                role,
            });
        }
        everywhere
    } else if manages {
        asked.unwrap_or_default()
    } else {
        asked.unwrap_or(everywhere)
    };
    let applications = format!("{field}.applications");
    let is_admin = role == management::ADMIN_ROLE;
    if is_admin && asked.applications.is_empty() {
        return Err(Fault::field(applications, "must name those that are managed").into());
    }
    if !is_admin && !asked.applications.is_empty() {
        let only = format!("is only for `{}`", management::ADMIN_ROLE);
        return Err(Fault::field(applications, only).into());
    }
    for name in &asked.applications {
        let application = parse(&applications, name, ApplicationId::parse_name)?;
        if application.as_str() == management::APPLICATION {
            return Err(Fault::field(applications, "is managed by owners").into());
        }
    }
    check_scope(organization, asked, field)
}

/// Returns the period of validity of a grant.
fn window(
    start: Option<&prost_types::Timestamp>,
    end: Option<&prost_types::Timestamp>,
    at: &str,
) -> Result<(UnixTime, UnixTime), Fault> {
    let start = moment(&format!("{at}grant.start_time"), start, UnixTime::MIN)?;
    let field = format!("{at}grant.end_time");
    let end = moment(&field, end, UnixTime::MAX)?;
    if end <= start {
        return Err(Fault::field(field, "must be after the start"));
    }
    Ok((start, end))
}

/// Checks the syntax of a scope and sorts its names.
fn check_scope(
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
    scope.applications.sort_unstable();
    scope.applications.dedup();
    Ok(scope)
}

/// Reports a name of another organization as one that does not exist.
fn within(own: &OrganizationId, other: &OrganizationId, name: &str) -> Result<(), Error> {
    if own == other {
        return Ok(());
    }
    Err(Error::ScopeOutOfOrganization(name.to_owned()))
}

/// Checks that these grants are valid: the role exists and is managed here, the organization has
/// the application, the subject is a member, and the scope exists. Returns the unique ids of the
/// units and resources in the scopes, which tell them from others of the same name.
pub(super) async fn check(
    tx: &WriteTx,
    organization: &OrganizationId,
    grants: &[NewGrant],
) -> Result<Uids, Error> {
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
    let managed: BTreeSet<&String> = scopes
        .iter()
        .flat_map(|scope| &scope.applications)
        .collect();
    for name in managed {
        let application = parse("grant.scope.applications", name, ApplicationId::parse_name)?;
        check_entitled(tx, organization, &application).await?;
    }
    let uids = check_scopes_exist(tx, organization, &scopes).await?;
    grant_conditions::check_count(tx, organization, grants).await?;
    Ok(uids)
}

async fn check_role(
    tx: &WriteTx,
    organization: &OrganizationId,
    role: &RoleName,
) -> Result<(), Error> {
    let found = applications::find(tx.connection(), &role.application).await?;
    let not_found = || Error::RoleNotFound(role.to_string());
    let (application, _) = found.ok_or_else(not_found)?;
    let exists = match &role.organization {
        None => {
            let mut declared = application.roles.iter();
            declared.any(|other| other.role_id == role.role.as_str())
        }
        // A role of another organization is reported as not found.
        Some(own) if own == organization => {
            let found = custom_roles::find(tx.connection(), organization, role).await?;
            found.is_some()
        }
        Some(_) => false,
    };
    if !exists {
        return Err(not_found());
    }
    check_managed(tx, organization, &application, &role.application).await
}

/// Checks that access to an application is managed here, and that the organization is entitled to
/// it.
pub(super) async fn check_managed(
    tx: &WriteTx,
    organization: &OrganizationId,
    application: &Application,
    id: &ApplicationId,
) -> Result<(), Error> {
    if application.management_mode() == ManagementMode::External {
        return Err(Error::RightsExternallyManaged(application.name.clone()));
    }
    check_entitled(tx, organization, id).await
}

/// Checks that the organization is entitled to an application. Only the operator could grant the
/// entitlement, so the error names the operator's representative for the organization.
// SPEC: S0-8.
async fn check_entitled(
    tx: &WriteTx,
    organization: &OrganizationId,
    application: &ApplicationId,
) -> Result<(), Error> {
    let (db, id) = (tx.connection(), application.as_str());
    match entitlements::find(db, organization, id, tx.now()).await? {
        Some(_) => Ok(()),
        None => Err(Error::ApplicationNotEntitled {
            application: application.name(),
            representative: representatives::find(db, organization).await?,
        }),
    }
}

/// Checks that all units and resources in the scopes exist in the organization.
async fn check_scopes_exist(
    tx: &WriteTx,
    organization: &OrganizationId,
    scopes: &[&Scope],
) -> Result<Uids, Error> {
    let named = |names: fn(&Scope) -> &Vec<String>| {
        let named = scopes.iter().flat_map(move |scope| names(scope));
        let ids = named.map(|name| name.rsplit('/').next().unwrap_or_default());
        ids.collect::<BTreeSet<&str>>()
    };
    let wanted = named(|scope| &scope.units);
    let ids: Vec<&str> = wanted.iter().copied().collect();
    let units = units::find(tx.connection(), organization, &ids).await?;
    missing(&wanted, units.iter().map(|row| row.id.as_str()))?;
    let wanted = named(|scope| &scope.resources);
    let ids: Vec<&str> = wanted.iter().copied().collect();
    let resources = resources::find(tx.connection(), organization, &ids).await?;
    missing(&wanted, resources.iter().map(|row| row.id.as_str()))?;
    let units = units.into_iter().map(|row| (row.place(), row.uid));
    let resources = resources.into_iter().map(|row| (row.place(), row.uid));
    Ok(units.chain(resources).collect())
}

fn missing<'a>(wanted: &BTreeSet<&str>, found: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    let found: BTreeSet<&str> = found.collect();
    match wanted.difference(&found).next() {
        Some(id) => Err(Error::ScopeOutOfOrganization((*id).to_owned())),
        None => Ok(()),
    }
}
