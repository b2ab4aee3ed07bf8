//! `mandate request`.

use api::{
    entitlement::v1::grant_change::Change,
    membership::v1::{
        ApproveChangeRequestRequest, ChangeRequest, ChangeRequestState, ListChangeRequestsRequest,
        RejectChangeRequestRequest, change_request::Kind,
    },
};
use mandate_documents::moment;
use serde_json::{Value, json};

use super::{
    every::{one, pages},
    grant::{as_json as grant_json, last},
    names::{in_organization, word},
};
use crate::{
    cli::{RequestArgs, RequestCommand, RequestListArgs, RequestState},
    connect::connect,
    exit::Failure,
    output,
};

/// Lists, approves and rejects change requests.
pub(super) async fn request(
    command: RequestCommand,
    context: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let connection = connect(context)?;
    let client = || connection.clients.requests();
    let requests = match command {
        RequestCommand::List(args) => {
            let request = list(args);
            pages!(
                connection,
                Membership,
                client().list_change_requests(request).change_requests
            )
        }
        RequestCommand::Approve(of) => {
            let request = ApproveChangeRequestRequest {
                name: name(&of),
                ..ApproveChangeRequestRequest::default()
            };
            one!(
                connection,
                Membership,
                client().approve_change_request(request).change_request
            )
        }
        RequestCommand::Reject { of, reason } => {
            let request = RejectChangeRequestRequest {
                name: name(&of),
                reason,
                ..RejectChangeRequestRequest::default()
            };
            one!(
                connection,
                Membership,
                client().reject_change_request(request).change_request
            )
        }
    };
    if json {
        let requests: Vec<Value> = requests.iter().map(as_json).collect();
        return output::json(&json!({ "requests": requests }));
    }
    let rows: Vec<[String; 5]> = requests.iter().map(row).collect();
    output::table(
        ["REQUEST", "SUBJECT", "CHANGE", "STATE", "REQUESTER"],
        &rows,
    );
    output::note(format!("{} request(s)", requests.len()));
    Ok(())
}

fn list(args: RequestListArgs) -> ListChangeRequestsRequest {
    let parent = in_organization(&args.organization);
    let membership = args
        .membership
        .map(|id| format!("{parent}/memberships/{id}"));
    let state = args.state.map(|state| match state {
        RequestState::Draft => ChangeRequestState::Draft,
        RequestState::Pending => ChangeRequestState::Pending,
        RequestState::Approved => ChangeRequestState::Approved,
        RequestState::Applied => ChangeRequestState::Applied,
        RequestState::Rejected => ChangeRequestState::Rejected,
        RequestState::Cancelled => ChangeRequestState::Cancelled,
        RequestState::Failed => ChangeRequestState::Failed,
    });
    ListChangeRequestsRequest {
        membership: membership.unwrap_or_default(),
        state: state.unwrap_or_default().into(),
        page_size: 1000,
        parent,
        ..ListChangeRequestsRequest::default()
    }
}

fn name(of: &RequestArgs) -> String {
    let organization = in_organization(&of.organization);
    format!("{organization}/changeRequests/{}", of.request)
}

fn row(request: &ChangeRequest) -> [String; 5] {
    [
        last(&request.name).to_owned(),
        request.subject.clone(),
        change_summary(request),
        state(request),
        request.requester.clone(),
    ]
}

fn state(request: &ChangeRequest) -> String {
    word(request.state().as_str_name(), "CHANGE_REQUEST_STATE_")
}

/// Summarizes the requested change.
fn change_summary(request: &ChangeRequest) -> String {
    let change = match &request.kind {
        Some(Kind::ChangeAccess(change)) => change,
        Some(Kind::Deactivate(deactivation)) => {
            return format!("deactivate: {}", deactivation.reason);
        }
        None => return String::new(),
    };
    let changes = change
        .changes
        .iter()
        .filter_map(|change| change.change.as_ref());
    let words = changes.map(|change| match change {
        Change::Create(create) => {
            let role = create
                .grant
                .as_ref()
                .map_or("", |grant| grant.role.as_str());
            format!("grant {role}")
        }
        Change::Update(update) => {
            let name = update
                .grant
                .as_ref()
                .map_or("", |grant| grant.name.as_str());
            format!("change {}", last(name))
        }
        Change::Revoke(revoke) => format!("revoke {}", last(&revoke.name)),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn as_json(request: &ChangeRequest) -> Value {
    let kind = match &request.kind {
        Some(Kind::ChangeAccess(change)) => {
            let changes = change
                .changes
                .iter()
                .filter_map(|change| change.change.as_ref());
            let changes: Vec<Value> = changes.map(change_json).collect();
            json!({ "change_access": { "membership": change.membership, "changes": changes } })
        }
        Some(Kind::Deactivate(deactivation)) => json!({ "deactivate": {
            "membership": deactivation.membership,
            "reason": deactivation.reason,
        } }),
        None => Value::Null,
    };
    json!({
        "name": request.name,
        "kind": kind,
        "note": request.note,
        "state": state(request),
        "subject": request.subject,
        "requester": request.requester,
        "decider": request.decider,
        "rejection_reason": request.rejection_reason,
        "failure_reason": request.failure_reason,
        "create_time": request.create_time.as_ref().map(moment::text),
        "update_time": request.update_time.as_ref().map(moment::text),
    })
}

fn change_json(change: &Change) -> Value {
    match change {
        Change::Create(create) => json!({ "create": {
            "grant": create.grant.as_ref().map(grant_json),
            "grant_id": create.grant_id,
        } }),
        Change::Update(update) => json!({ "update": {
            "grant": update.grant.as_ref().map(grant_json),
            "update_mask": update.update_mask.as_ref().map(|mask| &mask.paths),
        } }),
        Change::Revoke(revoke) => json!({ "revoke": { "name": revoke.name } }),
    }
}
