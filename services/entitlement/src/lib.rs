//! The entitlement service: catalog, grants and decisions.

mod app;
mod bootstrap;
mod catalog;
mod decision_log;
mod decisions;
mod engine;
mod error;
mod facts;
mod history_retention;
mod metrics;
mod owners;
mod projection;
mod rpc;
mod store;

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use ::cache::Cache;
use ::rpc::{Authenticator, Channel, PeerChannel, Routes};
use ::store::{Store, StoreError, StoreUrl};
use authz::Authority;
use clock::Clock;
use freshness::Contract;
use tokens::{Sealer, Source};
use types::OrganizationId;

pub use crate::{
    catalog::definition,
    decision_log::{DecisionLogSettings, DecisionLogTarget, mask},
    store::Migrator,
};

use crate::{
    app::{App, WatchSlots},
    decision_log::DecisionLog,
    decisions::Decisions,
    engine::Engine,
    facts::{Facts, Settings},
    metrics::Metrics,
    owners::Owners,
    projection::FeedLiveness,
};
use tasks::Tasks;

/// Purpose for deriving the namespace of the decisions in Redis from the installation's token key.
pub const DECISIONS: &str = "decisions";

/// Dependencies of the service.
#[derive(Debug)]
pub struct Dependencies {
    /// The database.
    pub store: StoreUrl,
    /// The cache that replicas share, if any.
    pub cache: Option<Cache>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The installation's tokens.
    pub sealer: Sealer,
    /// Limits.
    pub limits: Limits,
    /// Settings of the decision log, if enabled.
    pub decision_log: Option<DecisionLogSettings>,
    /// Ends the streams and the tasks.
    pub tasks: Tasks,
}

/// Limits of the service.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Maximum age of the facts that answers are based on.
    pub lease: Duration,
    /// Time without a feed message after which answers are refused.
    pub max_feed_silence: Duration,
    /// Maximum size of the facts in memory, in bytes.
    pub memory: usize,
    /// Maximum number of members, and of resources, up to which an organization is in memory
    /// completely. A query never made before then costs as much as a repeated one.
    pub whole: u64,
    /// Retention of history: the earliest `read_time` of a query.
    pub history: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(1),
            max_feed_silence: Duration::from_secs(300),
            memory: 256 << 20,
            whole: 20_000,
            history: Duration::from_secs(400 * 24 * 60 * 60),
        }
    }
}

/// The service: its methods, and the authenticator of keys for its stack.
pub struct Entitlement {
    /// The methods.
    pub routes: Routes,
    /// Resolves a key to its service account.
    pub keys: Arc<dyn Authenticator>,
    /// The database, to be closed last.
    pub store: Store,
    /// The feeds of the other services.
    pub feeds: Feeds,
}

/// The feeds of the other services' facts.
pub struct Feeds {
    facts: Arc<Facts>,
    store: Store,
    heard: Arc<FeedLiveness>,
    owners: Owners,
    tasks: Tasks,
}

/// The reason why the service cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The decision log cannot be written.
    #[error("the decision log cannot be written")]
    DecisionLog(#[source] std::io::Error),
}

/// Opens the store and builds the service.
///
/// # Errors
/// [`BuildError`].
pub async fn build(dependencies: Dependencies) -> Result<Entitlement, BuildError> {
    let Dependencies {
        store,
        cache,
        clock,
        sealer,
        limits,
        decision_log,
        tasks,
    } = dependencies;
    let store =
        Store::open::<store::Migrator>(&store, Source::Entitlement, sealer.clone(), clock.clone())
            .await?;
    bootstrap::ensure(&store).await?;
    let settings = Settings {
        lease: limits.lease,
        poll: limits.lease / 5,
        memory: limits.memory,
        whole: limits.whole,
    };
    let heard = Arc::new(FeedLiveness::new(clock.clone()));
    let facts = Facts::start(store.clone(), settings, &tasks);
    let engine = Engine {
        facts: facts.clone(),
        heard: heard.clone(),
        store: store.clone(),
        clock,
        sealer,
        operator: OrganizationId::operator(),
        lease: limits.lease,
        max_silence: limits.max_feed_silence,
    };
    let measures = Metrics::default();
    measures.publish(&facts);
    let decisions = cache.map(|cache| {
        let contract = Contract::new(&store.sealer().namespace(DECISIONS));
        Decisions::start(cache, contract, engine.clone(), measures.clone(), &tasks)
    });
    let own = store.clone();
    tasks.keep("history retention", move || {
        history_retention::forget(own.clone(), limits.history)
    });
    let log = decision_log
        .map(|settings| DecisionLog::start(&settings, store.sealer(), store.clock().clone()))
        .transpose()
        .map_err(BuildError::DecisionLog)?;
    let owners = Owners::default();
    let app = App {
        log,
        authority: Authority::new(Arc::new(engine.clone())),
        owners: owners.clone(),
        engine: engine.clone(),
        decisions,
        store: store.clone(),
        measures,
        history: limits.history,
        watches: WatchSlots::default(),
        shutdown: tasks.stop().clone(),
    };
    Ok(Entitlement {
        routes: rpc::routes(&app),
        keys: Arc::new(engine),
        store: store.clone(),
        feeds: Feeds {
            facts,
            store,
            heard,
            owners,
            tasks,
        },
    })
}

impl Feeds {
    /// Starts to follow the feeds. This is a separate step, because the other services need this
    /// one to be built first.
    pub fn follow(&self, identity: Channel, membership: Channel) {
        let (identity, membership) = (PeerChannel::new(identity), PeerChannel::new(membership));
        let stop = self.tasks.stop().clone();
        self.owners
            .reach(identity.clone(), membership.clone(), stop);
        projection::follow(&self.store, &self.heard, identity, membership, &self.tasks);
    }

    /// Returns the number of statements run on the database so far, except those that only poll for
    /// changes.
    pub fn statements(&self) -> Arc<AtomicU64> {
        self.store.statements()
    }

    /// Waits until both feeds have been applied to their ends and answers are based on them.
    pub async fn caught_up(&self) {
        self.heard.caught_up().await;
        if let Err(error) = self.facts.refresh(Vec::new()).await {
            tracing::warn!(%error, "the facts are not read yet");
        }
    }
}
