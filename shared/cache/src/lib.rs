//! The shared cache by URL: `redis://…`, or `memory:` where the facts in memory are all there
//! is. An error of the cache is a miss.

use std::{fmt, time::Duration};

use redis::{
    AsyncCommands, Client, RedisError, SetExpiry, SetOptions,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

/// How long the cache may take: longer than this, the database is as fast.
const PATIENCE: Duration = Duration::from_millis(50);

/// Why a cache cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The URL names no cache.
    #[error("`{0}` is not the URL of a cache: use `memory:`, `redis://…` or `rediss://…`")]
    Url(String),
    /// The URL is of Redis and malformed.
    #[error("the URL of the cache is malformed")]
    Redis(#[from] RedisError),
}

/// A cache that all replicas share.
#[derive(Clone)]
pub struct Cache(ConnectionManager);

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

impl Cache {
    /// Opens the cache that a URL names; none for `memory:`. Redis need not be there yet.
    ///
    /// # Errors
    /// [`CacheError`] for a URL that names no cache.
    pub fn open(url: &str) -> Result<Option<Self>, CacheError> {
        if url == "memory:" {
            return Ok(None);
        }
        if !url.starts_with("redis:") && !url.starts_with("rediss:") {
            let scheme = url.split_once(':').map_or(url, |(scheme, _)| scheme);
            return Err(CacheError::Url(scheme.to_owned()));
        }
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(PATIENCE));
        let client = Client::open(url)?;
        let manager = ConnectionManager::new_lazy_with_config(client, config)?;
        Ok(Some(Self(manager)))
    }

    /// What is kept under a key; none also if the cache does not answer in time.
    pub async fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let mut connection = self.0.clone();
        let answer = tokio::time::timeout(PATIENCE, connection.get::<_, Option<Vec<u8>>>(key));
        match answer.await {
            Ok(Ok(value)) => value,
            Ok(Err(error)) => {
                tracing::debug!(%error, "the cache failed");
                None
            }
            Err(_) => None,
        }
    }

    /// Keeps a value for a time. Whether it was kept is not known.
    pub async fn put(&self, key: &[u8], value: &[u8], life: Duration) {
        let mut connection = self.0.clone();
        let millis = u64::try_from(life.as_millis()).unwrap_or(u64::MAX);
        if millis == 0 {
            return;
        }
        let options = SetOptions::default().with_expiration(SetExpiry::PX(millis));
        let set = connection.set_options::<_, _, ()>(key, value, options);
        if let Ok(Err(error)) = tokio::time::timeout(PATIENCE, set).await {
            tracing::debug!(%error, "the cache failed");
        }
    }
}
