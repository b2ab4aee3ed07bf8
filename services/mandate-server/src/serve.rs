//! `mandate serve`: one service, or all in one process.

use std::{path::PathBuf, sync::Arc, time::Duration};

use api::Peer;
use cache::Cache;
use clock::{Clock, SystemClock};
use oidc::Tokens;
use rpc::{GrpcService, Listener, TlsFiles};
use runtime::{LogFormat, Telemetry, TelemetrySettings, serve_admin};
use store::{Store, StoreUrl};
use tasks::Tasks;
use tokens::Source;
use tokio::sync::watch;
use types::SecretUrl;

use crate::{
    ServerError, exposure,
    installation::{Installation, InstallationSettings},
    peers::Peers,
    secrets::Secrets,
    serve_args::{ServeArgs, Which},
    service::{self, CallerAuthentication, ServiceSettings, Stores},
    shutdown::shutdown_signal,
};

/// Serves until the process is told to stop.
///
/// # Errors
/// Something is missing or contradictory in the options, or cannot be used.
pub async fn serve(args: ServeArgs) -> Result<(), ServerError> {
    let tls = transport(&args)?;
    api::set_help_base(args.help_url.clone());
    exposure::check(&args)?;
    let secrets = Secrets::read(&args.secrets)?;
    let peers = Peers::read(&args).await?;
    let telemetry = Telemetry::begin(&TelemetrySettings {
        service: "mandate",
        format: LogFormat::Json,
        filter: args.log.clone(),
        otlp: args.otlp.clone(),
    })
    .map_err(ServerError::from_error)?;
    let tasks = Tasks::new(shutdown_signal());
    let (ready, is_ready) = watch::channel(false);
    if let Some(address) = args.admin_listen {
        let (registry, end) = (telemetry.registry().clone(), tasks.stop().clone());
        tasks.run("admin port", async move {
            let end = end.cancelled_owned();
            if let Err(error) = serve_admin(address, registry, is_ready, end).await {
                tracing::error!(%error, %address, "the admin port cannot be served");
            }
        });
    }
    let listener = Listener::bind(args.listen).await.map_err(|error| {
        ServerError::failed(format!("cannot listen on {}: {error}", args.listen))
    })?;
    let address = listener.address().map_err(ServerError::from_error)?;
    let for_peers = match &peers {
        Some(peers) => Some(peers.listen().await?),
        None => None,
    };
    exposure::warn(&args, &tasks);
    let built = Box::pin(build(&args, secrets, peers.as_ref(), &tasks, ready)).await?;
    let (service, databases) = built;
    tracing::info!(%address, service = ?args.service, "listening");
    let public = async {
        rpc::serve(
            listener,
            service.clone(),
            tls,
            args.threads(),
            tasks.stop().clone(),
        )
        .await
        .map_err(|error| ServerError::failed(format!("the server ended: {error}")))
    };
    let ended = match (peers, for_peers) {
        (Some(peers), Some(listener)) => {
            let private = peers.serve(
                listener,
                service.clone(),
                args.threads(),
                tasks.stop().clone(),
            );
            tokio::try_join!(public, private).map(|_| ())
        }
        _ => public.await,
    };
    for database in &databases {
        database.close().await;
    }
    match tasks.ended() {
        Some(task) => Err(ServerError::failed(format!("the task `{task}` ended"))),
        None => ended,
    }
}

/// Returns the TLS files; `None` only if TLS is waived explicitly: a server that was merely not
/// configured does not start.
fn transport(args: &ServeArgs) -> Result<Option<TlsFiles>, ServerError> {
    match (&args.tls_certificate, &args.tls_key) {
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles {
            certificate: certificate.clone(),
            key: key.clone(),
            client_ca: args.tls_client_ca.clone(),
        })),
        _ if args.insecure_plaintext => Ok(None),
        _ => Err(ServerError::usage(
            "TLS is not configured: give --tls-certificate and --tls-key, or waive it with \
             --insecure-plaintext",
        )),
    }
}

