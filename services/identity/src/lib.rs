//! Users, service accounts and their keys.

mod app;
mod bootstrap;
mod error;
mod keys;
mod rpc;
mod secret;
mod store;

use std::sync::Arc;

use ::rpc::{Authenticator, Channel, PeerChannel, Routes};
use ::store::{Store, StoreError, StoreUrl};
use authz::Authority;
use clock::Clock;
use secrecy::SecretString;
use service::peer::Entitlement;
use tokens::{Sealer, Source};
use tokio_util::sync::CancellationToken;

pub use crate::store::Migrator;
pub use identity_core::ROOT;

use crate::app::App;

/// The dependencies of the service.
#[derive(Debug)]
pub struct Dependencies {
    /// The database.
    pub store: StoreUrl,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The sealer of the installation's tokens.
    pub sealer: Sealer,
    /// The secret of the first service account, which creates all others.
    pub root_key: SecretString,
    /// The entitlement service.
    pub entitlement: Channel,
    /// Stops the streams.
    pub shutdown: CancellationToken,
}

/// The service: its methods, and the keys that its stack authenticates with.
pub struct Identity {
    /// The methods.
    pub routes: Routes,
    /// Maps credentials to accounts.
    pub keys: Arc<dyn Authenticator>,
    /// The database, to be closed last.
    pub store: Store,
}

/// Opens the store and builds the service.
///
/// # Errors
/// [`StoreError`] when the database cannot be used.
pub async fn build(dependencies: Dependencies) -> Result<Identity, StoreError> {
    let store = Store::open::<store::Migrator>(
        &dependencies.store,
        Source::Identity,
        dependencies.sealer,
        dependencies.clock,
    )
    .await?;
    bootstrap::ensure(&store, &dependencies.root_key).await?;
    let channel = PeerChannel::new(dependencies.entitlement);
    let entitlement = Entitlement::new(channel);
    let app = App {
        authority: Authority::new(Arc::new(entitlement.clone())),
        entitlement,
        shutdown: dependencies.shutdown,
        store: store.clone(),
    };
    Ok(Identity {
        routes: rpc::routes(&app),
        keys: Arc::new(keys::StoredKeys(store.clone())),
        store,
    })
}
