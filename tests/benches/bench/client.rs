//! Single questions of many callers through the client library, to the service on one stream and to
//! Redis.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use api::entitlement::v1::Effect;
use benches::{
    Figures, Result, Until, number, output,
    portfolio::{self, Portfolio},
};
use cache::Cache;
use mandate_client::{Client, Question};
use mandate_server::Secrets;
use testkit::Redis;

use crate::{
    checks,
    server::{Server, own_cpu},
};

/// Number of measurements of each rate, alternating with its baseline.
const ROUNDS: usize = 3;
/// Number of concurrent callers, each with one pending question.
const CALLER_COUNT: usize = 512;
/// Number of repeated questions.
const HOT_QUESTION_COUNT: usize = 1_000;
/// One call in this many is timed and its answer verified. Timing each call would cost as much as
/// the call itself.
const TIMING_INTERVAL: u64 = 16;
/// Time to warm caches and buffers before the first round.
const WARM_UP_TIME: Duration = Duration::from_millis(500);
/// Maximum time until decisions are in Redis, and the time between two looks.
const SHARING_TIMEOUT: Duration = Duration::from_secs(10);
const SHARING_POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The questions of the callers, with their right answers.
pub(crate) type Asked = Arc<[(Question, Effect)]>;

/// Measures unary checks on one stream, alternating with the empty RPC, and prints the results.
pub(crate) async fn measure(
    portfolio: &Portfolio,
    server: &Server,
    duration: Duration,
) -> Result<()> {
    let url = format!("http://{}", server.address);
    let client = Client::builder(url).key(server.key.clone()).build()?;
    let asked = questions(portfolio, HOT_QUESTION_COUNT);
    let empty = checks::empty_workload(1);
    run(&client, &asked, WARM_UP_TIME).await?;
    checks::run(&empty, server, Until::Elapsed(WARM_UP_TIME)).await?;
    let (mut idle, mut busy) = (Figures::new(1)?, Figures::new(1)?);
    let (mut rates, mut own) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let of_empty = checks::run(&empty, server, Until::Elapsed(duration)).await?;
        let cpu = own_cpu();
        let of_client = run(&client, &asked, duration).await?;
        own.push(
            own_cpu().saturating_sub(cpu).as_secs_f64() * of_client.cpu_nanos_each()
                / of_client.cpu.as_secs_f64(),
        );
        rates.push(of_client.rate() / of_empty.rate());
        idle.add(&of_empty)?;
        busy.add(&of_client)?;
    }
    let counts = client.counts();
    if counts.stream == 0 || counts.unary > 0 {
        return Err(format!("the questions did not go on a stream: {counts:?}").into());
    }
    output::title(format!(
        "Single questions through the client, {CALLER_COUNT} callers, one stream"
    ));
    output::head("calls");
    output::row("empty RPC, unary", &idle);
    output::row("client.check, hot", &busy);
    output::ratio("client.check: rate, of empty (bar: 10)", &rates);
    own.sort_unstable_by(f64::total_cmp);
    let median = own.get(ROUNDS / 2).copied().unwrap_or_default();
    output::item(
        "client.check: CPU ns each of the client",
        output::grouped(median),
    );
    Ok(())
}

/// Measures decisions that the client reads from Redis, and prints the results.
pub(crate) async fn measure_redis(
    portfolio: &Portfolio,
    folder: &Path,
    duration: Duration,
) -> Result<()> {
    output::title(format!(
        "Decisions read in Redis by the client, {CALLER_COUNT} callers"
    ));
    let redis = match Redis::start() {
        Ok(redis) => redis,
        Err(error) => {
            output::item("left out", error);
            return Ok(());
        }
    };
    let server = Server::start(folder, Cache::open(redis.url())?)?;
    let client = reader(&server, &redis, folder)?;
    let asked = questions(portfolio, HOT_QUESTION_COUNT);
    share(&client, portfolio, &asked).await?;
    let (mut figures, mut own) = (Figures::new(1)?, Duration::ZERO);
    let before = client.counts();
    for _ in 0..ROUNDS {
        let cpu = own_cpu();
        figures.add(&run(&client, &asked, duration).await?)?;
        own += own_cpu().saturating_sub(cpu);
    }
    let counts = client.counts();
    let (read, missed) = (
        counts.redis - before.redis,
        counts.redis_missed - before.redis_missed,
    );
    output::head("decisions");
    output::row("client.check, in Redis", &figures);
    output::item(
        "decisions a second and reader core (bar: 150,000)",
        output::grouped(number(read) / own.as_secs_f64()),
    );
    let of_all = 100.0 * number(read) / number(read + missed);
    output::item("of Redis, in percent", format!("{of_all:.1}"));
    drop(client);
    server.stop().await
}

