//! The `mandate` binary beside this one, as a process.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use api::entitlement::v1::{
    CheckRequest, Effect, authorization_service_client::AuthorizationServiceClient,
};
use secrecy::{ExposeSecret, SecretString};
use tonic::{Request, metadata::AsciiMetadataValue, transport::Endpoint};

use benches::{Result, portfolio::Asked};
use tests::signal::kill_running;

/// Time between two attempts to get an answer.
const PAUSE: Duration = Duration::from_millis(1);
/// Maximum wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server process, which is killed when this is dropped.
pub(crate) struct Process {
    server: Child,
    begin: Instant,
    url: String,
    key: AsciiMetadataValue,
}

impl Process {
    /// Returns the path of the binary, if it was built with this profile.
    pub(crate) fn program() -> Result<Option<PathBuf>> {
        let program = env::current_exe()?.with_file_name("mandate");
        Ok(program.exists().then_some(program))
    }

    /// Starts all services on the data of a folder.
    pub(crate) fn start(program: &Path, folder: &Path, key: &SecretString) -> Result<Self> {
        let address = format!("127.0.0.1:{}", testkit::free_port()?);
        let begin = Instant::now();
        let server = Command::new(program)
            .args(["serve", "all", "--insecure-plaintext", "--listen", &address])
            .args(["--store", &format!("sqlite:{}", folder.display())])
            .arg("--secrets")
            .arg(folder)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            server,
            begin,
            url: format!("http://{address}"),
            key: format!("Bearer {}", key.expose_secret()).parse()?,
        })
    }

    /// Returns the time from the start of the process to the first answer, which must be right.
    pub(crate) async fn first_answer(&self, asked: &Asked) -> Result<Duration> {
        loop {
            if let Ok(effect) = self.ask(asked).await {
                let after = self.begin.elapsed();
                return if effect == asked.effect {
                    Ok(after)
                } else {
                    Err(format!("the first answer was {effect:?}").into())
                };
            }
            if self.begin.elapsed() > PATIENCE {
                return Err("the process does not answer".into());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Asks one question on a new connection.
    pub(crate) async fn ask(&self, asked: &Asked) -> Result<Effect> {
        let channel = Endpoint::from_shared(self.url.clone())?.connect().await?;
        let mut request = Request::new(CheckRequest {
            subject: asked.subject.clone(),
            permission: asked.permission.to_owned(),
            resource: asked.resource.clone(),
            consistency: None,
            read_time: None,
            context: None,
        });
        let metadata = request.metadata_mut();
        metadata.insert("authorization", self.key.clone());
        let mut client = AuthorizationServiceClient::new(channel);
        let decision = client.check(request).await?.into_inner().decision;
        Ok(decision.ok_or("an answer without a decision")?.effect())
    }

    /// Returns the resident memory of the process, in KiB.
    pub(crate) fn resident_kib(&self) -> Result<u32> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|rest| rest.split_whitespace().next());
        Ok(number.ok_or("no VmRSS")?.parse()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        kill_running(&mut self.server);
    }
}
