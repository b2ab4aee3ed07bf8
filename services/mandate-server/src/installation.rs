//! Every service in one process. They call each other in process, through their whole stacks:
//! nothing is skipped because a call is local.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use api::Peer;
use cache::Cache;
use entitlement::DecisionLogSettings;
use rpc::{Channel, GrpcService, PackageRoute, Readiness, in_process, in_process_as, steer};

use store::Store;

use crate::service::{self, BuildError, BuiltService, ServiceSettings, Stores};

/// Settings of an installation in one process.
#[derive(Debug, Clone)]
pub struct InstallationSettings {
    /// Settings of every service.
    pub services: ServiceSettings,
    /// The databases.
    pub stores: Stores,
    /// The shared cache, if there is one.
    pub cache: Option<Cache>,
    /// Limits of the answers.
    pub answers: entitlement::Limits,
    /// The decision log, if there is one.
    pub decision_log: Option<DecisionLogSettings>,
}

/// Every service in one process.
#[derive(Debug, Clone)]
pub struct Installation {
    identity: BuiltService,
    membership: BuiltService,
    entitlement: BuiltService,
    statements: Arc<AtomicU64>,
}

impl Installation {
    /// Builds the services and waits until entitlement has received the others' facts.
    ///
    /// # Errors
    /// A database cannot be used.
    pub fn start(
        settings: InstallationSettings,
    ) -> Pin<Box<dyn Future<Output = Result<Self, BuildError>> + Send>> {
        // The future is large, and awaited once.
        Box::pin(Self::build(settings))
    }

    async fn build(settings: InstallationSettings) -> Result<Self, BuildError> {
        let InstallationSettings {
            services,
            stores,
            cache,
            answers,
            decision_log,
        } = settings;
        let (entitlement, feeds) =
            service::entitlement(&services, stores.entitlement, cache, answers, decision_log)
                .await?;
        let to_entitlement = |by| in_process_as(by, entitlement.service.clone());
        let by_identity = to_entitlement(Peer::Identity);
        let identity = service::identity(&services, stores.identity, by_identity).await?;
        let to_identity = |by| in_process_as(by, identity.service.clone());
        let membership = service::membership(
            &services,
            stores.membership,
            to_identity(Peer::Membership),
            to_entitlement(Peer::Membership),
        )
        .await?;
        feeds.follow(
            to_identity(Peer::Entitlement),
            in_process_as(Peer::Entitlement, membership.service.clone()),
        );
        feeds.caught_up().await;
        let installation = Self {
            identity,
            membership,
            entitlement,
            statements: feeds.statements(),
        };
        for readiness in installation.readiness() {
            readiness.set(true).await;
        }
        Ok(installation)
    }

    /// Returns all services behind one address.
    pub fn service(&self) -> GrpcService {
        let mounted = vec![
            PackageRoute {
                package: "mandate.identity.v1",
                service: self.identity.service.clone(),
            },
            PackageRoute {
                package: "mandate.membership.v1",
                service: self.membership.service.clone(),
            },
        ];
        steer(mounted, self.entitlement.service.clone())
    }

    /// Returns the number of statements that entitlement has run on its database so far, without
    /// those that only poll for changes.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Returns an in-process channel to all services.
    pub fn channel(&self) -> Channel {
        in_process(self.service())
    }

    /// Returns an in-process channel to all services, as a peer service has it.
    pub fn channel_as(&self, peer: Peer) -> Channel {
        in_process_as(peer, self.service())
    }

    /// Returns the databases, to be closed last.
    pub fn databases(&self) -> [Store; 3] {
        [&self.identity, &self.membership, &self.entitlement].map(|built| built.store.clone())
    }

    fn readiness(&self) -> [&Readiness; 3] {
        [&self.identity, &self.membership, &self.entitlement].map(|built| &built.readiness)
    }
}
