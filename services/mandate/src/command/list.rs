//! `mandate list`.

use api::entitlement::v1::{
    ListPermissionsRequest, ListResourcesRequest, ListSubjectsRequest, UnderCondition,
    list_subjects_request::Held,
};
use mandate_documents::clients::{CallError, Service, answer, within};
use serde_json::{Value, json};

use super::{
    check::{CALL_TIMEOUT, note_misspelt},
    names::{in_organization, subject},
};
use crate::{
    cli::{ListArgs, ListCommand},
    connect::{Connection, connect},
    exit::Failure,
    given::context as context_of,
    output,
};

const PAGE_SIZE: i32 = 1000;

/// A page of a list.
struct Page {
    rows: Vec<String>,
    conditional: Vec<UnderCondition>,
    next: String,
    revision: i64,
}

/// Lists, and prints each page as soon as it arrives.
pub(super) async fn list(args: ListArgs, context: Option<&str>, json: bool) -> Result<(), Failure> {
    let connection = connect(context)?;
    let what = match args.what {
        ListCommand::Resources { .. } => "resources",
        ListCommand::Subjects { .. } => "subjects",
        ListCommand::Permissions { .. } => "permissions",
    };
    let (mut all, mut count, mut token) = (Vec::new(), 0, String::new());
    let mut conditional: Vec<UnderCondition> = Vec::new();
    let revision = loop {
        let page = page(&connection, &args, token).await;
        let page = page.map_err(|error| connection.failure(&error))?;
        count += page.rows.len();
        if json {
            all.extend(page.rows);
        } else {
            page.rows.iter().for_each(output::line);
        }
        conditional.extend(page.conditional);
        // The reader of the output may have closed it.
        if page.next.is_empty() || output::is_broken() {
            break page.revision;
        }
        token = page.next;
    };
    if json {
        let conditional: Vec<Value> = conditional.iter().map(as_json).collect();
        return output::json(&json!({
            what: all,
            "conditional": conditional,
            "revision": revision,
        }));
    }
    for item in &conditional {
        let missing = item.missing_context.join(", ");
        output::line(format!(
            "{}  under a condition; missing context: {missing}",
            item.name
        ));
    }
    if count == 0 && conditional.is_empty() {
        let of = match &args.what {
            ListCommand::Resources { organization, .. } => organization,
            ListCommand::Subjects { resource, .. } | ListCommand::Permissions { resource, .. } => {
                resource
            }
        };
        note_misspelt(&connection, of).await;
    }
    let more = match conditional.len() {
        0 => String::new(),
        more => format!(", {more} under a condition"),
    };
    output::note(format!("{count} {what}{more}, revision {revision}"));
    Ok(())
}

fn as_json(item: &UnderCondition) -> Value {
    json!({ "name": item.name, "missing_context": item.missing_context })
}

async fn page(
    connection: &Connection,
    args: &ListArgs,
    page_token: String,
) -> Result<Page, CallError> {
    let mut client = connection.clients.authorization();
    match &args.what {
        ListCommand::Resources {
            subject: who,
            permission,
            organization,
        } => {
            let request = ListResourcesRequest {
                parent: in_organization(organization),
                subject: subject(who),
                permission: permission.clone(),
                page_size: PAGE_SIZE,
                page_token,
                read_time: args.at,
                context: context_of(&args.given),
                ..ListResourcesRequest::default()
            };
            let call = client.list_resources(within(CALL_TIMEOUT, request));
            let page = answer(Service::Entitlement, "list_resources", call).await?;
            Ok(Page {
                rows: page.resources,
                conditional: page.conditional_resources,
                next: page.next_page_token,
                revision: page.revision,
            })
        }
        ListCommand::Subjects {
            held,
            resource,
            route,
        } => {
            let held = if *route {
                Held::NotificationRoute(held.clone())
            } else {
                Held::Permission(held.clone())
            };
            let request = ListSubjectsRequest {
                resource: in_organization(resource),
                held: Some(held),
                page_size: PAGE_SIZE,
                page_token,
                read_time: args.at,
                context: context_of(&args.given),
                ..ListSubjectsRequest::default()
            };
            let call = client.list_subjects(within(CALL_TIMEOUT, request));
            let page = answer(Service::Entitlement, "list_subjects", call).await?;
            Ok(Page {
                rows: page.subjects,
                conditional: page.conditional_subjects,
                next: page.next_page_token,
                revision: page.revision,
            })
        }
        ListCommand::Permissions {
            subject: who,
            resource,
        } => {
            let request = ListPermissionsRequest {
                subject: subject(who),
                resource: in_organization(resource),
                page_size: PAGE_SIZE,
                page_token,
                read_time: args.at,
                context: context_of(&args.given),
                ..ListPermissionsRequest::default()
            };
            let call = client.list_permissions(within(CALL_TIMEOUT, request));
            let page = answer(Service::Entitlement, "list_permissions", call).await?;
            Ok(Page {
                rows: page.permissions,
                conditional: page.conditional_permissions,
                next: page.next_page_token,
                revision: page.revision,
            })
        }
    }
}
