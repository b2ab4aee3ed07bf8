//! The product on a separate database, which is filled once and then served.

use api::entitlement::v1::{
    CheckRequest, CheckResponse, Effect, ListResourcesRequest, ListResourcesResponse, PlaceKind,
};
use benches::{
    Call, Result, Target, Workload,
    daemon::{self, Daemon},
};
use mandate_documents::{
    apply::{self, Options},
    clients::Clients,
    document::parse_str,
};
use mandate_server::Secrets;
use prost::Message;
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::time::{Duration, Instant};
use tonic::transport::Channel;

use crate::{
    fill::{self, fill},
    shape::{Asked, GRANTS, LISTED, LISTED_RESOURCES, Size, organization_id, user_name},
};

const CHECK_PATH: &str = "/mandate.entitlement.v1.AuthorizationService/Check";
const LIST_RESOURCES_PATH: &str = "/mandate.entitlement.v1.AuthorizationService/ListResources";
/// Concurrent calls on each connection.
const CALLS_PER_CONNECTION: usize = 16;
/// Interval of verification: one answer in this many is compared with the right one.
const VERIFICATION_INTERVAL: usize = 100;
/// Maximum time from the start of a process to its first answer.
const FIRST_ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// A database with its keys.
pub(crate) struct Installation {
    pub(crate) size: Size,
    database: String,
    folder: TempDir,
    key: SecretString,
}

/// A process that serves the database. It is killed when this is dropped.
pub(crate) struct Server {
    pub(crate) daemon: Daemon,
    pub(crate) target: Target,
}

