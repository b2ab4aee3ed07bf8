//! Waivers of security that suit one's own machine and do harm elsewhere.

use std::{net::SocketAddr, time::Duration};

use opentelemetry::global;
use tasks::Tasks;

use crate::{ServerError, serve_args::ServeArgs};

/// Interval of the warning about plaintext: nobody reads the beginning of a log.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

/// Refuses to treat unauthenticated callers as the operator if other machines can call.
pub(crate) fn check(args: &ServeArgs) -> Result<(), ServerError> {
    if args.insecure_anonymous_operator && is_beyond_loopback(args.listen) {
        return Err(ServerError::usage(format!(
            "--insecure-anonymous-operator is for loopback only: on {}, anyone who reaches the port \
             would be the operator",
            args.listen
        )));
    }
    Ok(())
}

/// Warns, repeatedly and in a metric, if keys and answers cross the network in clear: acceptable
/// behind a mesh that encrypts, and nowhere else.
pub(crate) fn warn(args: &ServeArgs, tasks: &Tasks) {
    let exposed: Vec<SocketAddr> = if args.insecure_plaintext {
        beyond_loopback(args).collect()
    } else {
        Vec::new()
    };
    let gauge = global::meter("mandate")
        .u64_gauge("mandate.server.plaintext")
        .with_description("1 if calls from other machines are accepted without TLS, else 0.")
        .build();
    gauge.record(u64::from(!exposed.is_empty()), &[]);
    if exposed.is_empty() {
        return;
    }
    tasks.keep("warning of plaintext", move || {
        let exposed = exposed.clone();
        async move {
        loop {
            tracing::warn!(
                addresses = ?exposed,
                "calls are accepted without TLS from other machines: anyone on the network can read \
                 keys and answers, unless a mesh encrypts"
            );
            tokio::time::sleep(WARNING_INTERVAL).await;
        }
        }
    });
}

/// Returns the plaintext addresses that other machines can reach.
fn beyond_loopback(args: &ServeArgs) -> impl Iterator<Item = SocketAddr> {
    let private = args
        .peer_listen
        .filter(|_| args.peer_tls_certificate.is_none());
    let public = Some(args.listen);
    let all = public.into_iter().chain(private);
    all.filter(|address| is_beyond_loopback(*address))
}

fn is_beyond_loopback(address: SocketAddr) -> bool {
    !address.ip().to_canonical().is_loopback()
}
