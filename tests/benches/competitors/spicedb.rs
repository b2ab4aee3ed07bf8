//! `SpiceDB` on PostgreSQL with its defaults: the dispatch cache is on, and revisions are quantized
//! to 5 s.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use benches::{
    Raw, Result, Target,
    daemon::{self, Daemon, finish},
    portfolio::{Asked, Portfolio},
};
use http::uri::PathAndQuery;
use prost::{Message, bytes::Bytes};
use secrecy::{ExposeSecret, SecretString};
use tonic::client::Grpc;

use crate::{
    facts::{self, allowing, relations},
    spicedb_messages::{
        BulkItem, CheckBulkRequest, CheckBulkResponse, CheckRequest, CheckResponse, DELETE,
        HAS_PERMISSION, ImportRequest, ImportResponse, Object, Relationship, Update, WriteRequest,
        WriteResponse, WriteSchemaRequest, WriteSchemaResponse,
    },
    system::{Method, System, effect},
};

const CHECK: &str = "/authzed.api.v1.PermissionsService/CheckPermission";
const CHECK_BULK: &str = "/authzed.api.v1.PermissionsService/CheckBulkPermissions";
const IMPORT: &str = "/authzed.api.v1.PermissionsService/ImportBulkRelationships";
const WRITE: &str = "/authzed.api.v1.PermissionsService/WriteRelationships";
const WRITE_SCHEMA: &str = "/authzed.api.v1.SchemaService/WriteSchema";
const SCHEMA: &str = include_str!("spicedb.zed");
/// Number of relationships in each message of an import.
const CHUNK: usize = 1000;

/// A running server.
pub(crate) struct SpiceDb {
    daemon: Daemon,
    key: SecretString,
    program: PathBuf,
}

impl SpiceDb {
    /// Starts a server on an empty database.
    pub(crate) async fn start(program: PathBuf, database: &str, folder: &Path) -> Result<Self> {
        let uri = format!("--datastore-conn-uri={database}?sslmode=disable");
        let engine = "--datastore-engine=postgres";
        let migrate = ["datastore", "migrate", "head", engine, &uri];
        finish(&program, migrate)?;
        let address = daemon::free_address()?;
        let arguments = [
            "serve",
            engine,
            &uri,
            "--grpc-preshared-key=peers",
            &format!("--grpc-addr={address}"),
            &format!("--metrics-addr={}", daemon::free_address()?),
            "--telemetry-endpoint=",
            "--skip-release-check",
            // By default the server closes connections after 30 s, which the load generator would
            // take for a failure.
            "--grpc-max-conn-age=1h",
        ];
        let log = folder.join("spicedb.log");
        Ok(Self {
            daemon: Daemon::start(&program, arguments, address, &log).await?,
            key: "peers".into(),
            program,
        })
    }

    async fn import(&self, portfolio: &Portfolio) -> Result<u64> {
        let all: Vec<_> = relations(portfolio).iter().map(Relationship::of).collect();
        let messages: Vec<Bytes> = all
            .chunks(CHUNK)
            .map(|chunk| ImportRequest {
                relationships: chunk.to_vec(),
            })
            .map(|request| request.encode_to_vec().into())
            .collect();
        let target = self.target()?;
        let request = target.request(tokio_stream::iter(messages));
        let mut client = Grpc::new(target.connect().await?);
        client.ready().await?;
        let path = PathAndQuery::from_static(IMPORT);
        let answer = client.client_streaming(request, path, Raw).await?;
        Ok(ImportResponse::decode(answer.into_inner())?.loaded)
    }
}

#[async_trait]
impl System for SpiceDb {
    fn name(&self) -> &'static str {
        "SpiceDB"
    }

    fn setting(&self) -> String {
        let version = finish(&self.program, ["version"]).unwrap_or_default();
        format!("{version}, PostgreSQL, defaults but --grpc-max-conn-age=1h, preshared key")
    }

    fn target(&self) -> Result<Target> {
        // The key is a test key, so exposing it is safe.
        let key = SecretString::from(self.key.expose_secret());
        Target::with_key(self.daemon.address, &key, self.daemon.cpu())
    }

    async fn load(&self, portfolio: &Portfolio) -> Result<()> {
        let target = self.target()?;
        let connection = target.connect().await?;
        let schema = WriteSchemaRequest {
            schema: SCHEMA.to_owned(),
        };
        let written = target.call::<WriteSchemaResponse>(&connection, WRITE_SCHEMA, &schema);
        written.await?;
        let loaded = self.import(portfolio).await?;
        if loaded == relations(portfolio).len() as u64 {
            return Ok(());
        }
        Err(format!("{loaded} relationships were loaded").into())
    }

    fn single(&self) -> Method {
        Method {
            path: CHECK,
            read: |answer| {
                let answer = CheckResponse::decode(answer.clone()).ok()?;
                Some(vec![effect(answer.permissionship == HAS_PERMISSION)])
            },
        }
    }

    fn question(&self, asked: &Asked) -> Bytes {
        let (resource, user) = facts::asked(asked);
        let request = CheckRequest {
            resource: Some(Object::of(&resource)),
            permission: asked.verb().to_owned(),
            subject: Some(Object::of(&user).into()),
        };
        request.encode_to_vec().into()
    }

    fn batch(&self) -> Method {
        Method {
            path: CHECK_BULK,
            read: |answer| {
                let answer = CheckBulkResponse::decode(answer.clone()).ok()?;
                let items = answer.pairs.into_iter().map(|pair| pair.item);
                items
                    .map(|item| Some(effect(item?.permissionship == HAS_PERMISSION)))
                    .collect()
            },
        }
    }

    fn questions(&self, asked: &[Asked]) -> Bytes {
        let items = asked.iter().map(|asked| {
            let (resource, user) = facts::asked(asked);
            BulkItem {
                resource: Some(Object::of(&resource)),
                permission: asked.verb().to_owned(),
                subject: Some(Object::of(&user).into()),
            }
        });
        let request = CheckBulkRequest {
            items: items.collect(),
        };
        request.encode_to_vec().into()
    }

    async fn revoke(&self, asked: &Asked) -> Result<bool> {
        let relation = allowing(asked).ok_or("no single relation allows this")?;
        let update = Update {
            operation: DELETE,
            relationship: Some(Relationship::of(&relation)),
        };
        let request = WriteRequest {
            updates: vec![update],
        };
        let target = self.target()?;
        let connection = target.connect().await?;
        let written = target.call::<WriteResponse>(&connection, WRITE, &request);
        written.await?;
        Ok(true)
    }
}
