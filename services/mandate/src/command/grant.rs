//! `mandate grant`.

use api::entitlement::v1::{
    CreateGrantRequest, Grant, ListGrantsRequest, RevokeGrantRequest, Scope,
};
use mandate_documents::moment;
use prost_types::Timestamp;
use serde_json::{Value, json};

use super::{
    check::note_misspelt,
    every::{one, pages},
    names::{in_organization, role_name, subject, word},
};
use crate::{
    cli::{GrantCommand, GrantCreateArgs, GrantListArgs},
    connect::connect,
    exit::Failure,
    output,
};

/// Lists, creates and revokes grants.
pub(super) async fn grant(
    command: GrantCommand,
    context: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let connection = connect(context)?;
    let client = || connection.clients.grants();
    let listed = match &command {
        GrantCommand::List(args) => Some(args.organization.clone()),
        _ => None,
    };
    let grants = match command {
        GrantCommand::List(args) => {
            let request = list(args)?;
            pages!(connection, client().list_grants(request).grants)
        }
        GrantCommand::Create(args) => {
            let request = create(args)?;
            one!(connection, client().create_grant(request).grant)
        }
        GrantCommand::Revoke {
            organization,
            grant,
        } => {
            let request = RevokeGrantRequest {
                name: format!("{}/grants/{grant}", in_organization(&organization)),
                ..RevokeGrantRequest::default()
            };
            one!(connection, client().revoke_grant(request).grant)
        }
    };
    if json {
        let grants: Vec<Value> = grants.iter().map(as_json).collect();
        return output::json(&json!({ "grants": grants }));
    }
    let rows: Vec<[String; 8]> = grants.iter().map(row).collect();
    output::table(
        [
            "GRANT", "SUBJECT", "ROLE", "WHERE", "STATE", "FROM", "UNTIL", "IF",
        ],
        &rows,
    );
    output::note(format!("{} grant(s)", grants.len()));
    if let Some(organization) = listed.filter(|_| grants.is_empty()) {
        note_misspelt(&connection, &organization).await;
    }
    Ok(())
}

fn list(args: GrantListArgs) -> Result<ListGrantsRequest, Failure> {
    let parent = in_organization(&args.organization);
    let role = args
        .role
        .map(|role| role_name(&parent, &role))
        .transpose()
        .map_err(Failure::usage)?;
    let application = args.application.map(|id| format!("applications/{id}"));
    Ok(ListGrantsRequest {
        subject: args.subject.as_deref().map(subject).unwrap_or_default(),
        role: role.unwrap_or_default(),
        application: application.unwrap_or_default(),
        show_revoked: args.revoked,
        page_size: 1000,
        parent,
        ..ListGrantsRequest::default()
    })
}

fn create(args: GrantCreateArgs) -> Result<CreateGrantRequest, Failure> {
    let parent = in_organization(&args.organization);
    let within = |kind: &str, ids: Vec<String>| -> Vec<String> {
        let ids = ids.into_iter();
        ids.map(|id| format!("{parent}/{kind}/{id}")).collect()
    };
    let applications = args.applications.into_iter();
    let applications = applications.map(|id| format!("applications/{id}"));
    let scope = Scope {
        all: args.all,
        units: within("units", args.units),
        resources: within("resources", args.resources),
        applications: applications.collect(),
    };
    Ok(CreateGrantRequest {
        grant: Some(Grant {
            subject: subject(&args.subject),
            role: role_name(&parent, &args.role).map_err(Failure::usage)?,
            scope: Some(scope),
            start_time: args.start,
            end_time: args.end,
            can_delegate: args.can_delegate,
            condition: args.condition,
            ..Grant::default()
        }),
        grant_id: args.id,
        parent,
        ..CreateGrantRequest::default()
    })
}

fn state(grant: &Grant) -> String {
    word(grant.state().as_str_name(), "GRANT_STATE_")
}

fn row(grant: &Grant) -> [String; 8] {
    let time = |time: &Option<Timestamp>| time.as_ref().map(moment::text).unwrap_or_default();
    [
        last(&grant.name).to_owned(),
        grant.subject.clone(),
        grant.role.clone(),
        grant.scope.as_ref().map(places).unwrap_or_default(),
        state(grant),
        time(&grant.start_time),
        time(&grant.end_time),
        grant.condition.clone(),
    ]
}

/// Formats the scope of a grant, as ids.
fn places(scope: &Scope) -> String {
    let ids = |names: &[String]| {
        let ids: Vec<&str> = names.iter().map(|name| last(name)).collect();
        ids.join(", ")
    };
    let mut parts = Vec::new();
    if scope.all {
        parts.push("ALL".to_owned());
    }
    for names in [&scope.units, &scope.resources] {
        if !names.is_empty() {
            parts.push(ids(names));
        }
    }
    if !scope.applications.is_empty() {
        parts.push(format!("for {}", ids(&scope.applications)));
    }
    parts.join(", ")
}

/// Returns the last part of a name.
pub(super) fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Formats a grant as JSON.
pub(super) fn as_json(grant: &Grant) -> Value {
    let scope = grant.scope.as_ref().map(|scope| {
        json!({
            "all": scope.all,
            "units": scope.units,
            "resources": scope.resources,
            "applications": scope.applications,
        })
    });
    json!({
        "name": grant.name,
        "subject": grant.subject,
        "role": grant.role,
        "scope": scope,
        "state": state(grant),
        "can_delegate": grant.can_delegate,
        "start_time": grant.start_time.as_ref().map(moment::text),
        "end_time": grant.end_time.as_ref().map(moment::text),
        "condition": grant.condition,
        "granted_by": grant.granted_by,
        "revoked_by": grant.revoked_by,
    })
}
