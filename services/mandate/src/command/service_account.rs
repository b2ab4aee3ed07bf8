//! `mandate service-account`.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use api::{
    common::v1::{Consistency, consistency::Requirement},
    entitlement::v1::{CheckRequest, CreateGrantRequest, Grant, Scope},
    identity::v1::{CreateServiceAccountKeyRequest, CreateServiceAccountRequest, ServiceAccount},
    membership::v1::{CreateMembershipRequest, Membership},
};
use mandate_documents::clients::{CallError, Service, answer, within};
use serde_json::json;
use tonic::Code;

use super::{
    check::CALL_TIMEOUT,
    names::{in_organization, role_name},
};
use crate::{
    cli::{ServiceAccountCommand, ServiceAccountCreateArgs},
    connect::{Connection, connect},
    exit::Failure,
    output,
};

/// The access of a backend that checks the access of others, and its role.
const CHECK_ACCESS: (&str, &str) = ("check", "mandate.checker");
/// The word for all organizations, and the organization whose members can do everywhere what they
/// can do there.
const ALL_ORGANIZATIONS: (&str, &str) = ("all", "organizations/operator");

/// Creates service accounts.
pub(super) async fn service_account(
    command: ServiceAccountCommand,
    context: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let ServiceAccountCommand::Create(args) = command;
    let file = args.key_file.as_deref().map(private).transpose()?;
    let connection = connect(context)?;
    let account = format!("serviceAccounts/{}", args.id);
    let token = create(&connection, &args).await?;
    let mut grants = Vec::new();
    for organization in organizations(&args) {
        let member = join(&connection, &organization, &account).await?;
        for role in &args.can {
            let role = if *role == CHECK_ACCESS.0 {
                CHECK_ACCESS.1
            } else {
                role
            };
            let role = role_name(&organization, role).map_err(Failure::usage)?;
            grants.push(give(&connection, &organization, &account, role, &member).await?);
        }
    }
    await_account(&connection, &account, token).await;
    let (key, secret) = key(&connection, &account).await?;
    output::note(format!("{account} holds {}", grants.join(", ")));
    if let (Some(mut file), Some(path)) = (file, &args.key_file) {
        let written = writeln!(file, "{secret}").and_then(|()| file.sync_all());
        written.map_err(|error| lost(&key, &format!("`{}`: {error}", path.display())))?;
        output::note(format!("its key is in `{}`", path.display()));
        if json {
            let made = json!({ "service_account": account, "grants": grants, "key": key });
            return output::json(&made);
        }
        return Ok(());
    }
    if json {
        output::json(&json!({
            "service_account": account,
            "grants": grants,
            "key": key,
            "secret": secret,
        }))?;
    } else {
        output::line(&secret);
    }
    if output::is_broken() {
        return Err(lost(&key, "nobody reads the output"));
    }
    Ok(())
}

/// Reports a key that could not be handed over: it is useless, and somebody may have seen it.
fn lost(key: &str, error: &str) -> Failure {
    Failure::failed(format!(
        "{error}\nthe key is lost; delete `{key}` and create another"
    ))
}

fn organizations(args: &ServiceAccountCreateArgs) -> Vec<String> {
    let named = args.organizations.iter().map(|name| match name.as_str() {
        name if name == ALL_ORGANIZATIONS.0 => ALL_ORGANIZATIONS.1.to_owned(),
        name => in_organization(name),
    });
    named.collect()
}

/// Opens the key file. That comes first: a key without a file to go to would be lost.
fn private(path: &Path) -> Result<std::fs::File, Failure> {
    let opened: io::Result<_> = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    opened.map_err(|error| Failure::usage(format!("`{}`: {error}", path.display())))
}

/// Accepts an entity that exists already, unchanged: a run continues an interrupted one.
fn unless_exists<T: Default>(
    connection: &Connection,
    result: Result<T, CallError>,
) -> Result<T, Failure> {
    match result {
        Err(error) if error.status.code() == Code::AlreadyExists => {
            output::note(error.status.message());
            Ok(T::default())
        }
        result => result.map_err(|error| connection.failure(&error)),
    }
}

