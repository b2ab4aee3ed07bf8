//! `mandate access`.

use api::entitlement::v1::{
    AccessView, ApplicationAccess, ListEffectiveAccessRequest, Placement, Scope,
};
use mandate_documents::clients::{Service, answer, within};
use serde_json::{Value, json};

use super::{
    check::CALL_TIMEOUT,
    names::{in_organization, subject, word},
};
use crate::{
    cli::AccessArgs,
    connect::{Connection, connect},
    exit::Failure,
    output,
};

/// Lists the applications that a subject can use in an organization.
pub(super) async fn access(
    args: AccessArgs,
    context: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let connection = connect(context)?;
    let view = if args.full {
        AccessView::Full
    } else {
        AccessView::Launcher
    };
    let request = ListEffectiveAccessRequest {
        parent: in_organization(&args.organization),
        subject: subject(&args.subject),
        page_size: 1000,
        view: view.into(),
        ..ListEffectiveAccessRequest::default()
    };
    let (applications, revision) = list(&connection, request).await?;
    if json {
        let applications: Vec<Value> = applications.iter().map(as_json).collect();
        return output::json(&json!({ "applications": applications, "revision": revision }));
    }
    for application in &applications {
        for line in lines(application) {
            output::line(line);
        }
    }
    output::note(format!(
        "{} application(s), revision {revision}",
        applications.len()
    ));
    Ok(())
}

/// Lists every page; the revision is that of the first.
async fn list(
    connection: &Connection,
    mut request: ListEffectiveAccessRequest,
) -> Result<(Vec<ApplicationAccess>, i64), Failure> {
    let mut client = connection.clients.authorization();
    let mut all = Vec::new();
    let mut revision = None;
    loop {
        let call = client.list_effective_access(within(CALL_TIMEOUT, request.clone()));
        let page = answer(Service::Entitlement, "list_effective_access", call)
            .await
            .map_err(|error| connection.failure(&error))?;
        all.extend(page.applications);
        let revision = *revision.get_or_insert(page.revision);
        if page.next_page_token.is_empty() {
            return Ok((all, revision));
        }
        request.page_token = page.next_page_token;
    }
}

fn lines(access: &ApplicationAccess) -> Vec<String> {
    let mut modules: Vec<String> = access
        .modules
        .iter()
        .map(|module| {
            let star = if *module == access.landing_module {
                "*"
            } else {
                ""
            };
            format!("{module}{star}")
        })
        .collect();
    let conditional = access.conditional_modules.iter();
    modules.extend(conditional.map(|module| format!("{module} (under a condition)")));
    let mut lines = vec![format!(
        "{}  {}  modules: {}",
        access.application,
        access.display_name,
        modules.join(", ")
    )];
    if !access.roles.is_empty() {
        lines.push(format!("  roles: {}", access.roles.join(", ")));
    }
    let width = access
        .permissions
        .iter()
        .map(|permission| permission.permission.len())
        .max()
        .unwrap_or_default();
    for permission in &access.permissions {
        let scope = permission.scope.as_ref().map(places).unwrap_or_default();
        let condition = under(&permission.condition);
        let permission = &permission.permission;
        lines.push(format!("  {permission:<width$}  {scope}{condition}"));
    }
    lines
}

/// Returns the condition of a permission for printing; empty if it has none.
pub(super) fn under(condition: &str) -> String {
    if condition.is_empty() {
        return String::new();
    }
    format!("  if {condition}")
}

fn places(scope: &Scope) -> String {
    if scope.all {
        return "ALL".to_owned();
    }
    let names: Vec<&str> = scope
        .units
        .iter()
        .chain(&scope.resources)
        .map(String::as_str)
        .collect();
    names.join(", ")
}

fn as_json(access: &ApplicationAccess) -> Value {
    let placements: Vec<String> = access
        .placements()
        .map(|placement: Placement| word(placement.as_str_name(), "PLACEMENT_"))
        .collect();
    let permissions: Vec<Value> = access
        .permissions
        .iter()
        .map(|held| {
            let scope = held.scope.clone().unwrap_or_default();
            json!({
                "permission": held.permission,
                "scope": { "all": scope.all, "units": scope.units, "resources": scope.resources },
                "condition": held.condition,
            })
        })
        .collect();
    json!({
        "application": access.application,
        "display_name": access.display_name,
        "placements": placements,
        "modules": access.modules,
        "conditional_modules": access.conditional_modules,
        "landing_module": access.landing_module,
        "roles": access.roles,
        "permissions": permissions,
    })
}
