//! The configured endpoints of a client, and connections to their addresses.

use std::{net::SocketAddr, time::Duration};

use http::Uri;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use types::SecretUrl;

/// Maximum time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Interval of keep-alive probes, and the maximum time of their answers.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum bytes in flight to the client, of one stream and of all: a stream of answers must not
/// wait for the acknowledgement of each.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;

/// An error in the settings of an endpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The text is not a URL with a scheme and a host.
    #[error("`{0}` is not `http://HOST[:PORT]` or `https://HOST[:PORT]`")]
    Url(String),
    /// `https` needs the certificate of an authority.
    #[error("`{0}` needs a certificate authority to verify the service")]
    NoAuthority(String),
    /// A certificate or key is malformed.
    #[error("a certificate or key cannot be used")]
    Tls(#[from] tonic::transport::Error),
}

/// The TLS settings of connections.
#[derive(Clone, Default)]
pub struct Tls {
    /// The authority that signed the certificates of the backends.
    pub authority: Option<Certificate>,
    /// The client's own certificate.
    pub identity: Option<Identity>,
}

/// A host with a port, which may have many addresses.
#[derive(Clone)]
pub struct Host {
    uri: Uri,
    /// The host, without the brackets of an IPv6 address.
    pub host: String,
    /// The port.
    pub port: u16,
    tls: Option<ClientTlsConfig>,
}

impl Host {
    /// Parses a URL.
    ///
    /// # Errors
    /// [`EndpointError`].
    pub fn parse(url: &str, tls: &Tls) -> Result<Self, EndpointError> {
        let wrong = || EndpointError::Url(SecretUrl::from(url).to_string());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let host = uri
            .host()
            .filter(|host| !host.is_empty())
            .ok_or_else(wrong)?;
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let tls = if secure {
            let authority = tls.authority.clone();
            let authority = authority
                .ok_or_else(|| EndpointError::NoAuthority(SecretUrl::from(url).to_string()))?;
            let mut config = ClientTlsConfig::new()
                .ca_certificate(authority)
                .domain_name(host.clone());
            if let Some(identity) = tls.identity.clone() {
                config = config.identity(identity);
            }
            Some(config)
        } else {
            None
        };
        let host = Self {
            uri,
            host,
            port,
            tls,
        };
        // Report malformed settings now, not at the first call.
        host.endpoint(SocketAddr::from(([127, 0, 0, 1], port)))?;
        Ok(host)
    }

    /// Returns a channel to one address. It connects at its first use, and again whenever the
    /// connection is lost.
    ///
    /// # Errors
    /// [`EndpointError::Tls`].
    pub fn connect(&self, address: SocketAddr) -> Result<Channel, EndpointError> {
        Ok(self.endpoint(address)?.connect_lazy())
    }

    fn endpoint(&self, address: SocketAddr) -> Result<Endpoint, EndpointError> {
        let scheme = self.uri.scheme_str().unwrap_or("http");
        let mut endpoint = Endpoint::from_shared(format!("{scheme}://{address}"))?
            .origin(self.uri.clone())
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
        if let Some(tls) = &self.tls {
            endpoint = endpoint.tls_config(tls.clone())?;
        }
        Ok(endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_scheme_and_a_host() {
        let parse = |url: &str| Host::parse(url, &Tls::default());
        let host = parse("http://[::1]:7700").unwrap();
        assert_eq!((host.host.as_str(), host.port), ("::1", 7700));
        assert_eq!(parse("http://mandate.internal").unwrap().port, 80);
        for url in ["", "mandate:7700", "ftp://mandate", "http://", "/x"] {
            assert!(matches!(parse(url), Err(EndpointError::Url(_))), "{url}");
        }
        assert!(matches!(
            parse("https://mandate"),
            Err(EndpointError::NoAuthority(_))
        ));
    }
}
