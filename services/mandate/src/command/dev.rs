//! `mandate dev`: every service on this machine, on loopback only.

use std::{
    env, fs,
    net::{Ipv4Addr, SocketAddr},
    num::NonZero,
    os::unix::fs::DirBuilderExt,
    path::{self, Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use clock::SystemClock;
use mandate_documents::{
    apply::{Options, apply},
    clients::Clients,
    document::{PORTALS, parse_str},
};
use mandate_server::{
    CallerAuthentication, Installation, InstallationSettings, ROOT_KEY_FILE, Secrets,
    ServiceSettings, Stores, shutdown_signal,
};
use rpc::Listener;
use runtime::{LogFormat, Telemetry, TelemetrySettings};
use tasks::Tasks;

use crate::{
    cli::DevArgs,
    context::{self, Context},
    exit::Failure,
    output,
};

/// The question of the first two example commands. The second command explains the first.
const EXAMPLE_QUESTION: &str =
    "jan-peeters fleet.billing.view transport-janssens/resources/+32470000001";

/// Runs every service until the process is told to stop.
pub(super) async fn dev(args: DevArgs) -> Result<(), Failure> {
    let begin = Instant::now();
    let _telemetry = Telemetry::begin(&TelemetrySettings {
        service: "mandate",
        format: LogFormat::Text,
        filter: args.log.clone(),
        otlp: None,
    })
    .map_err(Failure::from_error)?;
    let folder = folder(args.data)?;
    let secrets = Secrets::read_or_make(&folder)?;
    let root = secrets.root.clone();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let listener = Listener::bind(address).await.map_err(|error| {
        Failure::failed(format!(
            "cannot listen on {address}: {error}; choose another port with --port"
        ))
    })?;
    let address = listener.address().map_err(Failure::from_error)?;
    let tasks = Tasks::new(shutdown_signal());
    let installation = Installation::start(InstallationSettings {
        services: ServiceSettings {
            clock: Arc::new(SystemClock::default()),
            secrets,
            limits: rpc::Limits::default(),
            callers: CallerAuthentication::Required,
            tokens: None,
            tasks: tasks.clone(),
        },
        stores: Stores::in_folder(&folder).map_err(Failure::from_error)?,
        cache: None,
        answers: entitlement::Limits::default(),
        decision_log: None,
    })
    .await
    .map_err(Failure::from_error)?;
    let server = tokio::spawn(rpc::serve(
        listener,
        installation.service(),
        None,
        NonZero::<usize>::MIN,
        tasks.stop().clone(),
    ));
    if !args.empty {
        let channel = installation.channel();
        let clients = Clients::new(channel.clone(), channel.clone(), channel, &root);
        load_portals(&clients).await?;
    }
    save_context(&folder, address)?;
    welcome(address, &folder, begin);
    let ended = server.await.map_err(Failure::from_error)?;
    for database in installation.databases() {
        database.close().await;
    }
    ended.map_err(|error| Failure::failed(format!("the server ended: {error}")))
}

/// Returns the folder of databases and keys, readable by its owner only.
fn folder(chosen: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let set = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder = chosen
        .or_else(|| Some(set("XDG_DATA_HOME")?.join("mandate")))
        .or_else(|| Some(set("HOME")?.join(".local/share/mandate")))
        .ok_or_else(|| Failure::usage("there is no data folder: give --data, or set HOME"))?;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(|error| Failure::failed(format!("`{}`: {error}", folder.display())))?;
    path::absolute(&folder).map_err(Failure::from_error)
}

async fn load_portals(clients: &Clients) -> Result<(), Failure> {
    let documents = PORTALS
        .iter()
        .map(|(name, text)| parse_str(name, text))
        .collect::<Result<Vec<_>, _>>()
        .map_err(Failure::from_error)?;
    apply(&documents, clients, Options::default(), &mut ())
        .await
        .map_err(Failure::from_error)?;
    Ok(())
}

fn save_context(folder: &Path, address: SocketAddr) -> Result<(), Failure> {
    let url = format!("http://{address}");
    let context = Context {
        identity: url.clone(),
        membership: url.clone(),
        entitlement: url,
        key_file: folder.join(ROOT_KEY_FILE),
        ca_file: None,
    };
    let path = context::default_path().map_err(Failure::from_error)?;
    context::save_current(&path, "dev", context).map_err(Failure::from_error)
}

fn welcome(address: SocketAddr, folder: &Path, begin: Instant) {
    let program = program();
    output::line(format!(
        "Mandate is ready on {address} after {} ms, with data in {}.",
        begin.elapsed().as_millis(),
        folder.display()
    ));
    output::line("Try, in another terminal:");
    output::line("");
    output::line(format!("  {program} check {EXAMPLE_QUESTION}"));
    output::line(format!("  {program} check {EXAMPLE_QUESTION} --explain"));
    output::line("");
    output::line("Ctrl-C stops Mandate; the data stays.");
}

/// Returns the command for this program: its name if the shell finds it, else its path.
fn program() -> String {
    let own = env::current_exe().and_then(fs::canonicalize);
    let Ok(own) = own else {
        return "mandate".to_owned();
    };
    let found = env::var_os("PATH").is_some_and(|path| {
        env::split_paths(&path)
            .find_map(|folder| fs::canonicalize(folder.join("mandate")).ok())
            .is_some_and(|first| first == own)
    });
    if found {
        "mandate".to_owned()
    } else {
        own.display().to_string()
    }
}
