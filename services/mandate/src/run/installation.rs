//! Every service in one process. They call each other through their whole stacks, in process:
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
use rpc::{Channel, GrpcService, Mounted, Readiness, in_process, in_process_as, steer};

use store::Store;

use super::service::{self, BuildError, Built, ServiceSettings, Stores};

/// What an installation in one process is built with.
#[derive(Debug, Clone)]
pub struct InstallationSettings {
    /// What every service is built with.
    pub services: ServiceSettings,
    /// The databases.
    pub stores: Stores,
    /// The shared cache, if there is one.
    pub cache: Option<Cache>,
    /// Bounds of the answers.
    pub answers: entitlement::Limits,
    /// Where decisions are logged, if they are.
    pub decision_log: Option<DecisionLogSettings>,
}

/// Every service in one process.
#[derive(Debug, Clone)]
pub struct Installation {
    identity: Built,
    membership: Built,
    entitlement: Built,
    statements: Arc<AtomicU64>,
}

impl Installation {
    /// Builds the services and waits until they know of each other's facts.
    ///
    /// # Errors
    /// A database cannot be used.
    pub fn start(
        settings: InstallationSettings,
    ) -> Pin<Box<dyn Future<Output = Result<Self, BuildError>> + Send>> {
        // Large, and awaited once.
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

    /// All services behind one address.
    pub fn service(&self) -> GrpcService {
        let mounted = vec![
            Mounted {
                package: "mandate.identity.v1",
                service: self.identity.service.clone(),
            },
            Mounted {
                package: "mandate.membership.v1",
                service: self.membership.service.clone(),
            },
        ];
        steer(mounted, self.entitlement.service.clone())
    }

    /// How many statements entitlement has run on its database so far, without those that only see
    /// whether there is something new.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// A channel to all services, in this process.
    pub fn channel(&self) -> Channel {
        in_process(self.service())
    }

    /// A channel to all services, in this process, as one of them has it.
    pub fn channel_as(&self, peer: Peer) -> Channel {
        in_process_as(peer, self.service())
    }

    /// The databases, to be closed last.
    pub fn databases(&self) -> [Store; 3] {
        [&self.identity, &self.membership, &self.entitlement].map(|built| built.store.clone())
    }

    fn readiness(&self) -> [&Readiness; 3] {
        [&self.identity, &self.membership, &self.entitlement].map(|built| &built.readiness)
    }
}
