//! Builds a client.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use balance::{Backends, Budget, Dns, EndpointError, Host, Resolve, Tls};
use cache::{Cache, CacheError};
use clock::{Clock, SystemClock};
use secrecy::{ExposeSecret, SecretString};
use tokio::{runtime::Handle, sync::Notify};
use tokio_util::sync::CancellationToken;
use tonic::transport::{Certificate, Identity};

use crate::{
    backends::MakeBackend,
    client::{Client, Inner},
    dispatcher::Dispatcher,
    key::{Key, KeyError},
    local::Local,
    measure::Measures,
    redis::Reader,
};

/// Default timeout of a call.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1);
/// Default interval between resolutions of names.
const DEFAULT_RESOLVE_INTERVAL: Duration = Duration::from_secs(30);
/// Default number of retries and hedges in a row.
const DEFAULT_RETRY_BUDGET: u32 = 100;

/// An error in building a [`Client`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// An endpoint cannot be used.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The key has characters that a header cannot hold.
    #[error("the key has characters that a header cannot hold")]
    Key,
    /// The file of the key cannot be read.
    #[error("`{}` cannot be read", path.display())]
    KeyFile {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The URL of Redis is malformed.
    #[error("decisions cannot be read in Redis")]
    Redis(#[from] CacheError),
    /// There is no tokio runtime to run in.
    #[error("a client must be built within a tokio runtime")]
    NoRuntime,
}

impl From<KeyError> for BuildError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Characters => Self::Key,
            KeyError::File { path, source } => Self::KeyFile { path, source },
        }
    }
}

/// Builds a [`Client`].
#[must_use = "a client is built by `build`"]
pub struct Builder {
    endpoints: Vec<String>,
    key: Key,
    tls: Tls,
    timeout: Duration,
    local: usize,
    redis: Option<(SecretString, String)>,
    hedge: Option<Duration>,
    retry_budget: u32,
    resolve_every: Duration,
    resolver: Arc<dyn Resolve>,
    clock: Arc<dyn Clock>,
}

impl Builder {
    pub(crate) fn new(endpoint: String) -> Self {
        Self {
            endpoints: vec![endpoint],
            key: Key::None,
            tls: Tls::default(),
            timeout: DEFAULT_TIMEOUT,
            local: 0,
            redis: None,
            hedge: None,
            retry_budget: DEFAULT_RETRY_BUDGET,
            resolve_every: DEFAULT_RESOLVE_INTERVAL,
            resolver: Arc::new(Dns),
            clock: Arc::new(SystemClock::default()),
        }
    }

    /// Adds an endpoint. The addresses of all endpoints are equal backends.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoints.push(url.into());
        self
    }

    /// Presents the key of a service account, as `authorization: Bearer KEY`.
    pub fn key(mut self, key: impl Into<SecretString>) -> Self {
        self.key = Key::Given(key.into());
        self
    }

    /// Presents the key, or the token, in a file. The client reads the file again whenever it
    /// resolves names. When the key has changed, new connections present the new one, and calls in
    /// progress end with the old one.
    pub fn key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.key = Key::File(path.into());
        self
    }

    /// Trusts this certificate authority, in PEM. `https` requires one.
    pub fn ca_certificate(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.tls.authority = Some(Certificate::from_pem(pem));
        self
    }

    /// Presents this certificate and its private key, in PEM: mutual TLS.
    pub fn identity(mut self, certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Self {
        self.tls.identity = Some(Identity::from_pem(certificate, key));
        self
    }

    /// Sets the time that a call waits for its answer, retries included; 1 s by default. Deadlines
    /// on the stream are accurate to 5 ms.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Keeps up to this many answers in memory, and reuses each for as long as the service allowed,
    /// which is at most its lease. A revoked permission may be allowed for that much longer here,
    /// unless the question demands more freshness. Off by default.
    pub fn local_cache(mut self, entries: usize) -> Self {
        self.local = entries;
        self
    }

    /// Reads hot decisions in Redis first. The URL is that of a Redis user with no other access;
    /// the namespace is that of the installation.
    pub fn decisions_in_redis(
        mut self,
        url: impl Into<SecretString>,
        namespace: impl Into<String>,
    ) -> Self {
        self.redis = Some((url.into(), namespace.into()));
        self
    }

    /// Asks a second backend when the first has not answered after this delay, and takes the first
    /// answer. Accurate to 5 ms. Off by default.
    pub fn hedge_after(mut self, delay: Duration) -> Self {
        self.hedge = Some(delay);
        self
    }

    /// Sets the number of retries and hedges that may be made in a row; every ten answers allow
    /// another. 100 by default; 0 turns them off.
    pub fn retry_budget(mut self, tries: u32) -> Self {
        self.retry_budget = tries;
        self
    }

    /// Sets the interval at which names are resolved again; 30 s by default. After a failure they
    /// are resolved sooner.
    pub fn resolve_every(mut self, every: Duration) -> Self {
        self.resolve_every = every;
        self
    }

    /// Finds addresses with `resolver` instead of the operating system.
    pub fn resolver(mut self, resolver: impl Resolve + 'static) -> Self {
        self.resolver = Arc::new(resolver);
        self
    }

    /// Reads the time from `clock`, for tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Builds the client, in the runtime that it lives in. Nothing is connected yet: the first
    /// question finds out if the service is there.
    ///
    /// # Errors
    /// [`BuildError`] for settings that can never work.
    pub fn build(self) -> Result<Client, BuildError> {
        if Handle::try_current().is_err() {
            return Err(BuildError::NoRuntime);
        }
        let hosts = self
            .endpoints
            .iter()
            .map(|url| Host::parse(url, &self.tls))
            .collect::<Result<Vec<_>, _>>()?;
        // Report a key that cannot be presented now, not at the first call.
        self.key.read()?;
        let reader = match &self.redis {
            Some((url, namespace)) => Cache::open(url.expose_secret())?
                .map(|cache| Reader::new(cache, namespace, self.clock.clone())),
            None => None,
        };
        let end = CancellationToken::new();
        let failed = Arc::<Notify>::default();
        let backends = Backends::new(failed.clone());
        let make = MakeBackend {
            key: self.key,
            presented: None,
            failed,
            end: end.clone(),
        };
        let follow = backends
            .clone()
            .follow(hosts, self.resolver, self.resolve_every, make);
        tokio::spawn(end.clone().run_until_cancelled_owned(follow));
        if let Some(reader) = &reader {
            tokio::spawn(
                end.clone()
                    .run_until_cancelled_owned(reader.clone().drive()),
            );
        }
        let measures = Arc::new(Measures::default());
        measures.publish();
        Ok(Client::new(Inner {
            asker: Arc::new(Dispatcher {
                backends,
                budget: Budget::new(self.retry_budget),
                hedge: self.hedge,
                measures: measures.clone(),
            }),
            local: (self.local > 0).then(|| Local::new(self.local)),
            reader,
            clock: self.clock,
            timeout: self.timeout,
            measures,
            _end: end.drop_guard(),
        }))
    }
}
