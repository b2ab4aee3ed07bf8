//! The shapes of Redis, by URL.

use redis::{
    Client, ConnectionAddr, IntoConnectionInfo, TlsMode,
    cluster::ClusterClient,
    sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType},
};

use crate::CacheError;

const SENTINEL_PORT: u16 = 26379;

/// Where connections come from.
pub(crate) enum Place {
    Server(Client),
    Sentinel(tokio::sync::Mutex<SentinelClient>),
    Cluster(ClusterClient),
}

/// Reads `redis://[USER:PASSWORD@]HOST[:PORT][/DB]`,
/// `redis+sentinel://[USER:PASSWORD@]HOST[:PORT],…/MASTER` or
/// `redis+cluster://[USER:PASSWORD@]HOST[:PORT],…`; `rediss` for TLS, with the certificates of
/// the system. User and password are those of Redis, not of Sentinel.
pub(crate) fn parse(url: &str) -> Result<Place, CacheError> {
    let (scheme, rest) = url.split_once("://").unwrap_or((url, ""));
    let (base, shape) = scheme.split_once('+').unwrap_or((scheme, ""));
    if !matches!(base, "redis" | "rediss") || rest.is_empty() {
        return Err(CacheError::Url(scheme.to_owned()));
    }
    match shape {
        "" => Ok(Place::Server(Client::open(url)?)),
        "cluster" => {
            let (user, hosts) = credentials(rest);
            let nodes = hosts
                .trim_end_matches('/')
                .split(',')
                .map(|host| format!("{base}://{user}{host}"));
            Ok(Place::Cluster(ClusterClient::new(nodes)?))
        }
        "sentinel" => sentinel(base, rest),
        _ => Err(CacheError::Url(scheme.to_owned())),
    }
}

fn sentinel(base: &str, rest: &str) -> Result<Place, CacheError> {
    let (user, rest) = credentials(rest);
    let (hosts, master) = rest
        .split_once('/')
        .filter(|(_, master)| !master.is_empty())
        .ok_or_else(|| CacheError::Url(format!("{base}+sentinel://HOST without a master")))?;
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
    // Read as Redis reads them, escapes too.
    let own = format!("{base}://{user}host").into_connection_info()?;
    if let Some(username) = own.redis_settings().username() {
        builder = builder.set_client_to_redis_username(username);
    }
    if let Some(password) = own.redis_settings().password() {
        builder = builder.set_client_to_redis_password(password);
    }
    Ok(Place::Sentinel(tokio::sync::Mutex::new(builder.build()?)))
}

/// What comes before the hosts, with its `@`, and the rest.
fn credentials(rest: &str) -> (&str, &str) {
    rest.rfind('@')
        .and_then(|at| rest.split_at_checked(at + 1))
        .unwrap_or(("", rest))
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
            let place = parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
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
        ] {
            let Err(error) = parse(url) else {
                panic!("{url} was taken");
            };
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
