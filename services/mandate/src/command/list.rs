//! `mandate list`.

use api::entitlement::v1::{
    ListPermissionsRequest, ListResourcesRequest, ListSubjectsRequest, list_subjects_request::Held,
};
use serde_json::json;

use super::{
    check::DEADLINE,
    names::{in_organization, subject},
};
use crate::{
    cli::{ListArgs, ListCommand},
    clients::{CallError, Service, answer, within},
    connect::{Connection, connect},
    exit::Failure,
    given::context as context_of,
    output,
};

const PAGE: i32 = 1000;

/// A page: its rows, the token of the next, its revision.
type Page = (Vec<String>, String, i64);

/// Lists, and prints a line for each row as soon as its page is there.
pub(super) async fn list(args: ListArgs, context: Option<&str>, json: bool) -> Result<(), Failure> {
    let connection = connect(context)?;
    let what = match args.what {
        ListCommand::Resources { .. } => "resources",
        ListCommand::Subjects { .. } => "subjects",
        ListCommand::Permissions { .. } => "permissions",
    };
    let (mut all, mut count, mut token) = (Vec::new(), 0, String::new());
    let revision = loop {
        let page = page(&connection, &args, token).await;
        let (rows, next, revision) = page.map_err(|error| connection.failure(&error))?;
        count += rows.len();
        if json {
            all.extend(rows);
        } else {
            rows.iter().for_each(output::line);
        }
        if next.is_empty() {
            break revision;
        }
        token = next;
    };
    if json {
        return output::json(&json!({ what: all, "revision": revision }));
    }
    output::note(format!("{count} {what}, revision {revision}"));
    Ok(())
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
                page_size: PAGE,
                page_token,
                read_time: args.at,
                context: context_of(&args.given),
                ..ListResourcesRequest::default()
            };
            let call = client.list_resources(within(DEADLINE, request));
            let page = answer(Service::Entitlement, "list_resources", call).await?;
            Ok((page.resources, page.next_page_token, page.revision))
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
                page_size: PAGE,
                page_token,
                read_time: args.at,
                context: context_of(&args.given),
                ..ListSubjectsRequest::default()
            };
            let call = client.list_subjects(within(DEADLINE, request));
            let page = answer(Service::Entitlement, "list_subjects", call).await?;
            Ok((page.subjects, page.next_page_token, page.revision))
        }
        ListCommand::Permissions {
            subject: who,
            resource,
        } => {
            let request = ListPermissionsRequest {
                subject: subject(who),
                resource: in_organization(resource),
                page_size: PAGE,
                page_token,
                read_time: args.at,
                context: context_of(&args.given),
                ..ListPermissionsRequest::default()
            };
            let call = client.list_permissions(within(DEADLINE, request));
            let page = answer(Service::Entitlement, "list_permissions", call).await?;
            Ok((page.permissions, page.next_page_token, page.revision))
        }
    }
}
