use ::rpc::Fault;
use api::entitlement::v1::{
    AccessView, ApplicationAccess, ListEffectiveAccessRequest, ListEffectiveAccessResponse,
    ManagementMode, PermissionAccess, Scope,
};
use authz::Context;
use entitlement_core as core;
use entitlement_core::{
    ApplicationIndex, Target,
    authority::{GrantTarget, Granter},
    management,
};
use service::{Page, parse};
use types::{OrganizationId, Subject, UnixTime};

use super::{App, delegation::caller};
use crate::{
    error::Error,
    facts::{FactKey, FactSnapshot},
};

/// Lists the access of a subject in an organization now, for the applications that the caller may
/// see.
pub(crate) async fn list_effective_access(
    app: &App,
    context: &Context,
    request: ListEffectiveAccessRequest,
) -> Result<ListEffectiveAccessResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    parse("subject", &request.subject, Subject::parse_name)?;
    app.permit_anywhere_in(context, &organization).await?;
    app.engine
        .ensure_fresh(context, request.consistency.as_ref())
        .await?;
    let sealer = app.store.sealer();
    let list = format!("access {organization} {} {}", request.subject, request.view);
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let view = request.view();
    let full = matches!(view, AccessView::Full | AccessView::Administration);
    let caller = caller(context)?;
    let read = app.engine.facts.read(|world| {
        let granter_facts = app.engine.granter_facts(world, caller, &organization)?;
        let facts = world.facts(&request.subject, &organization)?;
        let catalog = facts.catalog;
        if !reaches_any(&granter_facts) {
            return Ok(Err(Fault::denied()));
        }
        let found: Vec<core::ApplicationAccess<'_>> = shown(world, &facts, view, granter_facts.now)
            .into_iter()
            .filter(|found| reaches(&granter_facts, Some(found.application)))
            .filter(|found| catalog.application_id(found.application) > page.after.as_str())
            .take(usize::try_from(page.limit()).unwrap_or(usize::MAX))
            .collect();
        let unknown = if full {
            unknown(&facts, &organization, &found)
        } else {
            Vec::new()
        };
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let rows: Vec<ApplicationAccess> = found
            .into_iter()
            .map(|found| application(world, &facts, &organization, found, full))
            .collect();
        Ok::<_, Vec<FactKey>>(Ok((rows, world.revision())))
    });
    let (rows, revision) = read.await??;
    let (applications, next_page_token) = page.cut(sealer, rows, |found| {
        found.application.replacen("applications/", "", 1)
    });
    Ok(ListEffectiveAccessResponse {
        applications,
        next_page_token,
        revision,
    })
}

/// Returns the applications of a view, ordered by id.
fn shown<'a>(
    world: &FactSnapshot,
    facts: &core::Facts<'a>,
    view: AccessView,
    now: UnixTime,
) -> Vec<core::ApplicationAccess<'a>> {
    let id = |found: &core::ApplicationAccess<'_>| facts.catalog.application_id(found.application);
    let mut found = core::access(facts, now);
    match view {
        AccessView::Launcher | AccessView::Unspecified => {}
        AccessView::Administration => found.retain(|found| id(found) == management::APPLICATION),
        AccessView::Full => {
            let elsewhere = core::entitled(facts, now)
                .filter(|own| is_external(world, facts.catalog.application_id(*own)))
                .filter(|own| found.iter().all(|found| found.application != *own));
            let elsewhere: Vec<_> = elsewhere.map(core::ApplicationAccess::none).collect();
            found.extend(elsewhere);
            found.sort_by_key(id);
        }
    }
    found
}

fn is_external(world: &FactSnapshot, application: &str) -> bool {
    let declared = world.application(application);
    declared.is_some_and(|found| found.management_mode() == ManagementMode::External)
}

/// True if the caller may see the access of members to an application.
fn reaches(granter_facts: &Granter<'_>, application: Option<ApplicationIndex>) -> bool {
    let catalog = granter_facts.here.catalog;
    let read = catalog.permission("mandate.access.read");
    let about = GrantTarget {
        applications: &[application],
        places: &[Target::Organization],
    };
    read.is_some_and(|read| granter_facts.reaches(read, &about))
}

/// True if the caller may see it for any application.
fn reaches_any(granter_facts: &Granter<'_>) -> bool {
    let applications = granter_facts.here.catalog.applications().into_iter();
    applications
        .map(Some)
        .chain([None])
        .any(|application| reaches(granter_facts, application))
}

/// Returns the resources of the scopes whose existence must be loaded first.
pub(super) fn unknown(
    facts: &core::Facts<'_>,
    organization: &OrganizationId,
    found: &[core::ApplicationAccess<'_>],
) -> Vec<FactKey> {
    let Some(tree) = facts.organization.map(|organization| &organization.tree) else {
        return Vec::new();
    };
    let held = found.iter().flat_map(|found| &found.permissions);
    held.flat_map(|held| tree.unknown(&held.scope))
        .map(|id| FactKey::Resource(organization.clone(), id.into()))
        .collect()
}

fn application(
    world: &FactSnapshot,
    facts: &core::Facts<'_>,
    organization: &OrganizationId,
    found: core::ApplicationAccess<'_>,
    full: bool,
) -> ApplicationAccess {
    let id = facts.catalog.application_id(found.application);
    let declared = world.application(id);
    let strings = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    let mut access = ApplicationAccess {
        application: format!("applications/{id}"),
        display_name: declared
            .map(|found| found.display_name.clone())
            .unwrap_or_default(),
        placements: declared
            .map(|found| found.placements.clone())
            .unwrap_or_default(),
        modules: strings(found.modules),
        conditional_modules: strings(found.conditional_modules),
        landing_module: found.landing_module.to_owned(),
        aliases: declared
            .map(|found| found.aliases.clone())
            .unwrap_or_default(),
        source: if is_external(world, id) {
            ManagementMode::External.into()
        } else {
            ManagementMode::Managed.into()
        },
        ..ApplicationAccess::default()
    };
    if full {
        access.roles = strings(found.roles);
        access.permissions = found
            .permissions
            .into_iter()
            .map(|held| PermissionAccess {
                permission: held.permission.to_owned(),
                scope: Some(scope(facts, organization, &held.scope, held.applications)),
                condition: held.condition.unwrap_or_default().to_owned(),
            })
            .collect();
    }
    access
}

/// Converts a scope to protobuf, with the applications for which it holds.
pub(super) fn scope(
    facts: &core::Facts<'_>,
    organization: &OrganizationId,
    held: &core::Scope,
    applications: &[ApplicationIndex],
) -> Scope {
    let tree = facts.organization.map(|organization| &organization.tree);
    let (units, resources) = tree.map(|tree| tree.ids(held)).unwrap_or_default();
    let names = |collection: &str, ids: Vec<&str>| {
        ids.into_iter()
            .map(|id| format!("organizations/{organization}/{collection}/{id}"))
            .collect()
    };
    let applications = applications.iter();
    Scope {
        all: *held == core::Scope::All,
        units: names("units", units),
        resources: names("resources", resources),
        applications: applications
            .map(|application| {
                format!(
                    "applications/{}",
                    facts.catalog.application_id(*application)
                )
            })
            .collect(),
    }
}
