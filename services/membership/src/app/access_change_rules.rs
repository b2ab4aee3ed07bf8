//! Grammar of access changes in a request. Entitlement checks the access of the approver, at
//! approval.

use std::collections::HashSet;

use ::rpc::Fault;
use api::{
    entitlement::v1::{CreateGrantRequest, GrantChange, Scope, grant_change::Change},
    membership::v1::AccessChange,
};
use prost::Message;
use service::parse;
use types::{ApplicationId, GrantId, Id, In, OrganizationId, ResourceId, RoleName, UnitId};

use super::{id_or_new, reference::check_part};

/// Maximum size of the changes of a request together, in bytes.
const MAX_CHANGES_BYTES: usize = 64 << 10;

/// The path of the changes in a request.
const CHANGES_PATH: &str = "change_request.change_access.changes";

/// Validates the requested changes and fills in subject and id of every new grant, so that
/// re-applying the request is idempotent. `subject` is `None` if there is no such member.
pub(super) fn complete(
    organization: &OrganizationId,
    subject: Option<&str>,
    change: &mut AccessChange,
) -> Result<(), Fault> {
    if change.encoded_len() > MAX_CHANGES_BYTES {
        return Err(Fault::field(
            CHANGES_PATH,
            "must be smaller than 64 KiB together",
        ));
    }
    let mut named: HashSet<GrantId> = HashSet::new();
    for (index, GrantChange { change }) in change.changes.iter_mut().enumerate() {
        let at = format!("{CHANGES_PATH}[{index}]");
        let id = match change {
            Some(Change::Create(create)) => {
                complete_grant(organization, subject, create, &format!("{at}.create."))?
            }
            Some(Change::Update(update)) => {
                let at = format!("{at}.update.");
                check_part(&at, update, "", "")?;
                reject_consistency_token(&at, &update.consistency_token)?;
                let grant = update.grant.as_ref();
                let scope = grant.and_then(|grant| grant.scope.as_ref());
                check_scope(organization, scope, &at)?;
                let name = grant.map_or("", |grant| &grant.name);
                own(organization, &format!("{at}grant.name"), name)?
            }
            Some(Change::Revoke(revoke)) => {
                let at = format!("{at}.revoke.");
                check_part(&at, revoke, "", "")?;
                own(organization, &format!("{at}name"), &revoke.name)?
            }
            None => return Err(Fault::field(at, "must be a change")),
        };
        if !named.insert(id) {
            return Err(Fault::field(at, "names a grant that another change names"));
        }
    }
    Ok(())
}

/// Completes a requested grant; returns its id.
fn complete_grant(
    organization: &OrganizationId,
    subject: Option<&str>,
    create: &mut CreateGrantRequest,
    at: &str,
) -> Result<GrantId, Fault> {
    check_part(at, create, &create.parent, &organization.name())?;
    reject_consistency_token(at, &create.consistency_token)?;
    create.grant_id = id_or_new(&create.grant_id, 'g');
    let id = GrantId::parse(&create.grant_id)
        .map_err(|error| Fault::field(format!("{at}grant_id"), error.to_string()))?;
    let grant = create.grant.get_or_insert_default();
    if let Some(subject) = subject {
        if !grant.subject.is_empty() && grant.subject != subject {
            let field = format!("{at}grant.subject");
            let other = "must be empty or that of the membership";
            return Err(Fault::field(field, other));
        }
        subject.clone_into(&mut grant.subject);
    }
    let role = format!("{at}grant.role");
    parse(&role, &grant.role, RoleName::parse_name)?;
    check_scope(organization, grant.scope.as_ref(), at)?;
    Ok(id)
}

fn check_scope(
    organization: &OrganizationId,
    scope: Option<&Scope>,
    at: &str,
) -> Result<(), Fault> {
    let Some(scope) = scope else {
        return Ok(());
    };
    let units = format!("{at}grant.scope.units");
    for unit in &scope.units {
        own::<UnitId>(organization, &units, unit)?;
    }
    let resources = format!("{at}grant.scope.resources");
    for resource in &scope.resources {
        own::<ResourceId>(organization, &resources, resource)?;
    }
    let applications = format!("{at}grant.scope.applications");
    for application in &scope.applications {
        parse(&applications, application, ApplicationId::parse_name)?;
    }
    Ok(())
}

/// Parses the name in `field` of an entity of the organization; returns its id.
fn own<I: Id>(organization: &OrganizationId, field: &str, name: &str) -> Result<I, Fault> {
    let name = parse(field, name, In::<I>::parse_name)?;
    if name.organization == *organization {
        Ok(name.id)
    } else {
        Err(Fault::field(field, "must be of the same organization"))
    }
}

fn reject_consistency_token(at: &str, consistency_token: &str) -> Result<(), Fault> {
    if consistency_token.is_empty() {
        return Ok(());
    }
    let field = format!("{at}consistency_token");
    Err(Fault::field(field, "must be empty in a change request"))
}