async fn create(
    connection: &Connection,
    args: &ServiceAccountCreateArgs,
) -> Result<String, Failure> {
    let request = CreateServiceAccountRequest {
        service_account: Some(ServiceAccount {
            display_name: args.display_name.clone().unwrap_or_else(|| args.id.clone()),
            ..ServiceAccount::default()
        }),
        service_account_id: args.id.clone(),
        ..CreateServiceAccountRequest::default()
    };
    let mut client = connection.clients.service_accounts();
    let call = client.create_service_account(within(CALL_TIMEOUT, request));
    let made = answer(Service::Identity, "create_service_account", call).await;
    Ok(unless_exists(connection, made)?.consistency_token)
}

/// Creates the membership, and returns its consistency token.
async fn join(connection: &Connection, parent: &str, account: &str) -> Result<String, Failure> {
    let request = CreateMembershipRequest {
        parent: parent.to_owned(),
        membership: Some(Membership {
            subject: account.to_owned(),
            ..Membership::default()
        }),
        ..CreateMembershipRequest::default()
    };
    let mut client = connection.clients.members();
    let call = client.create_membership(within(CALL_TIMEOUT, request));
    let made = answer(Service::Membership, "create_membership", call).await;
    Ok(unless_exists(connection, made)?.consistency_token)
}

/// Grants a role in the whole organization, and returns the name of the grant.
async fn give(
    connection: &Connection,
    parent: &str,
    account: &str,
    role: String,
    token: &str,
) -> Result<String, Failure> {
    let id = account.rsplit('/').next().unwrap_or_default();
    let (application, rest) = role.rsplit_once("/roles/").unwrap_or_default();
    let application = application.rsplit('/').next().unwrap_or_default();
    let grant_id = format!("{id}-{application}-{rest}");
    let name = format!("{parent}/grants/{grant_id}");
    let request = CreateGrantRequest {
        parent: parent.to_owned(),
        grant: Some(Grant {
            subject: account.to_owned(),
            role,
            scope: Some(Scope {
                all: true,
                ..Scope::default()
            }),
            ..Grant::default()
        }),
        grant_id,
        consistency_token: token.to_owned(),
        ..CreateGrantRequest::default()
    };
    let mut client = connection.clients.grants();
    let call = client.create_grant(within(CALL_TIMEOUT, request));
    let made = answer(Service::Entitlement, "create_grant", call).await;
    unless_exists(connection, made)?;
    Ok(name)
}

/// Waits until the entitlement service knows the account, so that its key works immediately.
async fn await_account(connection: &Connection, account: &str, token: String) {
    let question = CheckRequest {
        subject: account.to_owned(),
        permission: "mandate.decisions.check".to_owned(),
        resource: ALL_ORGANIZATIONS.1.to_owned(),
        consistency: (!token.is_empty()).then_some(Consistency {
            requirement: Some(Requirement::AtLeastAsFresh(token)),
        }),
        ..CheckRequest::default()
    };
    let mut client = connection.clients.authorization();
    let _ = client.check(within(CALL_TIMEOUT, question)).await;
}

/// Creates a key: returns its name, and the secret, which is shown only once.
async fn key(connection: &Connection, account: &str) -> Result<(String, String), Failure> {
    let request = CreateServiceAccountKeyRequest {
        parent: account.to_owned(),
        ..CreateServiceAccountKeyRequest::default()
    };
    let mut client = connection.clients.service_accounts();
    let call = client.create_service_account_key(within(CALL_TIMEOUT, request));
    let made = answer(Service::Identity, "create_service_account_key", call).await;
    let made = made.map_err(|error| connection.failure(&error))?;
    Ok((made.key.unwrap_or_default().name, made.secret))
}
