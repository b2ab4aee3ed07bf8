//! Redis by URL, in any of its forms: one server, a master named by Sentinel, a cluster. An error
//! is a miss, and is returned quickly.

mod connect;
mod url;

use std::{fmt, sync::Arc, time::Duration};

use freshness::{PUT_NEWER, PUT_NEXT};
use redis::{
    Cmd, FromRedisValue, RedisError, RedisResult, Script, ScriptInvocation, aio::ConnectionLike,
    cmd,
};
use types::SecretUrl;

use crate::connect::{Connection, Connector};

/// Maximum time to wait for the cache: beyond this, the database is as fast.
const REPLY_TIMEOUT: Duration = Duration::from_millis(50);

/// An error in opening a cache.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The URL does not name a cache.
    #[error(
        "`{0}` is not the URL of a cache: use `memory:`, `redis://HOST`, \
         `redis+sentinel://HOST,HOST/MASTER` or `redis+cluster://HOST,HOST`, with `rediss` for TLS \
         and with `@`, `/`, `?` and `#` in a user or password percent-encoded"
    )]
    Url(SecretUrl),
    /// The URL is a Redis URL, but malformed.
    #[error("the URL of the cache is malformed")]
    Redis(#[from] RedisError),
}

/// The cache cannot be used now; the caller continues without it.
#[derive(Debug, thiserror::Error)]
pub enum Missed {
    /// There is no connection; one is being made.
    #[error("there is no connection to the cache")]
    Disconnected,
    /// It did not answer in time.
    #[error("the cache did not answer in time")]
    Late,
    /// It refused, or the connection broke.
    #[error("the cache failed")]
    Failed(#[from] RedisError),
}

/// A value to put: its key, its text, its end, and its maximum remaining life. Both times are in
/// milliseconds, by the clock of Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
    /// The end of its life.
    pub expire_ms: i64,
    /// Maximum life; a value that would live longer is refused.
    pub longest_ms: i64,
}

/// A cache that all replicas share. Clones share its connection.
#[derive(Clone)]
pub struct Cache {
    connector: Arc<Connector>,
    put: Arc<Script>,
    put_next: Arc<Script>,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

impl Cache {
    /// Opens the cache of a URL; `None` for `memory:`. Redis need not be reachable yet.
    ///
    /// # Errors
    /// [`CacheError`] for a URL that does not name a cache.
    pub fn open(url: impl Into<SecretUrl>) -> Result<Option<Self>, CacheError> {
        let url = url.into();
        if url.expose() == "memory:" {
            return Ok(None);
        }
        Ok(Some(Self {
            connector: Arc::new(Connector::new(url::parse(&url)?)),
            put: Arc::new(Script::new(PUT_NEWER)),
            put_next: Arc::new(Script::new(PUT_NEXT)),
        }))
    }

    /// Returns the time of the clock of Redis, in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// [`Missed`].
    pub async fn time_ms(&self) -> Result<i64, Missed> {
        let (seconds, micros): (i64, i64) = self.query(&cmd("TIME")).await?;
        Ok(seconds * 1000 + micros / 1000)
    }

    /// Returns the values under keys of one hash slot, in one round trip.
    ///
    /// # Errors
    /// [`Missed`].
    pub async fn get<K: AsRef<str>>(&self, keys: &[K]) -> Result<Vec<Option<String>>, Missed> {
        let mut get = cmd("MGET");
        for key in keys {
            get.arg(key.as_ref());
        }
        self.query(&get).await
    }

    /// Puts values under keys of one hash slot, and returns the number of stored values.
    ///
    /// # Errors
    /// [`Missed`]: they may or may not be stored.
    pub async fn put(&self, entries: &[Entry]) -> Result<u64, Missed> {
        let mut call = self.put.prepare_invoke();
        for entry in entries {
            call.key(&entry.key)
                .arg(&entry.value)
                .arg(entry.expire_ms)
                .arg(entry.longest_ms);
        }
        self.run(&call).await
    }

    /// Puts an entry in place of the `known` value, of itself, or of nothing, and returns the value
    /// that is there afterwards.
    ///
    /// # Errors
    /// [`Missed`]: it may or may not be stored.
    pub async fn put_next(&self, known: &str, next: &Entry) -> Result<String, Missed> {
        let mut call = self.put_next.prepare_invoke();
        call.key(&next.key)
            .arg(known)
            .arg(&next.value)
            .arg(next.expire_ms)
            .arg(next.longest_ms);
        self.run(&call).await
    }

    async fn run<T: FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> Result<T, Missed> {
        self.within(async |connection: &mut Connection| match connection {
            Connection::Server(server) => call.invoke_async(server).await,
            Connection::Cluster(cluster) => call.invoke_async(cluster).await,
        })
        .await
    }

    async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Missed> {
        self.within(async |connection: &mut Connection| match connection {
            Connection::Server(server) => ask(command, server).await,
            Connection::Cluster(cluster) => ask(command, cluster).await,
        })
        .await
    }

    async fn within<T>(
        &self,
        ask: impl AsyncFnOnce(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, Missed> {
        let mut connection = self.connector.current().ok_or(Missed::Disconnected)?;
        match tokio::time::timeout(REPLY_TIMEOUT, ask(&mut connection)).await {
            Ok(Ok(value)) => {
                self.connector.succeeded();
                Ok(value)
            }
            Ok(Err(error)) => {
                self.connector.failed(&error);
                Err(Missed::Failed(error))
            }
            Err(_) => {
                self.connector.was_late();
                Err(Missed::Late)
            }
        }
    }
}

async fn ask<T: FromRedisValue>(
    command: &Cmd,
    connection: &mut impl ConnectionLike,
) -> RedisResult<T> {
    command.query_async(connection).await
}
