//! Builds each service with its stack, from its settings and its channels to the others.

use std::{path::Path, sync::Arc};

use authz::Account;
use cache::Cache;
use clock::Clock;
use entitlement::DecisionLogSettings;
use oidc::Tokens;
use rpc::{
    Authentication, Authenticator, Channel, GrpcService, Limits, Readiness, Routes, stack,
    with_tools,
};
use store::{Store, StoreError, StoreUrl};
use tasks::Tasks;
use types::{Id, SecretUrl, ServiceAccountId, Subject};

use crate::secrets::Secrets;

/// Authentication of callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerAuthentication {
    /// Every caller presents the credentials of a service account.
    Required,
    /// A caller without credentials acts as the first service account. For test rigs.
    Waived,
}

/// The settings of every service of an installation.
#[derive(Debug, Clone)]
pub struct ServiceSettings {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The shared secrets.
    pub secrets: Secrets,
    /// Limits of the calls.
    pub limits: Limits,
    /// Authentication of callers.
    pub callers: CallerAuthentication,
    /// The verifier of OIDC tokens in place of keys, if they are accepted.
    pub tokens: Option<Arc<Tokens>>,
    /// The tasks of the process.
    pub tasks: Tasks,
}

/// The databases of the services. They may be one PostgreSQL database, in which each service has a
/// schema of its own.
#[derive(Debug, Clone)]
pub struct Stores {
    /// The database of identity.
    pub identity: StoreUrl,
    /// The database of membership.
    pub membership: StoreUrl,
    /// The database of entitlement.
    pub entitlement: StoreUrl,
}

impl Stores {
    /// Returns a SQLite file for each service, in one folder.
    ///
    /// # Errors
    /// The path cannot be part of a URL.
    pub fn in_folder(folder: &Path) -> Result<Self, StoreError> {
        let url = |name| {
            let path = folder.join(name);
            StoreUrl::parse(format!("sqlite:{}", path.display()))
        };
        Ok(Self {
            identity: url("identity.db")?,
            membership: url("membership.db")?,
            entitlement: url("entitlement.db")?,
        })
    }

    /// Returns one database for all services.
    ///
    /// # Errors
    /// The URL names no database, or one SQLite file.
    pub fn shared(url: impl Into<SecretUrl>) -> Result<Self, StoreError> {
        let url = url.into();
        if url.expose().starts_with("sqlite:") {
            return Err(StoreError::Url(url));
        }
        let url = StoreUrl::parse(url)?;
        Ok(Self {
            identity: url.clone(),
            membership: url.clone(),
            entitlement: url,
        })
    }
}

/// A service with its stack and its readiness.
#[derive(Debug, Clone)]
pub struct BuiltService {
    /// The service.
    pub service: GrpcService,
    /// Controls its readiness.
    pub readiness: Readiness,
    /// Its database, to be closed last.
    pub store: Store,
}

/// Builds identity.
///
/// # Errors
/// The database cannot be used.
pub async fn identity(
    settings: &ServiceSettings,
    store: StoreUrl,
    entitlement: Channel,
) -> Result<BuiltService, BuildError> {
    let built = identity::build(identity::Dependencies {
        store,
        clock: settings.clock.clone(),
        sealer: settings.secrets.sealer.clone(),
        root_key: settings.secrets.root.clone(),
        entitlement,
        shutdown: settings.tasks.stop().clone(),
    })
    .await?;
    with_stack(settings, built.routes, built.keys, built.store).await
}

/// Builds membership.
///
/// # Errors
/// The database cannot be used.
pub async fn membership(
    settings: &ServiceSettings,
    store: StoreUrl,
    identity: Channel,
    entitlement: Channel,
) -> Result<BuiltService, BuildError> {
    let built = membership::build(membership::Dependencies {
        store,
        clock: settings.clock.clone(),
        sealer: settings.secrets.sealer.clone(),
        identity,
        entitlement,
        tasks: settings.tasks.clone(),
    })
    .await?;
    with_stack(settings, built.routes, built.keys, built.store).await
}

/// Builds entitlement. It follows the feeds of the others once these exist.
///
/// # Errors
/// The database cannot be used.
pub async fn entitlement(
    settings: &ServiceSettings,
    store: StoreUrl,
    cache: Option<Cache>,
    limits: entitlement::Limits,
    decision_log: Option<DecisionLogSettings>,
) -> Result<(BuiltService, entitlement::Feeds), BuildError> {
    let built = entitlement::build(entitlement::Dependencies {
        store,
        cache,
        clock: settings.clock.clone(),
        sealer: settings.secrets.sealer.clone(),
        limits,
        decision_log,
        tasks: settings.tasks.clone(),
    })
    .await?;
    let service = with_stack(settings, built.routes, built.keys, built.store).await?;
    Ok((service, built.feeds))
}

/// An error of building a service.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database cannot be used, or the decision log cannot be written.
    #[error(transparent)]
    Entitlement(#[from] entitlement::BuildError),
    /// The descriptors cannot be served.
    #[error(transparent)]
    Reflection(#[from] rpc::ReflectionError),
    /// The name of the first service account is malformed.
    #[error(transparent)]
    Id(#[from] types::InvalidId),
}

async fn with_stack(
    settings: &ServiceSettings,
    routes: Routes,
    credentials: Arc<dyn Authenticator>,
    store: Store,
) -> Result<BuiltService, BuildError> {
    let anonymous = match settings.callers {
        CallerAuthentication::Required => None,
        CallerAuthentication::Waived => {
            let root = ServiceAccountId::parse(identity::ROOT)?;
            Some(Account::new(Subject::ServiceAccount(root), ""))
        }
    };
    let authentication = Authentication {
        credentials,
        tokens: settings.tokens.clone(),
        anonymous,
    };
    let (routes, readiness) = with_tools(routes).await?;
    Ok(BuiltService {
        service: stack(routes, authentication, settings.limits),
        readiness,
        store,
    })
}
