//! Hints for a misspelt organization. Services do not distinguish an absent organization from one
//! out of reach; a caller who may list all organizations may be told.

use api::membership::v1::ListOrganizationsRequest;
use mandate_documents::clients::{Service, answer, within};

use crate::{
    cli::{
        AuditCommand, Command, EntitlementCommand, GrantCommand, ListCommand, RequestCommand,
        RoleCommand,
    },
    connect::Connection,
};

use super::check::CALL_TIMEOUT;

/// Organizations per page.
const PAGE_SIZE: i32 = 1000;
/// Maximum number of pages to search for a similar name.
const MAX_PAGES: usize = 100;
/// Maximum edit distance of similar names.
const MAX_EDIT_DISTANCE: usize = 2;

/// Returns the id of the organization that a command names, if any.
pub(super) fn organization_of(command: &Command) -> Option<String> {
    let name = match command {
        Command::Access(args) => &args.organization,
        Command::Watch(args) => args.organization.as_ref()?,
        Command::Audit(AuditCommand::List(args)) => &args.organization,
        Command::Check(args) => &args.question.resource,
        Command::Explain(args) => &args.resource,
        Command::List(args) => match &args.what {
            ListCommand::Resources { organization, .. } => organization,
            ListCommand::Subjects { resource, .. } | ListCommand::Permissions { resource, .. } => {
                resource
            }
        },
        Command::Entitlement(command) => match command {
            EntitlementCommand::List { organization } => organization,
            EntitlementCommand::Create { of, .. }
            | EntitlementCommand::Suspend { of, .. }
            | EntitlementCommand::Transfer { of, .. }
            | EntitlementCommand::Reactivate(of)
            | EntitlementCommand::End(of) => &of.organization,
        },
        Command::Role(
            RoleCommand::List { organization }
            | RoleCommand::Create { organization, .. }
            | RoleCommand::Update { organization, .. }
            | RoleCommand::Delete { organization, .. },
        ) => organization,
        Command::Grant(command) => match command {
            GrantCommand::List(args) => &args.organization,
            GrantCommand::Create(args) => &args.organization,
            GrantCommand::Revoke { organization, .. } => organization,
        },
        Command::Request(command) => match command {
            RequestCommand::List(args) => &args.organization,
            RequestCommand::Approve(of) | RequestCommand::Reject { of, .. } => &of.organization,
        },
        _ => return None,
    };
    let id = name.strip_prefix("organizations/").unwrap_or(name);
    id.split('/').next().map(str::to_owned)
}

/// Returns the hint that there is no such organization, with the most similar name. `None` if the
/// organization exists or the caller may not know.
pub(super) async fn misspelt(connection: &Connection, id: &str) -> Option<String> {
    let mut request = ListOrganizationsRequest {
        page_size: PAGE_SIZE,
        page_token: String::new(),
    };
    let mut alike: Vec<(usize, String)> = Vec::new();
    for _ in 0..MAX_PAGES {
        let mut client = connection.clients.organizations();
        let call = client.list_organizations(within(CALL_TIMEOUT, request.clone()));
        let page = answer(Service::Membership, "list_organizations", call)
            .await
            .ok()?;
        for found in page.organizations {
            let other = found.name.trim_start_matches("organizations/");
            match distance(id, other) {
                0 => return None,
                far if far <= MAX_EDIT_DISTANCE => alike.push((far, other.to_owned())),
                _ => {}
            }
        }
        if page.next_page_token.is_empty() {
            let told = format!("there is no organization `{id}`");
            return Some(match alike.into_iter().min() {
                Some((_, other)) => format!("{told}; there is `{other}`"),
                None => told,
            });
        }
        request.page_token = page.next_page_token;
    }
    None
}

/// Returns the edit distance: the number of letters to insert, remove or change.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut next = vec![index + 1];
        for (above, pair) in other.iter().zip(row.windows(2)) {
            let (diagonal, up) = (pair.first().copied(), pair.last().copied());
            let changed = diagonal.unwrap_or_default() + usize::from(*above != letter);
            let left = next.last().copied().unwrap_or_default() + 1;
            next.push(changed.min(left).min(up.unwrap_or_default() + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_that_differ_in_few_letters() {
        for (one, other, far) in [
            ("acme", "acme", 0),
            ("acme", "acne", 1),
            ("acme", "ace", 1),
            ("transprot", "transport", 2),
            ("", "abc", 3),
        ] {
            assert_eq!(distance(one, other), far, "{one} {other}");
            assert_eq!(distance(other, one), far, "{other} {one}");
        }
    }
}