async fn build(
    args: &ServeArgs,
    secrets: Secrets,
    peers: Option<&Peers>,
    tasks: &Tasks,
    ready: watch::Sender<bool>,
) -> Result<(GrpcService, Vec<Store>), ServerError> {
    let callers = if args.insecure_anonymous_operator {
        CallerAuthentication::Waived
    } else {
        CallerAuthentication::Required
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let tokens = args.oidc.settings().map(|settings| {
        let tokens = Tokens::start(settings, clock.clone(), tasks);
        tokens.map_err(|error| ServerError::usage(error.to_string()))
    });
    let settings = ServiceSettings {
        clock,
        secrets,
        limits: rpc::Limits {
            trace_one_in: args.trace_one_in(),
            ..rpc::Limits::default()
        },
        callers,
        tokens: tokens.transpose()?,
        tasks: tasks.clone(),
    };
    let answers = entitlement::Limits {
        lease: Duration::from_millis(args.lease_ms),
        memory: args.memory_mb << 20,
        history: Duration::from_secs(u64::from(args.history_days) * 24 * 60 * 60),
        ..entitlement::Limits::default()
    };
    let cache = Cache::open(args.cache.clone()).map_err(ServerError::from_error)?;
    let Some((peers, service)) = peers.zip(args.service.alone()) else {
        let settings = InstallationSettings {
            services: settings,
            stores: all_stores(&args.store)?,
            cache,
            answers,
            decision_log: args.decision_log(),
        };
        let installation = Installation::start(settings)
            .await
            .map_err(ServerError::from_error)?;
        ready.send_replace(true);
        return Ok((installation.service(), installation.databases().into()));
    };
    let store = StoreUrl::parse(args.store.clone()).map_err(ServerError::from_error)?;
    let built = match service {
        Peer::Identity => {
            let entitlement = peers.to(Peer::Entitlement)?;
            service::identity(&settings, store, entitlement).await
        }
        Peer::Membership => {
            let (identity, entitlement) = (peers.to(Peer::Identity)?, peers.to(Peer::Entitlement)?);
            service::membership(&settings, store, identity, entitlement).await
        }
        Peer::Entitlement => {
            let (identity, membership) = (peers.to(Peer::Identity)?, peers.to(Peer::Membership)?);
            let log = args.decision_log();
            let built = service::entitlement(&settings, store, cache, answers, log).await;
            let (built, feeds) = built.map_err(ServerError::from_error)?;
            feeds.follow(identity, membership);
            let readiness = built.readiness.clone();
            tokio::spawn(async move {
                feeds.caught_up().await;
                readiness.set(true).await;
                ready.send_replace(true);
            });
            return Ok((built.service, vec![built.store]));
        }
    };
    let built = built.map_err(ServerError::from_error)?;
    built.readiness.set(true).await;
    ready.send_replace(true);
    Ok((built.service, vec![built.store]))
}

/// Returns the databases of the selected services, with the log in each.
///
/// # Errors
/// The URL names no database.
pub fn stores_of(service: Which, url: &SecretUrl) -> Result<Vec<(Source, StoreUrl)>, ServerError> {
    let one = || StoreUrl::parse(url.clone()).map_err(ServerError::from_error);
    Ok(match service {
        Which::Identity => vec![(Source::Identity, one()?)],
        Which::Membership => vec![(Source::Membership, one()?)],
        Which::Entitlement => vec![(Source::Entitlement, one()?)],
        Which::All => {
            let stores = all_stores(url)?;
            vec![
                (Source::Identity, stores.identity),
                (Source::Membership, stores.membership),
                (Source::Entitlement, stores.entitlement),
            ]
        }
    })
}

/// Returns the databases of all services: a folder of SQLite files, or one PostgreSQL database.
fn all_stores(url: &SecretUrl) -> Result<Stores, ServerError> {
    let stores = match url.expose().strip_prefix("sqlite:") {
        Some(folder) => Stores::in_folder(&PathBuf::from(folder)),
        None => Stores::shared(url.clone()),
    };
    stores.map_err(ServerError::from_error)
}
