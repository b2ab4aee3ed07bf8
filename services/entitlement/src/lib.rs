//! The catalogue, grants and decisions.

mod app;
mod bootstrap;
mod catalog;
mod decision_log;
mod decisions;
mod engine;
mod error;
mod facts;
mod forget;
mod measure;
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
use authority::Authority;
use base::OrganizationId;
use clock::Clock;
use freshness::Contract;
use seal::{Sealer, Source};
use tokio_util::sync::CancellationToken;

pub use crate::{
    catalog::definition,
    decision_log::{DecisionLogSettings, DecisionLogTarget, mask},
    store::Migrator,
};

use crate::{
    app::{App, Places},
    decision_log::DecisionLog,
    decisions::Decisions,
    engine::Engine,
    facts::{Facts, Settings},
    measure::Measures,
    owners::Owners,
    projection::Heard,
};

/// The purpose under which the namespace of the decisions in Redis is derived from the key of an
/// installation's tokens.
pub const DECISIONS: &str = "decisions";

/// What the service is built from.
#[derive(Debug)]
pub struct Dependencies {
    /// The database.
    pub store: StoreUrl,
    /// The cache that replicas share, if there is one.
    pub cache: Option<Cache>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The installation's tokens.
    pub sealer: Sealer,
    /// Bounds.
    pub limits: Limits,
    /// Where decisions are logged, if they are.
    pub decision_log: Option<DecisionLogSettings>,
    /// Ends the streams and the tasks.
    pub shutdown: CancellationToken,
}

/// What bounds the answers of the service.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How old the facts may be that an answer is given from.
    pub lease: Duration,
    /// For how long a feed may be silent before answers are refused.
    pub max_feed_silence: Duration,
    /// How many bytes the facts in memory may take.
    pub memory: usize,
    /// An organization with at most so many members and resources is in memory with all of them:
    /// then a question never asked before costs what a repeated one costs.
    pub whole: u64,
    /// For how long it is kept what was: questions may be about no moment before.
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

/// The service: its methods, and the keys that its stack authenticates with.
pub struct Entitlement {
    /// The methods.
    pub routes: Routes,
    /// Whose keys are whose.
    pub keys: Arc<dyn Authenticator>,
    /// The database, to be closed last.
    pub store: Store,
    /// What tells it of the other services' facts.
    pub feeds: Feeds,
}

/// What tells the service of the other services' facts.
pub struct Feeds {
    facts: Arc<Facts>,
    store: Store,
    heard: Arc<Heard>,
    owners: Owners,
    shutdown: CancellationToken,
}

/// Why the service cannot be built.
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
        shutdown,
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
    let heard = Arc::new(Heard::new(clock.clone()));
    let facts = Facts::start(store.clone(), settings, shutdown.clone());
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
    let measures = Measures::default();
    measures.publish(&facts);
    let decisions = cache.map(|cache| {
        let contract = Contract::new(&store.sealer().namespace(DECISIONS));
        Decisions::start(
            cache,
            contract,
            engine.clone(),
            measures.clone(),
            shutdown.clone(),
        )
    });
    tokio::spawn(
        shutdown
            .clone()
            .run_until_cancelled_owned(forget::forget(store.clone(), limits.history)),
    );
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
        watches: Places::default(),
        shutdown: shutdown.clone(),
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
            shutdown,
        },
    })
}

impl Feeds {
    /// Begins to follow the feeds. The services that they are of need this one to be built, so
    /// this comes after.
    pub fn follow(&self, identity: Channel, membership: Channel) {
        let (identity, membership) = (PeerChannel::new(identity), PeerChannel::new(membership));
        let stop = self.shutdown.clone();
        self.owners
            .reach(identity.clone(), membership.clone(), stop);
        projection::follow(
            &self.store,
            &self.heard,
            identity,
            membership,
            &self.shutdown,
        );
    }

    /// How many statements were run on the database so far, without those that only see whether
    /// there is something new.
    pub fn statements(&self) -> Arc<AtomicU64> {
        self.store.statements()
    }

    /// Returns once both feeds have been applied to their ends, and answers are given from them.
    pub async fn caught_up(&self) {
        self.heard.caught_up().await;
        if let Err(error) = self.facts.refresh(Vec::new()).await {
            tracing::warn!(%error, "the facts are not read yet");
        }
    }
}
