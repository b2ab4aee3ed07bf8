//! Connections from a context to the services, and the failures of calls.

use std::{fs, path::Path};

use mandate_documents::clients::{CallError, Clients, Service};
use rpc::Channel;
use secrecy::SecretString;
use tonic::Code;
use types::SecretUrl;

use crate::{
    context::{self, Context},
    exit::Failure,
};

/// A connection to an installation.
#[derive(Debug)]
pub struct Connection {
    /// The services.
    pub clients: Clients,
    context: Context,
}

/// Opens the named context, or the current one. The first call connects.
///
/// # Errors
/// There is no such context, or its files cannot be read.
pub fn connect(name: Option<&str>) -> Result<Connection, Failure> {
    let path = context::default_path().map_err(Failure::usage_error)?;
    let contexts = context::load(&path).map_err(Failure::usage_error)?;
    let (_, context) = contexts.choose(name).map_err(Failure::usage_error)?;
    open(context)
}

/// Opens a context. The first call connects.
///
/// # Errors
/// Its files cannot be read, or it has no URLs.
pub fn open(context: &Context) -> Result<Connection, Failure> {
    let key = read(&context.key_file)?;
    let key = SecretString::from(String::from_utf8_lossy(&key).trim());
    let ca = context.ca_file.as_deref().map(read).transpose()?;
    let open = |url: &str| channel(url, ca.as_deref());
    Ok(Connection {
        clients: Clients::new(
            open(&context.identity)?,
            open(&context.membership)?,
            open(&context.entitlement)?,
            &key,
        ),
        context: context.clone(),
    })
}

impl Connection {
    /// Describes a failed call to the user.
    pub fn failure(&self, error: &CallError) -> Failure {
        let address = match error.service {
            Service::Identity => &self.context.identity,
            Service::Membership => &self.context.membership,
            Service::Entitlement => &self.context.entitlement,
        };
        if error.is_unreachable() {
            let address = SecretUrl::from(address.as_str());
            return Failure::unreachable(format!(
                "cannot reach the {} service at {address}: {}\n\
                 Is it running? `mandate dev` starts one on this machine.",
                error.service,
                error.status.message()
            ));
        }
        Failure {
            denied: error.status.code() == Code::PermissionDenied,
            ..Failure::failed(error.describe())
        }
    }
}

fn channel(url: &str, ca: Option<&[u8]>) -> Result<Channel, Failure> {
    if url.starts_with("https:") && ca.is_none() {
        let url = SecretUrl::from(url);
        return Err(Failure::usage(format!(
            "`{url}` needs the `ca_file` of the context, to verify the service"
        )));
    }
    rpc::over_tcp(url, ca).map_err(|error| {
        let url = SecretUrl::from(url);
        Failure::usage(format!("`{url}`: {error}"))
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::usage(format!("`{}`: {error}", path.display())))
}
