//! The forms of Redis, by URL.

use redis::{
    Client, ConnectionAddr, IntoConnectionInfo, TlsMode,
    cluster::ClusterClient,
    sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType},
};
use types::SecretUrl;

use crate::CacheError;

const SENTINEL_PORT: u16 = 26379;

/// The source of connections.
pub(crate) enum Place {
    Server(Client),
    Sentinel(tokio::sync::Mutex<SentinelClient>),
    Cluster(ClusterClient),
}

/// Parses `redis://[USER:PASSWORD@]HOST[:PORT][/DB]`,
/// `redis+sentinel://[USER:PASSWORD@]HOST[:PORT],…/MASTER` or
/// `redis+cluster://[USER:PASSWORD@]HOST[:PORT],…`; `rediss` for TLS, with the certificates of the
/// system. User and password are those of Redis, not of Sentinel.
pub(crate) fn parse(url: &SecretUrl) -> Result<Place, CacheError> {
    let wrong = || CacheError::Url(url.clone());
    let parts = url.parts().filter(|parts| parts.is_of_hosts);
    let parts = parts.ok_or_else(wrong)?;
    let (base, shape) = parts.scheme.split_once('+').unwrap_or((parts.scheme, ""));
    if !matches!(base, "redis" | "rediss") || parts.hosts.is_empty() {
        return Err(wrong());
    }
    let user = parts.credentials;
    match (shape, parts.path.trim_start_matches('/')) {
        ("", _) => Ok(Place::Server(Client::open(url.expose())?)),
        ("cluster", "") => {
            let nodes = parts.hosts.split(',');
            let nodes = nodes.map(|host| format!("{base}://{user}{host}"));
            Ok(Place::Cluster(ClusterClient::new(nodes)?))
        }
        ("sentinel", master) if !master.is_empty() => sentinel(base, user, parts.hosts, master),
        _ => Err(wrong()),
    }
}

fn sentinel(base: &str, user: &str, hosts: &str, master: &str) -> Result<Place, CacheError> {
    let sentinels = hosts.split(',').map(|host| {
        let (host, port) = host.rsplit_once(':').unwrap_or((host, ""));
        let (host, port) = (host.to_owned(), port.parse().unwrap_or(SENTINEL_PORT));
        if base == "rediss" {
            ConnectionAddr::TcpTls {
                host,
                port,
                insecure: false,
                tls_params: None,
            }
        } else {
            ConnectionAddr::Tcp(host, port)
        }
    });
    let mut builder = SentinelClientBuilder::new(sentinels, master, SentinelServerType::Master)?;
    if base == "rediss" {
        builder = builder
            .set_client_to_redis_tls_mode(TlsMode::Secure)
            .set_client_to_sentinel_tls_mode(TlsMode::Secure);
    }
    // Parsed by the Redis library, including escapes.
    let own = format!("{base}://{user}host").into_connection_info()?;
    if let Some(username) = own.redis_settings().username() {
        builder = builder.set_client_to_redis_username(username);
    }
    if let Some(password) = own.redis_settings().password() {
        builder = builder.set_client_to_redis_password(password);
    }
    Ok(Place::Sentinel(tokio::sync::Mutex::new(builder.build()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_has_a_url() {
        for (url, shape) in [
            ("redis://localhost", "server"),
            ("rediss://reader:secret@localhost:6380/2", "server"),
            ("redis+cluster://a:secret@one:7000,two:7001", "cluster"),
            ("rediss+cluster://one,two", "cluster"),
            (
                "redis+sentinel://a:secret@one:26379,two/mandate",
                "sentinel",
            ),
            ("rediss+sentinel://a:secret@one,two:1/main", "sentinel"),
        ] {
            let place = parse(&url.into()).unwrap_or_else(|error| panic!("{url}: {error}"));
            let found = match place {
                Place::Server(_) => "server",
                Place::Sentinel(_) => "sentinel",
                Place::Cluster(_) => "cluster",
            };
            assert_eq!(found, shape, "{url}");
        }
    }

    #[test]
    fn what_is_no_url_says_so_without_its_secret() {
        for url in [
            "redis",
            "redis:",
            "http://a:secret@host",
            "redis+other://a:secret@host",
            "redis+sentinel://a:secret@host",
            "redis+sentinel://a:secret@host/",
            "redis://a:sec/secret@host",
            "redis:a:secret@host",
            "redis+cluster://a:secret@secret@host",
            "redis+cluster://a:secret@host/path",
            "redis://a:secret@host:70000",
        ] {
            let Err(error) = parse(&url.into()) else {
                panic!("{url} was taken");
            };
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("secret"), "{shown}");
        }
    }
}