impl Installation {
    /// Creates the tables and the catalog through the product, and fills in the facts.
    pub(crate) async fn make(database: String, size: Size) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let secrets =
            Secrets::read_or_make(folder.path()).map_err(|failure| failure.to_string())?;
        let installation = Self {
            size,
            database,
            folder,
            key: secrets.root,
        };
        let server = installation.serve(64).await?;
        let channel = rpc::over_tcp(&format!("http://{}", server.daemon.address), None)?;
        let clients = Clients::new(channel.clone(), channel.clone(), channel, &installation.key);
        let (documents, mut progress) = ([parse_str("catalog.yaml", &catalog())?], ());
        let applied = apply::apply(&documents, &clients, Options::default(), &mut progress);
        Box::pin(applied).await?;
        drop(server);
        fill(&installation.database, size).await?;
        Ok(installation)
    }

    /// Deletes the grants. A running server keeps the facts in its memory.
    pub(crate) async fn take_grants(&self) -> Result<()> {
        fill::empty(&self.database).await
    }

    /// Starts a process with a memory limit for facts, in megabytes.
    pub(crate) async fn serve(&self, megabytes: usize) -> Result<Server> {
        let (address, memory) = (daemon::free_address()?, megabytes.to_string());
        let (listen, folder) = (
            address.to_string(),
            self.folder.path().display().to_string(),
        );
        let arguments = [
            ["serve", "all"],
            ["--insecure-plaintext", "--store"],
            [&self.database, "--secrets"],
            [&folder, "--listen"],
            [&listen, "--memory-mb"],
        ];
        let arguments = arguments.concat().into_iter().chain([&*memory]);
        let log = self.folder.path().join("log");
        let program = daemon::mandate()?;
        let daemon = Daemon::start(&program, arguments, address, &log).await?;
        let target = Target::with_key(address, &self.key, daemon.cpu())?;
        Ok(Server { daemon, target })
    }

    /// Starts a process. Returns it with the time from its start to its first answer, which must be
    /// right.
    pub(crate) async fn first_answer(&self, megabytes: usize) -> Result<(Server, Duration)> {
        let begin = Instant::now();
        let server = self.serve(megabytes).await?;
        let connection = server.target.connect().await?;
        let asked = self.size.question(0);
        while begin.elapsed() < FIRST_ANSWER_TIMEOUT {
            if server.ask(&connection, asked).await.is_ok() {
                return Ok((server, begin.elapsed()));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server.ask(&connection, asked).await?;
        Ok((server, begin.elapsed()))
    }
}

impl Server {
    /// Asks one question. Returns the latency.
    pub(crate) async fn ask(&self, connection: &Channel, asked: Asked) -> Result<Duration> {
        let begin = Instant::now();
        let answer: CheckResponse = self
            .target
            .call(connection, CHECK_PATH, &request(asked))
            .await?;
        let took = begin.elapsed();
        let effect = answer.decision.ok_or("no decision")?.effect();
        if effect == asked.effect() {
            return Ok(took);
        }
        Err(format!("the answer to {asked:?} was {effect:?}").into())
    }
}

impl Server {
    /// Lists all resources of the member of the organization with many resources, page by page.
    /// Returns the latency of each page.
    pub(crate) async fn list(&self, connection: &Channel) -> Result<Vec<Duration>> {
        let (mut times, mut found, mut page_token) = (Vec::new(), 0, String::new());
        loop {
            let request = ListResourcesRequest {
                parent: format!("organizations/{}", organization_id(LISTED)),
                subject: user_name(LISTED, 0),
                permission: "fleet.m0.view".to_owned(),
                kind: PlaceKind::Resource.into(),
                page_size: 1000,
                page_token,
                ..ListResourcesRequest::default()
            };
            let begin = Instant::now();
            let page: ListResourcesResponse = self
                .target
                .call(connection, LIST_RESOURCES_PATH, &request)
                .await?;
            times.push(begin.elapsed());
            found += page.resources.len();
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        if found == LISTED_RESOURCES {
            return Ok(times);
        }
        Err(format!("{found} resources were listed").into())
    }
}

/// Returns single questions for the load generator.
pub(crate) fn workload(asked: impl Iterator<Item = Asked>) -> Workload {
    answered(asked.map(|asked| (asked, asked.effect())))
}

/// Returns questions that must all be denied.
pub(crate) fn denied(asked: impl Iterator<Item = Asked>) -> Workload {
    answered(asked.map(|asked| (asked, Effect::Deny)))
}

fn answered(asked: impl Iterator<Item = (Asked, Effect)>) -> Workload {
    let calls = asked.map(|(asked, effect)| Call {
        body: request(asked).encode_to_vec().into(),
        effects: vec![effect],
    });
    Workload {
        path: CHECK_PATH,
        calls: calls.collect(),
        read: |answer| {
            let decision = CheckResponse::decode(answer.clone()).ok()?.decision?;
            Some(vec![Effect::try_from(decision.effect).ok()?])
        },
        items: 1,
        in_flight: CALLS_PER_CONNECTION,
        look: VERIFICATION_INTERVAL,
    }
}

fn request(asked: Asked) -> CheckRequest {
    let organization = organization_id(asked.organization);
    CheckRequest {
        subject: user_name(asked.organization, asked.member),
        permission: format!("fleet.m{}.view", asked.grant),
        resource: format!("organizations/{organization}/resources/r{}", asked.resource),
        consistency: None,
        read_time: None,
        context: None,
    }
}

/// Returns an application with a module and a role for each of a member's grants.
fn catalog() -> String {
    let modules = (0..GRANTS)
        .map(|grant| format!("{{id: m{grant}, display_name: Module {grant}, verbs: [view]}}"));
    let roles = (0..GRANTS).map(|grant| {
        format!("{{id: r{grant}, display_name: Role {grant}, permissions: [fleet.m{grant}.view]}}")
    });
    let join = |lines: Vec<String>| lines.join("\n      - ");
    format!(
        "applications:\n  - id: fleet\n    display_name: Fleet\n    modules:\n      - {}\n    \
         roles:\n      - {}\n",
        join(modules.collect()),
        join(roles.collect())
    )
}
