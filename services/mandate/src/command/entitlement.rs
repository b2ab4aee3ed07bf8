//! `mandate entitlement`.

use api::entitlement::v1::{
    CreateEntitlementRequest, EndEntitlementRequest, Entitlement, ListEntitlementsRequest,
    ReactivateEntitlementRequest, SuspendEntitlementRequest, SuspensionReason,
    TransferEntitlementRequest,
};
use mandate_documents::moment;
use prost_types::Timestamp;
use serde_json::{Value, json};

use super::{
    every::{one, pages},
    names::{in_organization, word},
};
use crate::{
    cli::{EntitlementArgs, EntitlementCommand, Reason},
    connect::connect,
    exit::Failure,
    output,
};

/// Lists and changes entitlements.
pub(super) async fn entitlement(
    command: EntitlementCommand,
    context: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let connection = connect(context)?;
    let client = || connection.clients.grants();
    let entitlements = match command {
        EntitlementCommand::List { organization } => {
            let request = ListEntitlementsRequest {
                parent: in_organization(&organization),
                page_size: 1000,
                page_token: String::new(),
            };
            pages!(connection, client().list_entitlements(request).entitlements)
        }
        EntitlementCommand::Create { of, start, end } => {
            let request = CreateEntitlementRequest {
                parent: in_organization(&of.organization),
                entitlement: Some(Entitlement {
                    application: format!("applications/{}", of.application),
                    start_time: start,
                    end_time: end,
                    ..Entitlement::default()
                }),
                ..CreateEntitlementRequest::default()
            };
            one!(connection, client().create_entitlement(request).entitlement)
        }
        EntitlementCommand::Suspend { of, reason } => {
            let request = SuspendEntitlementRequest {
                name: name(&of),
                reason: reason.map(suspension).unwrap_or_default().into(),
                ..SuspendEntitlementRequest::default()
            };
            one!(
                connection,
                client().suspend_entitlement(request).entitlement
            )
        }
        EntitlementCommand::Reactivate(of) => {
            let request = ReactivateEntitlementRequest {
                name: name(&of),
                ..ReactivateEntitlementRequest::default()
            };
            one!(
                connection,
                client().reactivate_entitlement(request).entitlement
            )
        }
        EntitlementCommand::End(of) => {
            let request = EndEntitlementRequest {
                name: name(&of),
                ..EndEntitlementRequest::default()
            };
            one!(connection, client().end_entitlement(request).entitlement)
        }
        EntitlementCommand::Transfer { of, destination } => {
            let request = TransferEntitlementRequest {
                name: name(&of),
                destination: in_organization(&destination),
                ..TransferEntitlementRequest::default()
            };
            one!(
                connection,
                client().transfer_entitlement(request).entitlement
            )
        }
    };
    if json {
        let entitlements: Vec<Value> = entitlements.iter().map(as_json).collect();
        return output::json(&json!({ "entitlements": entitlements }));
    }
    let rows: Vec<[String; 5]> = entitlements.iter().map(row).collect();
    output::table(["ENTITLEMENT", "STATE", "REASON", "FROM", "UNTIL"], &rows);
    output::note(format!("{} entitlement(s)", entitlements.len()));
    Ok(())
}

fn name(of: &EntitlementArgs) -> String {
    let organization = in_organization(&of.organization);
    format!("{organization}/entitlements/{}", of.application)
}

fn suspension(reason: Reason) -> SuspensionReason {
    match reason {
        Reason::Payment => SuspensionReason::Payment,
        Reason::Security => SuspensionReason::Security,
        Reason::CustomerRequest => SuspensionReason::CustomerRequest,
        Reason::Contract => SuspensionReason::Contract,
    }
}

fn state(entitlement: &Entitlement) -> String {
    word(entitlement.state().as_str_name(), "ENTITLEMENT_STATE_")
}

/// Returns the reason of a suspension, if it has one.
fn reason(entitlement: &Entitlement) -> Option<String> {
    let reason = entitlement.suspension_reason();
    let said = reason != SuspensionReason::Unspecified;
    said.then(|| word(reason.as_str_name(), "SUSPENSION_REASON_"))
}

fn row(entitlement: &Entitlement) -> [String; 5] {
    let time = |time: &Option<Timestamp>| time.as_ref().map(moment::text).unwrap_or_default();
    [
        entitlement.name.clone(),
        state(entitlement),
        reason(entitlement).unwrap_or_default(),
        time(&entitlement.start_time),
        time(&entitlement.end_time),
    ]
}

fn as_json(entitlement: &Entitlement) -> Value {
    json!({
        "name": entitlement.name,
        "application": entitlement.application,
        "state": state(entitlement),
        "reason": reason(entitlement),
        "start_time": entitlement.start_time.as_ref().map(moment::text),
        "end_time": entitlement.end_time.as_ref().map(moment::text),
    })
}
