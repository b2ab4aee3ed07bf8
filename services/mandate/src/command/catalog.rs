//! `mandate catalog`.

use api::entitlement::v1::{
    Application, DiffApplicationRequest, GetApplicationRequest, ListApplicationsRequest,
    ManagementMode, RoleDifference,
};
use mandate_documents::{
    apply::{self, ApplyError},
    clients::{Service, answer, within},
};
use serde_json::{Value, json};

use super::{
    apply::documents,
    every::{one, pages},
    names::word,
};
use crate::{
    cli::CatalogCommand,
    connect::{Connection, connect},
    exit::Failure,
    output,
};

/// Lists and shows applications, and compares documents with them.
pub(super) async fn catalog(
    command: CatalogCommand,
    context: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    match command {
        CatalogCommand::List => list(&connect(context)?, json).await,
        CatalogCommand::Show { application } => show(&connect(context)?, &application, json).await,
        CatalogCommand::Diff { files } => {
            let documents = documents(&files)?;
            let connection = connect(context)?;
            let plan = apply::prepare(&documents, &connection.clients).await;
            let plan = plan.map_err(|error| match &error {
                ApplyError::Call(call) => connection.failure(call),
                _ => error.into(),
            })?;
            diff(&connection, plan.applications, json).await
        }
    }
}

async fn list(connection: &Connection, json: bool) -> Result<(), Failure> {
    let request = ListApplicationsRequest {
        page_size: 50,
        ..ListApplicationsRequest::default()
    };
    let client = || connection.clients.catalog();
    let applications = pages!(connection, client().list_applications(request).applications);
    if json {
        let applications: Vec<Value> = applications.iter().map(as_json).collect();
        return output::json(&json!({ "applications": applications }));
    }
    let row = |application: &Application| {
        [
            application.name.replacen("applications/", "", 1),
            application.display_name.clone(),
            mode(application),
            application.modules.len().to_string(),
            application.roles.len().to_string(),
        ]
    };
    let rows: Vec<[String; 5]> = applications.iter().map(row).collect();
    output::table(["APPLICATION", "NAME", "RIGHTS", "MODULES", "ROLES"], &rows);
    output::note(format!("{} application(s)", applications.len()));
    Ok(())
}

async fn show(connection: &Connection, id: &str, json: bool) -> Result<(), Failure> {
    let request = GetApplicationRequest {
        name: format!("applications/{id}"),
    };
    let client = || connection.clients.catalog();
    let found = one!(connection, client().get_application(request).application);
    for application in &found {
        if json {
            output::json(&as_json(application))?;
            continue;
        }
        output::line(format!("{id}  {}", application.display_name));
        for module in &application.modules {
            let verbs = module.verbs.iter().cloned();
            let options = module.options.iter().flat_map(|option| {
                let verbs = option.verbs.iter();
                verbs.map(|verb| format!("{}.{verb}", option.option_id))
            });
            let verbs: Vec<String> = verbs.chain(options).collect();
            output::line(format!(
                "  module {}: {}",
                module.module_id,
                verbs.join(", ")
            ));
        }
        for role in &application.roles {
            output::line(format!(
                "  role {}: {}",
                role.role_id,
                role.permissions.join(", ")
            ));
        }
    }
    Ok(())
}

/// Prints the effect of each changed application on the holders of its roles.
async fn diff(
    connection: &Connection,
    changes: apply::Changes<Application>,
    json: bool,
) -> Result<(), Failure> {
    let (mut found, mut decisions) = (Vec::new(), 0);
    for change in changes.change {
        let request = DiffApplicationRequest {
            update_mask: Some(change.mask()),
            application: Some(change.fact),
        };
        let mut client = connection.clients.catalog();
        let call = client.diff_application(within(super::check::CALL_TIMEOUT, request));
        let service = Service::Entitlement;
        let answer = answer(service, "diff_application", call).await;
        let difference = answer.map_err(|error| connection.failure(&error))?;
        decisions += difference.decisions;
        found.extend(difference.differences);
    }
    if json {
        let differences: Vec<Value> = found.iter().map(difference_as_json).collect();
        return output::json(&json!({ "differences": differences, "decisions": decisions }));
    }
    for difference in &found {
        let RoleDifference { role, holders, .. } = difference;
        output::line(format!("{role}, held by {holders}"));
        let added = difference.added.iter().map(|added| format!("  + {added}"));
        let removed = difference.removed.iter();
        let removed = removed.map(|removed| format!("  - {removed}"));
        added.chain(removed).for_each(output::line);
    }
    output::note(format!("{decisions} decision(s) would be altered"));
    Ok(())
}

fn mode(application: &Application) -> String {
    match application.management_mode() {
        ManagementMode::Unspecified => "MANAGED".to_owned(),
        mode => word(mode.as_str_name(), "MANAGEMENT_MODE_"),
    }
}

fn as_json(application: &Application) -> Value {
    let modules = application.modules.iter().map(|module| {
        let options = module.options.iter();
        let options =
            options.map(|option| json!({ "id": option.option_id, "verbs": option.verbs }));
        json!({
            "id": module.module_id,
            "verbs": module.verbs,
            "options": options.collect::<Vec<_>>(),
            "recommended": module.recommended,
        })
    });
    let roles = application.roles.iter().map(|role| {
        json!({
            "name": role.name,
            "permissions": role.permissions,
            "notification_routes": role.notification_routes,
        })
    });
    json!({
        "name": application.name,
        "display_name": application.display_name,
        "aliases": application.aliases,
        "management_mode": mode(application),
        "modules": modules.collect::<Vec<_>>(),
        "roles": roles.collect::<Vec<_>>(),
    })
}

fn difference_as_json(difference: &RoleDifference) -> Value {
    json!({
        "role": difference.role,
        "added": difference.added,
        "removed": difference.removed,
        "holders": difference.holders,
    })
}
