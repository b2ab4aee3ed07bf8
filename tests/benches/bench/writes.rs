//! Questions about one organization during writes to its grants: the share that memory and Redis
//! still answer, and the rate.

use std::{path::Path, sync::Arc, time::Duration};

use api::entitlement::v1::{
    CreateGrantRequest, CreateGrantResponse, Grant, RevokeGrantRequest, RevokeGrantResponse, Scope,
};
use benches::{Result, Until, number, output, portfolio::Portfolio};
use cache::Cache;
use testkit::Redis;
use tokio::task::JoinHandle;

use crate::{
    checks,
    client::{self, Asked},
    server::Server,
};

/// Number of measurements with writes and without, alternating.
const ROUNDS: usize = 3;
/// Number of repeated questions, all about one organization.
const HOT: usize = 1_000;
/// The organization of the questions and the writes.
const ORGANIZATION: usize = 0;
/// Time between two writes: ten writes per second.
const BETWEEN: Duration = Duration::from_millis(100);
const CREATE: &str = "/mandate.entitlement.v1.GrantService/CreateGrant";
const REVOKE: &str = "/mandate.entitlement.v1.GrantService/RevokeGrant";

/// Measures the rates and prints the results.
pub(crate) async fn measure(
    portfolio: &Portfolio,
    folder: &Path,
    duration: Duration,
) -> Result<()> {
    output::title("One organization, ten writes a second in it, and none");
    let redis = match Redis::start() {
        Ok(redis) => redis,
        Err(error) => {
            output::item("left out", error);
            return Ok(());
        }
    };
    let server = Arc::new(Server::start(folder, Cache::open(redis.url())?)?);
    let client = client::reader(&server, &redis, folder)?;
    let questions = |number| portfolio.question_in(ORGANIZATION, number);
    let unary = checks::workload((0..HOT).map(questions));
    let asked: Asked = (0..HOT).map(questions).map(client::question).collect();
    client::share(&client, portfolio, &asked).await?;
    checks::run(&unary, &server, Until::Elapsed(duration)).await?;
    let statements = || number(server.statements());
    let (mut rates, mut memory, mut hits) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let idle = checks::run(&unary, &server, Until::Elapsed(duration)).await?;
        let writer = tokio::spawn(write(server.clone()));
        let before = statements();
        let busy = checks::run(&unary, &server, Until::Elapsed(duration)).await?;
        memory.push((statements() - before) / number(busy.latency.len()));
        rates.push(busy.rate() / idle.rate());
        let before = client.counts();
        client::run(&client, &asked, duration).await?;
        let counts = client.counts();
        let (read, missed) = (
            counts.redis - before.redis,
            counts.redis_missed - before.redis_missed,
        );
        hits.push(100.0 * number(read) / number(read + missed));
        end(writer).await?;
    }
    output::ratio(
        "Check: rate with writes, of that without (bar: 0.9)",
        &rates,
    );
    output::ratio("statements for each check, those of writes too", &memory);
    output::ratio("read in Redis, in percent (bar: 95)", &hits);
    drop(client);
    match Arc::into_inner(server) {
        Some(server) => server.stop().await,
        None => Ok(()),
    }
}

/// Grants and revokes access of a user who has full access anyway. Answers stay right, and
/// revisions grow.
async fn write(server: Arc<Server>) -> Result<()> {
    let target = server.target()?;
    let connection = target.connect().await?;
    let parent = format!("organizations/o{ORGANIZATION}");
    let mut ticks = tokio::time::interval(BETWEEN);
    for user in (0..).map(|round| round * 5 % 50) {
        ticks.tick().await;
        let request = CreateGrantRequest {
            parent: parent.clone(),
            grant: Some(Grant {
                subject: format!("users/u{ORGANIZATION}-{user}"),
                role: "applications/fleet/roles/viewer".to_owned(),
                scope: Some(Scope {
                    units: vec![format!("{parent}/units/n1")],
                    ..Scope::default()
                }),
                ..Grant::default()
            }),
            ..CreateGrantRequest::default()
        };
        let given: CreateGrantResponse = target.call(&connection, CREATE, &request).await?;
        ticks.tick().await;
        let request = RevokeGrantRequest {
            name: given.grant.unwrap_or_default().name,
            ..RevokeGrantRequest::default()
        };
        let _: RevokeGrantResponse = target.call(&connection, REVOKE, &request).await?;
    }
    Ok(())
}

/// Ends the writer. It has ended before only if a write failed.
async fn end(writer: JoinHandle<Result<()>>) -> Result<()> {
    writer.abort();
    match writer.await {
        Ok(failed) => failed,
        Err(_) => Ok(()),
    }
}
