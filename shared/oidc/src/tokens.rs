//! The tokens of an issuer, and the current keys that verify them.

use std::{collections::HashMap, error::Error, fmt, sync::Arc, task::Poll, time::Duration};

use aws_lc_rs::digest;
use clock::Clock;
use parking_lot::Mutex;

use crate::{
    fetch::Source,
    key_set::KeySet,
    settings::{Settings, SettingsError},
    token::{Rejected, Verified, verify},
};
use tasks::Tasks;

/// Interval at which the keys are read. A withdrawn key proves nothing after the next read.
const KEY_REFRESH_INTERVAL: Duration = Duration::from_secs(300);
/// Minimum time between two attempts to read the keys, whatever keys tokens name.
const MIN_KEY_READ_INTERVAL: Duration = Duration::from_secs(10);
/// Maximum number of remembered verified tokens.
const MAX_REMEMBERED_TOKENS: usize = 10_000;

/// The keys of the issuer have not been read yet.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the keys of the OIDC issuer have not been read yet")]
pub struct KeysUnread;

/// The tokens of one issuer. Keys are read in the background, and when a token names an unknown
/// key.
pub struct Tokens {
    source: Source,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Held while the keys are read; holds the time of the last attempt, since boot.
    reading: tokio::sync::Mutex<Option<Duration>>,
}

#[derive(Default)]
struct State {
    /// `None` before the first read.
    keys: Option<Arc<KeySet>>,
    /// Tokens verified with these keys, by SHA-256 of the token: verifying a signature takes longer
    /// than answering a check.
    known: HashMap<Box<[u8]>, Arc<Verified>>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Tokens {
    /// Verifies tokens from now on. The issuer need not be reachable yet.
    ///
    /// # Errors
    /// The settings cannot be used.
    pub fn start(
        settings: Settings,
        clock: Arc<dyn Clock>,
        tasks: &Tasks,
    ) -> Result<Arc<Self>, SettingsError> {
        let tokens = Arc::new(Self {
            source: Source::new(settings)?,
            clock,
            state: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        });
        let own = tokens.clone();
        tasks.keep("keys of the issuer", move || {
            let own = own.clone();
            async move { own.refresh_keys().await }
        });
        Ok(tokens)
    }

    /// Returns the result for a token, if it is known without reading keys; the inner `None` is an
    /// invalid token.
    pub fn recall(&self, token: &str) -> Poll<Option<Arc<Verified>>> {
        let digest = digest::digest(&digest::SHA256, token.as_bytes());
        let now = self.clock.now();
        let keys = {
            let state = self.state.lock();
            if let Some(known) = state.known.get(digest.as_ref()) {
                return Poll::Ready((now < known.expire).then(|| known.clone()));
            }
            state.keys.clone()
        };
        let Some(keys) = keys else {
            return Poll::Pending;
        };
        match verify(token, &keys, now) {
            Ok(verified) => {
                let verified = Arc::new(verified);
                self.note(digest.as_ref(), &keys, &verified);
                Poll::Ready(Some(verified))
            }
            Err(Rejected::UnknownKey(_)) => Poll::Pending,
            Err(rejected) => {
                tracing::debug!(%rejected, "a token proves nothing");
                Poll::Ready(None)
            }
        }
    }

    /// Verifies a token, and reads the keys again if needed. Returns `None` for an invalid token.
    ///
    /// # Errors
    /// [`KeysUnread`].
    pub async fn verify(&self, token: &str) -> Result<Option<Arc<Verified>>, KeysUnread> {
        if let Poll::Ready(verified) = self.recall(token) {
            return Ok(verified);
        }
        self.read_again(MIN_KEY_READ_INTERVAL).await;
        match self.recall(token) {
            Poll::Ready(verified) => Ok(verified),
            Poll::Pending if self.state.lock().keys.is_none() => Err(KeysUnread),
            Poll::Pending => Ok(None),
        }
    }

    fn note(&self, digest: &[u8], with: &Arc<KeySet>, verified: &Arc<Verified>) {
        let mut state = self.state.lock();
        // The keys may have been read meanwhile, without the one that signed it.
        let current = state.keys.as_ref();
        if !current.is_some_and(|keys| Arc::ptr_eq(keys, with)) {
            return;
        }
        if state.known.len() >= MAX_REMEMBERED_TOKENS {
            state.known.clear();
        }
        state.known.insert(digest.into(), verified.clone());
    }

    async fn refresh_keys(self: Arc<Self>) {
        loop {
            let wait = if self.read_again(Duration::ZERO).await {
                KEY_REFRESH_INTERVAL
            } else {
                MIN_KEY_READ_INTERVAL
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Reads the keys, unless the last attempt was less than `pause` ago. Returns true if they were
    /// read.
    async fn read_again(&self, pause: Duration) -> bool {
        let mut tried = self.reading.lock().await;
        let now = self.clock.since_boot();
        if tried.is_some_and(|tried| now.saturating_sub(tried) < pause) {
            return false;
        }
        let keys = self.source.keys().await;
        *tried = Some(now);
        match keys {
            Ok(keys) => {
                *self.state.lock() = State {
                    keys: Some(Arc::new(keys)),
                    known: HashMap::new(),
                };
                true
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn Error,
                    "the keys of the OIDC issuer cannot be read"
                );
                false
            }
        }
    }
}
