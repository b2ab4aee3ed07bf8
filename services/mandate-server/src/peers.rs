//! Calls between services that run in their own processes.

use std::{net::SocketAddr, num::NonZero};

use api::Peer;
use rpc::{Channel, GrpcService, Listener, PeerTls, TlsFiles, over_tcp_as, peer_door};
use tokio::fs;
use tokio_util::sync::CancellationToken;
use types::SecretUrl;

use crate::{ServerError, peer_keys::PeerKeys, serve_args::ServeArgs};

/// The keys, addresses and certificates for calls between services.
#[derive(Debug)]
pub(crate) struct Peers {
    keys: PeerKeys,
    /// The URLs of the others, each with the name of its option.
    urls: [(Option<SecretUrl>, &'static str); 3],
    tls: Option<(PeerTls, TlsFiles)>,
    address: SocketAddr,
}

impl Peers {
    /// Reads the options; `None` if all services run in one process, where none listens for the
    /// others.
    pub(crate) async fn read(args: &ServeArgs) -> Result<Option<Self>, ServerError> {
        let Some(service) = args.service.alone() else {
            return match args.peer_listen {
                Some(_) => Err(ServerError::usage(
                    "--peer-listen is for a service that runs by itself: services in one process call \
                     each other within it",
                )),
                None => Ok(None),
            };
        };
        let address = args.peer_listen.ok_or_else(|| {
            ServerError::usage(
                "this service needs --peer-listen, the address for the other services",
            )
        })?;
        Ok(Some(Self {
            tls: tls(args).await?,
            keys: PeerKeys::read(&args.secrets, service)?,
            urls: [
                (args.identity_url.clone(), "--identity-url"),
                (args.membership_url.clone(), "--membership-url"),
                (args.entitlement_url.clone(), "--entitlement-url"),
            ],
            address,
        }))
    }

    /// Returns a channel to another service.
    pub(crate) fn to(&self, peer: Peer) -> Result<Channel, ServerError> {
        let [identity, membership, entitlement] = &self.urls;
        let (url, option) = match peer {
            Peer::Identity => identity,
            Peer::Membership => membership,
            Peer::Entitlement => entitlement,
        };
        let missing = || ServerError::usage(format!("this service needs {option}"));
        let url = url.as_ref().ok_or_else(missing)?;
        let tls = self.tls.as_ref().map(|(tls, _)| tls);
        over_tcp_as(&self.keys.own, url.expose(), tls)
            .map_err(|error| ServerError::usage(format!("`{url}`: {error}")))
    }

    /// Binds the address for the others.
    pub(crate) async fn listen(&self) -> Result<Listener, ServerError> {
        let address = self.address;
        let bound = Listener::bind(address).await;
        bound.map_err(|error| ServerError::failed(format!("cannot listen on {address}: {error}")))
    }

    /// Serves the others until `shutdown`.
    pub(crate) async fn serve(
        self,
        listener: Listener,
        service: GrpcService,
        threads: NonZero<usize>,
        shutdown: CancellationToken,
    ) -> Result<(), ServerError> {
        let address = listener.address().map_err(ServerError::from_error)?;
        tracing::info!(%address, "listening for the other services");
        let service = peer_door(service, self.keys.known);
        let tls = self.tls.map(|(_, files)| files);
        rpc::serve(listener, service, tls, threads, shutdown)
            .await
            .map_err(|error| ServerError::failed(format!("the server for services ended: {error}")))
    }
}

/// Returns the TLS files for calls between services; `None` only if TLS is waived explicitly.
async fn tls(args: &ServeArgs) -> Result<Option<(PeerTls, TlsFiles)>, ServerError> {
    let files = (
        &args.peer_tls_certificate,
        &args.peer_tls_key,
        &args.peer_ca,
    );
    let (Some(certificate), Some(key), Some(authority)) = files else {
        if args.insecure_plaintext {
            return Ok(None);
        }
        return Err(ServerError::usage(
            "TLS between the services is not configured: give --peer-tls-certificate, \
             --peer-tls-key and --peer-ca, or waive it with --insecure-plaintext",
        ));
    };
    let read = async |path: &std::path::Path| {
        let read = fs::read(path).await;
        read.map_err(|error| ServerError::failed(format!("`{}`: {error}", path.display())))
    };
    let tls = PeerTls {
        authority: read(authority).await?,
        certificate: read(certificate).await?,
        key: read(key).await?,
    };
    let files = TlsFiles {
        certificate: certificate.clone(),
        key: key.clone(),
        client_ca: Some(authority.clone()),
    };
    Ok(Some((tls, files)))
}
