//! The measured installation, on separate threads.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    num::NonZero,
    path::Path,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use cache::Cache;
use clock::SystemClock;
use entitlement::DecisionLogSettings;
use mandate_server::{
    CallerAuthentication, Installation, InstallationSettings, Secrets, ServiceSettings, Stores,
};
use rpc::{GrpcService, Listener};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use benches::{Cpu, Result, Target};

use crate::empty;

/// Number of threads that serve calls. With one, the server and the single-threaded load generator
/// each have a core if there are two.
pub(crate) const SERVING_THREAD_COUNT: NonZero<usize> = NonZero::<usize>::MIN;

/// Prefix of the names of the server's own threads; the kernel keeps 15 characters.
const THREAD_NAME_PREFIX: &str = "bench-server";
/// Prefixes of the names of the server's threads: its tasks, single calls, long calls and changes.
const SERVER_THREAD_NAME_PREFIXES: [&str; 4] = [THREAD_NAME_PREFIX, "serve-", "scan", "change"];

/// An installation on the SQLite files in a folder, with the empty RPC. It ends when this is
/// dropped.
pub(crate) struct Server {
    /// The address of the services.
    pub(crate) address: SocketAddr,
    /// The address of the empty RPC.
    empty: SocketAddr,
    /// The key of the first service account.
    pub(crate) key: SecretString,
    installation: Arc<Installation>,
    stop: CancellationToken,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Server {
    /// Starts a server on the data of a folder, with a shared cache if given.
    pub(crate) fn start(folder: &Path, cache: Option<Cache>) -> Result<Self> {
        Self::start_logging(folder, cache, None)
    }

    /// Starts a server on the data of a folder, with a shared cache and a decision log if given.
    pub(crate) fn start_logging(
        folder: &Path,
        cache: Option<Cache>,
        log: Option<DecisionLogSettings>,
    ) -> Result<Self> {
        let secrets = Secrets::read_or_make(folder).map_err(|failure| failure.to_string())?;
        let (key, stop) = (secrets.root.clone(), CancellationToken::new());
        let (tell, told) = mpsc::channel();
        let (folder, end) = (folder.to_owned(), stop.clone());
        let thread = thread::Builder::new()
            .name(THREAD_NAME_PREFIX.to_owned())
            .spawn(move || run(&folder, (cache, log), secrets, &end, &tell))?;
        match told.recv() {
            Ok(([address, empty], installation)) => Ok(Self {
                address,
                empty,
                key,
                installation,
                stop,
                thread: Some(thread),
            }),
            Err(_) => match thread.join() {
                Ok(Err(error)) => Err(error),
                _ => Err("the server did not start".into()),
            },
        }
    }

    /// Returns the services as a measured target.
    pub(crate) fn target(&self) -> Result<Target> {
        Target::with_key(self.address, &self.key, cpu())
    }

    /// Returns the empty RPC as a measured target, with the same key.
    pub(crate) fn empty_target(&self) -> Result<Target> {
        Target::with_key(self.empty, &self.key, cpu())
    }

    /// Ends the server. The caller's runtime must keep running, because the server waits for its
    /// open connections.
    pub(crate) async fn stop(self) -> Result<()> {
        self.stop.cancel();
        tokio::task::spawn_blocking(move || drop(self)).await?;
        Ok(())
    }

    /// Returns the number of statements on the database so far.
    pub(crate) fn statements(&self) -> u64 {
        self.installation.statements()
    }

    /// Returns the CPU time of the server's threads.
    pub(crate) fn cpu() -> Result<Duration> {
        let mut total = Duration::ZERO;
        for task in fs::read_dir("/proc/self/task")? {
            let task = task?.path();
            // A thread may end between the two reads.
            let name = fs::read_to_string(task.join("comm")).unwrap_or_default();
            if SERVER_THREAD_NAME_PREFIXES
                .iter()
                .any(|prefix| name.starts_with(prefix))
            {
                total += on_cpu(&task);
            }
        }
        Ok(total)
    }
}

/// Returns the CPU time of the calling thread.
pub(crate) fn own_cpu() -> Duration {
    on_cpu(Path::new("/proc/thread-self"))
}

fn on_cpu(task: &Path) -> Duration {
    let times = fs::read_to_string(task.join("schedstat")).unwrap_or_default();
    let on_cpu = times.split_whitespace().next().unwrap_or_default();
    Duration::from_nanos(on_cpu.parse().unwrap_or(0))
}

fn cpu() -> Cpu {
    Arc::new(Server::cpu)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // The callers have already seen the failure of the server.
            let _ = thread.join();
        }
    }
}

/// The shared cache and the decision log, if any.
type CacheAndLog = (Option<Cache>, Option<DecisionLogSettings>);

fn run(
    folder: &Path,
    beside: CacheAndLog,
    secrets: Secrets,
    stop: &CancellationToken,
    tell: &mpsc::Sender<Started>,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name(THREAD_NAME_PREFIX)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let installation = Arc::new(installation(folder, beside, secrets, stop).await?);
        let (own, address) = listen(installation.service(), stop).await?;
        let (_, empty) = listen(empty::service(), stop).await?;
        tell.send(([address, empty], installation))?;
        own.await?
    })
}

async fn installation(
    folder: &Path,
    (cache, decision_log): CacheAndLog,
    secrets: Secrets,
    stop: &CancellationToken,
) -> Result<Installation> {
    let settings = InstallationSettings {
        services: ServiceSettings {
            clock: Arc::new(SystemClock::default()),
            secrets,
            limits: rpc::Limits {
                // The same sampling as `mandate serve` with a collector.
                trace_one_in: 100,
                ..rpc::Limits::default()
            },
            callers: CallerAuthentication::Required,
            tokens: None,
            tasks: tasks::Tasks::new(stop.clone()),
        },
        stores: Stores::in_folder(folder)?,
        cache,
        answers: entitlement::Limits::default(),
        decision_log,
    };
    Ok(Installation::start(settings).await?)
}

/// The addresses of the services and of the empty RPC, and the installation.
type Started = ([SocketAddr; 2], Arc<Installation>);
type Serving = tokio::task::JoinHandle<Result<()>>;

async fn listen(service: GrpcService, stop: &CancellationToken) -> Result<(Serving, SocketAddr)> {
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).await?;
    let address = listener.address()?;
    let served = rpc::serve(listener, service, None, SERVING_THREAD_COUNT, stop.clone());
    Ok((tokio::spawn(served), address))
}
