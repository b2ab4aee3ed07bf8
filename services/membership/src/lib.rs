//! Organizations, their units, resources, contacts and memberships, and change requests.

mod app;
mod bootstrap;
mod error;
mod keys;
mod peers;
mod resume_approved;
mod rpc;
mod store;

use std::sync::Arc;

use ::rpc::{Authenticator, Channel, PeerChannel, Routes};
use ::store::{Store, StoreError, StoreUrl};
use authz::Authority;
use clock::Clock;
use service::peer::Entitlement;
use tokens::{Sealer, Source};

pub use crate::store::Migrator;

use crate::{app::App, peers::Identity};
use tasks::Tasks;

/// The dependencies of the service.
#[derive(Debug)]
pub struct Dependencies {
    /// The database.
    pub store: StoreUrl,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The sealer of the installation's tokens.
    pub sealer: Sealer,
    /// The identity service.
    pub identity: Channel,
    /// The entitlement service.
    pub entitlement: Channel,
    /// Stops the streams and the tasks.
    pub tasks: Tasks,
}

/// The service: its methods, and the keys that its stack authenticates with.
pub struct Membership {
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
pub async fn build(dependencies: Dependencies) -> Result<Membership, StoreError> {
    let store = Store::open::<store::Migrator>(
        &dependencies.store,
        Source::Membership,
        dependencies.sealer,
        dependencies.clock,
    )
    .await?;
    bootstrap::ensure(&store).await?;
    let identity = PeerChannel::new(dependencies.identity);
    let entitlement = PeerChannel::new(dependencies.entitlement);
    let entitlement = Entitlement::new(entitlement);
    let app = App {
        authority: Authority::new(Arc::new(entitlement.clone())),
        identity: Identity::new(identity.clone()),
        entitlement,
        shutdown: dependencies.tasks.stop().clone(),
        store,
    };
    let own = app.clone();
    dependencies
        .tasks
        .keep("approved change requests", move || {
            resume_approved::resume_approved(own.clone())
        });
    Ok(Membership {
        routes: rpc::routes(&app),
        keys: Arc::new(keys::PeerKeys(identity)),
        store: app.store,
    })
}
