//! An entitlement service with a separate database that follows the feeds of an installation. A
//! test can stop it while identity and membership continue, so that it receives their changes
//! later.

use std::sync::Arc;

use api::{
    Peer,
    entitlement::v1::{CheckRequest, DecisionReason, GetGrantRequest, Grant},
};
use clock::{Clock, SystemClock};
use entitlement::{Dependencies, Limits};
use mandate_documents::{
    apply::{Options, apply},
    clients::Clients,
    document::parse_str,
};
use mandate_server::Stores;
use rpc::{Authentication, Channel, in_process, stack};
use sqlx::{Connection, Executor, PgConnection};
use store::StoreUrl;
use tempfile::TempDir;
use testkit::Postgres;
use tests::{Rig, Setting};
use tokens::Source;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{feeds::open, tokens::at_least};

pub struct Apart<'r> {
    rig: &'r Rig,
    clock: Arc<dyn Clock>,
    database: String,
    store: StoreUrl,
    _folder: TempDir,
    running: Option<(Clients, DropGuard)>,
}

impl<'r> Apart<'r> {
    /// Starts a service that knows nothing but the feeds.
    pub async fn start(rig: &'r Rig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (database, stores) = match rig.setting {
            Setting::Sqlite => (String::new(), Stores::in_folder(folder.path())),
            Setting::Postgres | Setting::Processes => {
                let database = Postgres::shared().unwrap().database().unwrap();
                let stores = Stores::shared(database.as_str());
                (database, stores)
            }
        };
        let clock: Arc<dyn Clock> = match &rig.clock {
            Some(clock) => Arc::new(clock.clone()),
            None => Arc::new(SystemClock::default()),
        };
        let mut apart = Self {
            rig,
            clock,
            database,
            store: stores.unwrap().entitlement,
            _folder: folder,
            running: None,
        };
        apart.resume().await;
        apart
    }

    /// Ends the service abruptly.
    pub fn stop(&mut self) {
        self.running = None;
    }

    /// Starts the service again, and waits until it has received all changes.
    pub async fn resume(&mut self) {
        let [identity, membership, _] = self.rig.channels_as(Peer::Entitlement);
        self.resume_with(identity, membership).await;
        self.heard().await;
    }

    /// Starts the service again with other channels to identity and membership.
    pub async fn resume_with(&mut self, identity: Channel, membership: Channel) {
        let secrets = self.rig.secrets();
        let shutdown = CancellationToken::new();
        let built = entitlement::build(Dependencies {
            store: self.store.clone(),
            cache: None,
            clock: self.clock.clone(),
            sealer: secrets.sealer.clone(),
            limits: Limits::default(),
            decision_log: None,
            tasks: tasks::Tasks::new(shutdown.clone()),
        });
        let built = built.await.unwrap();
        let authentication = Authentication {
            credentials: built.keys,
            tokens: None,
            anonymous: None,
        };
        let service = stack(built.routes, authentication, rpc::Limits::default());
        built.feeds.follow(identity, membership);
        let [identity, membership, _] = self.rig.channels();
        let clients = Clients::new(identity, membership, in_process(service), &secrets.root);
        self.running = Some((clients, shutdown.drop_guard()));
    }

    /// Returns clients of this service, and of the identity and membership services of the
    /// installation.
    pub fn root(&self) -> Clients {
        self.running.as_ref().unwrap().0.clone()
    }

    /// Runs a statement that deletes from the service's PostgreSQL database.
    pub async fn forget(&self, statement: &'static str) {
        let mut database = PgConnection::connect(&self.database).await.unwrap();
        database.execute(statement).await.unwrap();
    }

    /// Waits until the service has received all changes of identity and membership.
    pub async fn heard(&self) {
        for source in [Source::Identity, Source::Membership] {
            let end = open(self.rig, source).await.head().await.unwrap().cursor;
            let position = tokens::Position {
                source,
                epoch: end.epoch,
                at: end.position,
            };
            let token = self.rig.secrets().sealer.consistency(position);
            let question = CheckRequest {
                subject: "serviceAccounts/root".to_owned(),
                permission: "mandate.decisions.check".to_owned(),
                resource: "organizations/operator".to_owned(),
                consistency: Some(at_least(&token)),
                ..CheckRequest::default()
            };
            loop {
                // Before the first key has arrived, the service authenticates no caller.
                let asked = self.root().authorization().check(question.clone()).await;
                match asked.map_err(|status| status.code()) {
                    Ok(_) => break,
                    Err(tonic::Code::Unauthenticated | tonic::Code::PermissionDenied) => {
                        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                    }
                    Err(code) => panic!("{code:?}"),
                }
            }
        }
    }

    /// Applies a document.
    pub async fn apply(&self, document: &str) {
        let document = parse_str("test.yaml", document).unwrap();
        let applied = apply(&[document], &self.root(), Options::default(), &mut ()).await;
        applied.unwrap();
    }

    /// Returns the reason of the answer to a question.
    pub async fn reason(&self, question: CheckRequest) -> DecisionReason {
        let answer = self.root().authorization().check(question).await;
        answer.unwrap().into_inner().decision.unwrap().reason()
    }

    /// Loads a grant by name.
    pub async fn grant(&self, name: &str) -> Grant {
        let name = name.to_owned();
        let mut grants = self.root().grants();
        let found = grants.get_grant(GetGrantRequest { name });
        found.await.unwrap().into_inner().grant.unwrap()
    }
}
