//! Checks that nobody widens their own access by changes other than grants: of the catalog, a
//! location, or an entitlement. Grants to oneself are refused by the delegation rule.

use std::collections::{BTreeMap, BTreeSet};

use ::rpc::Fault;
use ::store::{Transaction, WriteTx};
use api::entitlement::v1::{Application, Scope};
use entitlement_core::{ApplicationDefinition, Hold, Validity, held, widens};
use prost::Message;
use types::{ApplicationId, Id, OrganizationId, RoleName, UnixTime};

use super::App;
use crate::{
    catalog,
    error::Error,
    store::{
        applications, custom_roles,
        grants::{Of, Row},
    },
};

/// Organizations per page.
const ORGANIZATIONS_PER_PAGE: u64 = 1000;

/// Checks that no role of the caller gains permissions by a change of an application.
pub(super) async fn by_catalog(
    tx: &WriteTx,
    caller: &str,
    id: &ApplicationId,
    (before, after): (&Application, &Application),
) -> Result<(), Error> {
    let before = catalog::definition(before).map_err(Fault::internal)?;
    let after = catalog::definition(after).map_err(Fault::internal)?;
    let of = Of {
        subject: caller,
        application: Some(id.as_str()),
        roles: &[],
        now: tx.now(),
    };
    let mut last = String::new();
    loop {
        let page = of
            .organizations(tx.connection(), &last, ORGANIZATIONS_PER_PAGE)
            .await?;
        let Some(end) = page.last() else {
            return Ok(());
        };
        end.as_str().clone_into(&mut last);
        for row in of.within(tx.connection(), &page).await? {
            let hold = async |definition| {
                let permissions = permissions(tx.connection(), definition, &row).await?;
                Ok::<_, Error>([hold(&row, permissions)?])
            };
            refuse(&hold(&before).await?, &hold(&after).await?)?;
        }
    }
}

/// Checks that the caller holds no grants on an application to which it entitles an organization,
/// initially or again.
pub(super) async fn by_entitlement(
    tx: &WriteTx,
    caller: &str,
    organization: &OrganizationId,
    application: &ApplicationId,
) -> Result<(), Error> {
    let name = application.name();
    let mut after = Vec::new();
    for (row, hold) in held_in(tx.connection(), caller, organization, tx.now()).await? {
        let managed = hold.applications.as_ref();
        let managed = managed.is_some_and(|managed| managed.contains(&name));
        if row.application == application.as_str() || managed {
            after.push(hold);
        }
    }
    refuse(&[], &after)
}

/// Checks that a move of a location from below `before` to below `after` does not widen the
/// caller's access there.
pub(super) async fn by_move(
    app: &App,
    caller: &str,
    organization: &OrganizationId,
    (before, after): (&[String], &[String]),
) -> Result<(), Error> {
    let snapshot = app.store.snapshot().await?;
    let now = app.engine.clock.now();
    let mut there = (Vec::new(), Vec::new());
    for (row, hold) in held_in(&snapshot, caller, organization, now).await? {
        let scope = scope(&row)?;
        if covers(&scope, before) {
            there.0.push(hold.clone());
        }
        if covers(&scope, after) {
            there.1.push(hold);
        }
    }
    refuse(&there.0, &there.1)
}

fn refuse(before: &[Hold], after: &[Hold]) -> Result<(), Error> {
    if widens(before, after) {
        return Err(Error::SelfEditForbidden);
    }
    Ok(())
}

/// True if a scope covers a location, given its own name and those of its ancestors.
fn covers(scope: &Scope, names: &[String]) -> bool {
    let mut named = scope.units.iter().chain(&scope.resources);
    scope.all || named.any(|name| names.contains(name))
}

/// Returns the access that a subject's grants in an organization give.
async fn held_in(
    db: &Transaction,
    caller: &str,
    organization: &OrganizationId,
    now: UnixTime,
) -> Result<Vec<(Row, Hold)>, Error> {
    let of = Of {
        subject: caller,
        application: None,
        roles: &[],
        now,
    };
    let rows = of.within(db, std::slice::from_ref(organization)).await?;
    let mut definitions: BTreeMap<String, ApplicationDefinition> = BTreeMap::new();
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        if !definitions.contains_key(&row.application) {
            let id = ApplicationId::parse(&row.application).map_err(Fault::internal)?;
            let Some((application, _)) = applications::find(db, &id).await? else {
                continue;
            };
            let definition = catalog::definition(&application).map_err(Fault::internal)?;
            definitions.insert(row.application.clone(), definition);
        }
        if let Some(definition) = definitions.get(&row.application) {
            let hold = hold(&row, permissions(db, definition, &row).await?)?;
            found.push((row, hold));
        }
    }
    Ok(found)
}

/// Returns the permissions of a grant's role under a declaration of its application, with its
/// notification routes.
async fn permissions(
    db: &Transaction,
    definition: &ApplicationDefinition,
    row: &Row,
) -> Result<BTreeSet<String>, Error> {
    if row.custom {
        let name = RoleName::parse_name(&row.role_name()).map_err(Fault::internal)?;
        let organization = OrganizationId::parse(&row.organization).map_err(Fault::internal)?;
        let found = custom_roles::find(db, &organization, &name).await?;
        let named = found.map(|(role, _)| role.permissions).unwrap_or_default();
        let known = definition.permissions().map_err(Fault::internal)?;
        let known: BTreeSet<String> = known.into_iter().map(|(name, _)| name).collect();
        return Ok(named
            .into_iter()
            .filter(|name| known.contains(name))
            .collect());
    }
    let held = held(definition, &row.role).map_err(Fault::internal)?;
    let declared = definition.roles.iter().find(|role| role.id == row.role);
    let routes = declared.map(|role| role.notification_routes.clone());
    Ok(held.into_iter().chain(routes.unwrap_or_default()).collect())
}

fn hold(row: &Row, permissions: BTreeSet<String>) -> Result<Hold, Error> {
    let applications = scope(row)?.applications;
    Ok(Hold {
        permissions,
        validity: Validity {
            start: UnixTime(row.start_ms),
            end: UnixTime(row.end_ms),
        },
        can_delegate: row.can_delegate,
        applications: (!applications.is_empty()).then(|| applications.into_iter().collect()),
        condition: row.condition.clone(),
    })
}

fn scope(row: &Row) -> Result<Scope, Error> {
    let scope = Scope::decode(row.scope.as_slice());
    Ok(scope.map_err(::store::StoreError::from)?)
}
