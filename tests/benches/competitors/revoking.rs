//! The time for which a repeated allow outlives its revocation.

use std::time::Duration;

use api::entitlement::v1::Effect;
use benches::{
    Raw, Result,
    portfolio::{Asked, Portfolio},
};
use http::uri::PathAndQuery;
use tokio::time::{Instant, sleep};
use tonic::client::Grpc;

use crate::{running::Running, system::System};

/// Number of revocations in each system.
const ROUNDS: usize = 5;
/// Time for which the allow is queried before it is revoked, so that caches hold it.
const WARM_UP: Duration = Duration::from_secs(1);
/// Time without an allow after which a denial counts as final.
const STAYS: Duration = Duration::from_millis(500);
/// Maximum wait for a revocation to take effect.
const PATIENCE: Duration = Duration::from_secs(60);

/// The times of a system, in ascending order.
pub(crate) type Times = (&'static str, Vec<Duration>);

/// Measures all systems alternately, except those that store no facts.
pub(crate) async fn measure(portfolio: &Portfolio, running: &Running) -> Result<Vec<Times>> {
    let mut times: Vec<Times> = running
        .systems()
        .map(|system| (system.name(), Vec::new()))
        .collect();
    for round in 0..ROUNDS {
        let asked = portfolio
            .allowed_by_unit(round)
            .ok_or("nothing to revoke")?;
        for (system, (name, own)) in running.systems().zip(&mut times) {
            let time = revoke(system, &asked).await;
            own.extend(time.map_err(|error| format!("{name}: {error}"))?);
        }
    }
    for (_, own) in &mut times {
        own.sort_unstable();
    }
    times.retain(|(_, own)| !own.is_empty());
    Ok(times)
}

/// Returns the time from the return of the revocation to the first final denial.
async fn revoke(system: &dyn System, asked: &Asked) -> Result<Option<Duration>> {
    let revoke = async {
        sleep(WARM_UP).await;
        let revoked = system.revoke(asked).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(revoked.then(Instant::now))
    };
    tokio::pin!(revoke);
    let denied = ask_until_denied(system, asked);
    tokio::pin!(denied);
    let mut returned = None;
    loop {
        tokio::select! {
            result = &mut revoke, if returned.is_none() => match result? {
                Some(at) => returned = Some(at),
                None => return Ok(None),
            },
            denied = &mut denied => {
                let Some(returned) = returned else {
                    return Err("it was denied and nothing was revoked".into());
                };
                return Ok(Some(denied?.saturating_duration_since(returned)));
            }
        }
    }
}

/// Asks without a pause. Returns the time of the first final denial.
async fn ask_until_denied(system: &dyn System, asked: &Asked) -> Result<Instant> {
    let (target, method) = (system.target()?, system.single());
    let mut client = Grpc::new(target.connect().await?);
    let (begin, mut since) = (Instant::now(), None);
    while begin.elapsed() < PATIENCE {
        let request = target.request(system.question(asked));
        client.ready().await?;
        let path = PathAndQuery::from_static(method.path);
        let answer = client.unary(request, path, Raw).await?;
        match (method.read)(answer.get_ref()).as_deref() {
            Some([Effect::Deny]) => {
                let since = since.get_or_insert_with(Instant::now);
                if since.elapsed() >= STAYS {
                    return Ok(*since);
                }
            }
            Some([Effect::Allow]) => since = None,
            other => return Err(format!("an answer was {other:?}").into()),
        }
    }
    Err("it is still allowed".into())
}
