//! Answers of a replica with nothing in memory from decisions that another has shared in Redis,
//! alternating with a replica that reads the database.

use std::path::Path;

use benches::{Figures, Result, Until, number, output, portfolio::Portfolio};
use cache::Cache;
use testkit::Redis;

use crate::{
    checks::{self, FRESH, ROUNDS},
    client,
    server::Server,
};

/// Measures both replicas and prints the results.
pub(crate) async fn measure(portfolio: &Portfolio, folder: &Path) -> Result<()> {
    output::title("Single questions to a replica, no organization in memory");
    let redis = match Redis::start() {
        Ok(redis) => redis,
        Err(error) => {
            output::item("left out", error);
            return Ok(());
        }
    };
    let first = Server::start(folder, Cache::open(redis.url())?)?;
    let client = client::reader(&first, &redis, folder)?;
    client::share(&client, portfolio, &client::questions(portfolio, FRESH)).await?;
    let (mut cold, mut warm) = (Figures::new(1)?, Figures::new(1)?);
    let (mut rates, mut statements) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (without, _) = ask(portfolio, folder, None).await?;
        let (with, run) = ask(portfolio, folder, Cache::open(redis.url())?).await?;
        rates.push(with.rate() / without.rate());
        statements.push(run);
        cold.add(&without)?;
        warm.add(&with)?;
    }
    output::head("checks");
    output::row("cold, 20,000 questions", &cold);
    output::row("warm in Redis", &warm);
    output::ratio("warm: rate, of cold", &rates);
    output::ratio("warm: statements a check", &statements);
    drop(client);
    first.stop().await
}

/// Asks each question once on a new replica that has already authenticated its caller. Returns the
/// figures, and the number of statements per question.
async fn ask(portfolio: &Portfolio, folder: &Path, cache: Option<Cache>) -> Result<(Figures, f64)> {
    let replica = Server::start(folder, cache)?;
    let workload = |from, to| checks::workload((from..to).map(|number| portfolio.question(number)));
    checks::run(&workload(FRESH, FRESH + 1), &replica, Until::Asked).await?;
    let before = replica.statements();
    let figures = checks::run(&workload(0, FRESH), &replica, Until::Asked).await?;
    let statements = number(replica.statements() - before) / number(figures.latency.len());
    replica.stop().await?;
    Ok((figures, statements))
}