/// Returns a client that reads the decisions of a server from Redis.
pub(crate) fn reader(server: &Server, redis: &Redis, folder: &Path) -> Result<Client> {
    let secrets = Secrets::read_or_make(folder).map_err(|failure| failure.to_string())?;
    let namespace = secrets.sealer.namespace(entitlement::DECISIONS);
    let client = Client::builder(format!("http://{}", server.address))
        .key(server.key.clone())
        .decisions_in_redis(redis.url(), namespace);
    Ok(client.build()?)
}

/// Repeats all questions until all decisions come from Redis.
pub(crate) async fn share(client: &Client, portfolio: &Portfolio, asked: &Asked) -> Result<()> {
    // A decision that is shared before the connection exists is not shared again soon. The loop
    // therefore uses questions that are not measured.
    let begin = Instant::now();
    let mut number = asked.len();
    while client.counts().redis == 0 {
        let (question, _) = question(portfolio.question(number));
        for _ in 0..2 {
            client.check(&question).await?;
            tokio::time::sleep(SHARING_POLL_INTERVAL).await;
        }
        number += 1;
        if begin.elapsed() > SHARING_TIMEOUT {
            return Err("nothing is in Redis".into());
        }
    }
    loop {
        let before = client.counts().redis;
        for (question, _) in asked.iter() {
            client.check(question).await?;
        }
        if client.counts().redis - before == u64::try_from(asked.len())? {
            return Ok(());
        }
        if begin.elapsed() > SHARING_TIMEOUT {
            return Err("the decisions are not in Redis".into());
        }
    }
}

/// Runs all callers, and measures them.
pub(crate) async fn run(client: &Client, asked: &Asked, duration: Duration) -> Result<Figures> {
    let next = Arc::new(AtomicUsize::new(0));
    let (begin, cpu) = (Instant::now(), Server::cpu()?);
    let callers: Vec<_> = (0..CALLER_COUNT)
        .map(|_| {
            let caller = ask(
                client.clone(),
                asked.clone(),
                next.clone(),
                begin + duration,
            );
            tokio::spawn(caller)
        })
        .collect();
    let mut figures = Figures::new(1)?;
    for caller in callers {
        for micros in caller.await?? {
            figures
                .latency
                .saturating_record_n(micros.into(), TIMING_INTERVAL);
        }
    }
    figures.elapsed = begin.elapsed();
    figures.cpu = Server::cpu()?.saturating_sub(cpu);
    Ok(figures)
}

/// Runs one caller. Returns the latencies of its timed calls (see [`TIMING_INTERVAL`]), in microseconds.
async fn ask(
    client: Client,
    asked: Asked,
    next: Arc<AtomicUsize>,
    end: Instant,
) -> Result<Vec<u32>> {
    let mut times = Vec::new();
    loop {
        let begin = Instant::now();
        if begin >= end {
            return Ok(times);
        }
        for call in 0..TIMING_INTERVAL {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some((question, effect)) = asked.get(number % asked.len()) else {
                return Ok(times);
            };
            let answer = client.check(question).await?;
            if call == 0 {
                times.push(u32::try_from(begin.elapsed().as_micros())?);
                if answer.is_allowed() != (*effect == Effect::Allow) {
                    return Err(format!("an answer was not {effect:?}").into());
                }
            }
        }
    }
}

/// Returns the first questions of all organizations.
pub(crate) fn questions(portfolio: &Portfolio, count: usize) -> Asked {
    (0..count)
        .map(|number| question(portfolio.question(number)))
        .collect()
}

/// Returns a question in the form of the client, and its right answer.
pub(crate) fn question(asked: portfolio::Asked) -> (Question, Effect) {
    let question = Question::new(asked.subject, asked.permission, asked.resource);
    (question, asked.effect)
}
