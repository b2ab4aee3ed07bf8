//! `OpenFGA` on PostgreSQL with the caches that its documentation recommends for production.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use async_trait::async_trait;
use benches::{
    Call, Result, Target, Until, Workload,
    daemon::{self, Daemon, finish},
    portfolio::{Asked, Portfolio},
    run,
};
use prost::{Message, bytes::Bytes};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    facts::{self, allowing, relations},
    http,
    openfga_messages::{
        BatchCheckRequest, BatchCheckResponse, BatchItem, CheckRequest, CheckResponse, Tuple,
        Tuples, WriteRequest, WriteResponse, name,
    },
    system::{Method, System, effect},
};

const CHECK: &str = "/openfga.v1.OpenFGAService/Check";
const BATCH_CHECK: &str = "/openfga.v1.OpenFGAService/BatchCheck";
const WRITE: &str = "/openfga.v1.OpenFGAService/Write";
const MODEL: &str = include_str!("openfga.json");
/// Maximum number of tuples in a transaction, by default.
const CHUNK: usize = 100;
/// Concurrent transactions on each connection.
const WRITERS: usize = 8;
/// Options that differ from the defaults, to its advantage.
const OPTIONS: &[&str] = &[
    "--check-query-cache-enabled",
    "--check-iterator-cache-enabled",
    "--check-cache-limit=1000000",
    "--cache-controller-enabled",
    "--shared-iterator-enabled",
    "--datastore-max-idle-conns=30",
    "--max-checks-per-batch-check=100",
    // On a busy machine, batches of a hundred take longer than the default timeout.
    "--request-timeout=1m",
    "--log-level=warn",
];

/// A running server.
pub(crate) struct OpenFga {
    daemon: Daemon,
    http: std::net::SocketAddr,
    key: SecretString,
    program: PathBuf,
    /// The ids of the store and of the model, once they exist.
    ids: OnceLock<[String; 2]>,
}

impl OpenFga {
    /// Starts a server on an empty database.
    pub(crate) async fn start(program: PathBuf, database: &str, folder: &Path) -> Result<Self> {
        let uri = format!("--datastore-uri={database}?sslmode=disable");
        let engine = "--datastore-engine=postgres";
        finish(&program, ["migrate", engine, &uri])?;
        let (address, http) = (daemon::free_address()?, daemon::free_address()?);
        let own = [
            "run",
            engine,
            &uri,
            "--authn-method=preshared",
            "--authn-preshared-keys=peers",
            "--playground-enabled=false",
            &format!("--grpc-addr={address}"),
            &format!("--http-addr={http}"),
            &format!("--metrics-addr={}", daemon::free_address()?),
        ];
        let arguments = own.iter().chain(OPTIONS);
        let log = folder.join("openfga.log");
        Ok(Self {
            daemon: Daemon::start(&program, arguments, address, &log).await?,
            http,
            key: "peers".into(),
            program,
            ids: OnceLock::new(),
        })
    }

    async fn make_store(&self) -> Result<()> {
        let key = self.key.expose_secret();
        let store = http::post(self.http, key, "/stores", "{\"name\": \"peers\"}", "id").await?;
        let path = format!("/stores/{store}/authorization-models");
        let model = http::post(self.http, key, &path, MODEL, "authorization_model_id").await?;
        self.ids
            .set([store, model])
            .map_err(|_| "the facts are loaded already".into())
    }

    fn ids(&self) -> [String; 2] {
        self.ids.get().cloned().unwrap_or_default()
    }
}

#[async_trait]
impl System for OpenFga {
    fn name(&self) -> &'static str {
        "OpenFGA"
    }

    fn setting(&self) -> String {
        // A binary from `go install` does not know its version, but Go does.
        let program = self.program.display().to_string();
        let build = finish(Path::new("go"), ["version", "-m", &program]).unwrap_or_default();
        let version = build.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some("mod")).then(|| words.nth(1).unwrap_or_default().to_owned())
        });
        let version = version.unwrap_or_else(|| "of unknown version".to_owned());
        format!(
            "{version}, PostgreSQL, {}, preshared key",
            OPTIONS.join(" ")
        )
    }

    fn target(&self) -> Result<Target> {
        Target::with_key(self.daemon.address, &self.key, self.daemon.cpu())
    }

    async fn load(&self, portfolio: &Portfolio) -> Result<()> {
        self.make_store().await?;
        let [store, model] = self.ids();
        let all: Vec<_> = relations(portfolio).iter().map(Tuple::of).collect();
        let calls = all.chunks(CHUNK).map(|chunk| {
            let tuples = chunk.to_vec();
            let request = WriteRequest {
                store: store.clone(),
                writes: Some(Tuples { tuples }),
                deletes: None,
                model: model.clone(),
            };
            Call {
                body: request.encode_to_vec().into(),
                effects: Vec::new(),
            }
        });
        let writes = Workload {
            path: WRITE,
            calls: calls.collect(),
            read: |_| Some(Vec::new()),
            items: 1,
            in_flight: WRITERS,
            look: 1,
        };
        run(&writes, &self.target()?, Until::Asked).await?;
        Ok(())
    }

    fn single(&self) -> Method {
        Method {
            path: CHECK,
            read: |answer| {
                let answer = CheckResponse::decode(answer.clone()).ok()?;
                Some(vec![effect(answer.allowed)])
            },
        }
    }

    fn question(&self, asked: &Asked) -> Bytes {
        let [store, model] = self.ids();
        let request = CheckRequest {
            store,
            tuple: Some(tuple(asked)),
            model,
        };
        request.encode_to_vec().into()
    }

    fn batch(&self) -> Method {
        Method {
            path: BATCH_CHECK,
            read: |answer| {
                let answer = BatchCheckResponse::decode(answer.clone()).ok()?;
                let results = answer.result.into_values();
                results
                    .map(|result| Some(effect(result.allowed?)))
                    .collect()
            },
        }
    }

    fn questions(&self, asked: &[Asked]) -> Bytes {
        let [store, model] = self.ids();
        let checks = asked.iter().enumerate().map(|(number, asked)| BatchItem {
            tuple: Some(tuple(asked)),
            // The correlation ids sort in the order of the questions.
            correlation: format!("{number:04}"),
        });
        let request = BatchCheckRequest {
            store,
            checks: checks.collect(),
            model,
        };
        request.encode_to_vec().into()
    }

    async fn revoke(&self, asked: &Asked) -> Result<bool> {
        let [store, model] = self.ids();
        let relation = allowing(asked).ok_or("no single relation allows this")?;
        let tuples = vec![Tuple::of(&relation)];
        let request = WriteRequest {
            store,
            writes: None,
            deletes: Some(Tuples { tuples }),
            model,
        };
        let target = self.target()?;
        let connection = target.connect().await?;
        let written = target.call::<WriteResponse>(&connection, WRITE, &request);
        written.await?;
        Ok(true)
    }
}

fn tuple(asked: &Asked) -> Tuple {
    let (resource, user) = facts::asked(asked);
    Tuple {
        user: name(&user),
        relation: match asked.verb() {
            "view" => "viewer",
            _ => "editor",
        }
        .to_owned(),
        object: name(&resource),
    }
}
