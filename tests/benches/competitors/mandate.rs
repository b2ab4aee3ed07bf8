//! Mandate: one process on PostgreSQL and Redis, with callers authenticated by keys.

use std::path::Path;

use api::entitlement::v1::{
    CheckBatchRequest, CheckBatchResponse, CheckRequest, CheckResponse, Decision, Effect, Question,
    RevokeGrantRequest, RevokeGrantResponse,
};
use async_trait::async_trait;
use benches::{
    Result, Target,
    daemon::{self, Daemon},
    portfolio::{Asked, Portfolio},
};
use mandate_documents::{
    apply::{self, Options},
    clients::Clients,
    document::parse_str,
};
use mandate_server::Secrets;
use prost::{Message, bytes::Bytes};
use secrecy::SecretString;

use crate::system::{Method, System};

const CHECK_PATH: &str = "/mandate.entitlement.v1.AuthorizationService/Check";
const CHECK_BATCH_PATH: &str = "/mandate.entitlement.v1.AuthorizationService/CheckBatch";
const REVOKE_GRANT_PATH: &str = "/mandate.entitlement.v1.GrantService/RevokeGrant";

/// A running installation.
pub(crate) struct Mandate {
    daemon: Daemon,
    key: SecretString,
}

impl Mandate {
    /// Starts all services on an empty database.
    pub(crate) async fn start(database: &str, redis: &str, folder: &Path) -> Result<Self> {
        let secrets = Secrets::read_or_make(folder).map_err(|failure| failure.to_string())?;
        let (address, folder_name) = (daemon::free_address()?, folder.display().to_string());
        let listen = address.to_string();
        let arguments = [
            ["serve", "all"],
            ["--insecure-plaintext", "--store"],
            [database, "--cache"],
            [redis, "--listen"],
            [&listen, "--secrets"],
        ];
        let arguments = arguments.concat().into_iter().chain([&*folder_name]);
        let log = folder.join("mandate.log");
        let program = daemon::mandate()?;
        Ok(Self {
            daemon: Daemon::start(&program, arguments, address, &log).await?,
            key: secrets.root,
        })
    }
}

#[async_trait]
impl System for Mandate {
    fn name(&self) -> &'static str {
        "Mandate"
    }

    fn setting(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        format!("{version}: `serve all` on PostgreSQL and Redis, key authentication, no options")
    }

    fn target(&self) -> Result<Target> {
        Target::with_key(self.daemon.address, &self.key, self.daemon.cpu())
    }

    async fn load(&self, portfolio: &Portfolio) -> Result<()> {
        let channel = rpc::over_tcp(&format!("http://{}", self.daemon.address), None)?;
        let clients = Clients::new(channel.clone(), channel.clone(), channel, &self.key);
        let documents = [parse_str("facts.yaml", &portfolio.document())?];
        let mut progress = ();
        let applied = apply::apply(&documents, &clients, Options::default(), &mut progress);
        let applied = Box::pin(applied);
        let written = applied.await?.counts.created;
        if written == portfolio.facts() {
            return Ok(());
        }
        Err(format!("{written} facts were written").into())
    }

    fn single(&self) -> Method {
        Method {
            path: CHECK_PATH,
            read: |answer| {
                let decision = CheckResponse::decode(answer.clone()).ok()?.decision?;
                Some(vec![decision.effect()])
            },
        }
    }

    fn question(&self, asked: &Asked) -> Bytes {
        check(asked).encode_to_vec().into()
    }

    fn batch(&self) -> Method {
        Method {
            path: CHECK_BATCH_PATH,
            read: |answer| {
                let decisions = CheckBatchResponse::decode(answer.clone()).ok()?.decisions;
                Some(decisions.iter().map(Decision::effect).collect())
            },
        }
    }

    fn questions(&self, asked: &[Asked]) -> Bytes {
        let questions = asked.iter().map(|asked| Question {
            subject: asked.subject.clone(),
            permission: asked.permission.to_owned(),
            resource: asked.resource.clone(),
            context: None,
        });
        let request = CheckBatchRequest {
            questions: questions.collect(),
            consistency: None,
        };
        request.encode_to_vec().into()
    }

    async fn revoke(&self, asked: &Asked) -> Result<bool> {
        let target = self.target()?;
        let connection = target.connect().await?;
        let answer: CheckResponse = target.call(&connection, CHECK_PATH, &check(asked)).await?;
        let decision = answer.decision.ok_or("an answer without a decision")?;
        if decision.effect() != Effect::Allow {
            return Err("what is to be revoked does not allow".into());
        }
        let request = RevokeGrantRequest {
            name: decision.grant,
            ..RevokeGrantRequest::default()
        };
        let revoked = target.call::<RevokeGrantResponse>(&connection, REVOKE_GRANT_PATH, &request);
        revoked.await?;
        Ok(true)
    }
}

fn check(asked: &Asked) -> CheckRequest {
    CheckRequest {
        subject: asked.subject.clone(),
        permission: asked.permission.to_owned(),
        resource: asked.resource.clone(),
        consistency: None,
        read_time: None,
        context: None,
    }
}
