//! Time from the return of a revocation until all replicas deny: three replicas as processes on
//! PostgreSQL and Redis, under load, and a reader of Redis.

use std::{
    env,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use api::{
    common::v1::{Consistency, consistency::Requirement},
    entitlement::v1::Effect,
};
use benches::{Result, histogram, output};
use tests::faults::{Fleet, Paused, REPLICAS, Random, RedisServer, USERS};
use tokio::task::JoinSet;

/// Rate of questions per second and replica.
const RATE: u32 = 2000;
/// Number of tasks that query a replica.
const ASKERS: u32 = 8;
/// Time without an allow after which a denial counts as final.
const QUIET: Duration = Duration::from_millis(60);
/// Maximum wait for a final denial.
const PATIENCE: Duration = Duration::from_secs(5);

/// The state of Redis during the measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Redis {
    Running,
    Emptied,
    Paused,
    Killed,
}

/// Measures the times and prints the results.
pub(crate) async fn measure() -> Result<()> {
    // Separate threads, so that the measurement does not include waiting for the load generator.
    let measured = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        runtime.block_on(measure_here())
    });
    let measured = tokio::task::spawn_blocking(move || measured.join()).await?;
    measured.map_err(|_| "the measurement failed")?
}

async fn measure_here() -> Result<()> {
    output::title("From a revocation to the deny, three replicas");
    let Some(program) = program()? else {
        output::item("left out", "first `cargo build --release -p mandate`");
        return Ok(());
    };
    let fleet = Arc::new(Fleet::start_direct(&program).await);
    let mut load = JoinSet::new();
    for replica in 0..REPLICAS {
        for number in 0..ASKERS {
            load.spawn(hot(fleet.clone(), replica, number));
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    output::line(format!(
        "  {:<34} {:>6} {:>9} {:>9} {:>9} {:>12}",
        "ms from the return", "count", "p50", "p99", "max", "with token"
    ));
    for (redis, count) in [
        (Redis::Running, 400),
        (Redis::Emptied, 100),
        (Redis::Paused, 100),
        (Redis::Killed, 100),
    ] {
        phase(&fleet, redis, count).await?;
    }
    load.shutdown().await;
    Ok(())
}

fn program() -> Result<Option<PathBuf>> {
    let own = env::current_exe()?;
    let programs = ["mandate", "mandate-under-test"].map(|name| own.with_file_name(name));
    Ok(programs.into_iter().find(|program| program.exists()))
}

/// Queries a replica about all users, at its share of the rate.
async fn hot(fleet: Arc<Fleet>, replica: usize, number: u32) {
    let mut client = fleet.authorization(replica);
    let mut random = Random::new(u64::from(number));
    let mut tick = tokio::time::interval(Duration::from_secs(1) * ASKERS / RATE);
    loop {
        tick.tick().await;
        // The next tick repeats a refused question.
        let _ = client.check(Fleet::question(random.below(USERS))).await;
    }
}

async fn phase(fleet: &Arc<Fleet>, redis: Redis, count: usize) -> Result<()> {
    let mut held: Option<Paused> = None;
    match redis {
        Redis::Paused => held = Some(fleet.with_redis(RedisServer::pause)),
        Redis::Killed => fleet.with_redis(RedisServer::kill),
        Redis::Running | Redis::Emptied => {}
    }
    let mut random = Random::new(7);
    let mut all = [histogram()?, histogram()?, histogram()?, histogram()?];
    let mut allowed = 0;
    for number in 0..count {
        let (ages, with_token) = once(fleet, number % USERS, redis, &mut random).await?;
        allowed += with_token;
        for (one, age) in all.iter_mut().zip(ages) {
            // The histogram cannot record zero.
            one.record(u64::try_from(age.as_micros())?.max(1))?;
        }
    }
    drop(held);
    for (place, one) in all.iter().enumerate() {
        let who = if place == REPLICAS {
            "read from Redis".to_owned()
        } else {
            format!("replica {place}")
        };
        let millis = |micros: u64| Duration::from_micros(micros).as_secs_f64() * 1000.0;
        output::line(format!(
            "  {:<34} {:>6} {:>9.2} {:>9.2} {:>9.2} {:>12}",
            format!("Redis {redis:?}: {who}").to_lowercase(),
            one.len(),
            millis(one.value_at_quantile(0.5)),
            millis(one.value_at_quantile(0.99)),
            millis(one.max()),
            format!("{allowed} allows"),
        ));
    }
    Ok(())
}

/// Grants a user access, waits until all replicas see it, and revokes it. Returns the time until
/// the final denial of each replica and of Redis, and the number of allows in spite of the token.
async fn once(
    fleet: &Arc<Fleet>,
    user: usize,
    redis: Redis,
    random: &mut Random,
) -> Result<([Duration; REPLICAS + 1], usize)> {
    let id = fleet.give(user).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut watchers = JoinSet::new();
    for place in 0..=REPLICAS {
        watchers.spawn(watch(fleet.clone(), place, user, stop.clone()));
    }
    // All replicas see the grant for a while.
    tokio::time::sleep(random.millis(30, 60)).await;
    if redis == Redis::Emptied {
        fleet.with_redis(|server| server.ask("FLUSHALL", "+OK"));
        tokio::time::sleep(random.millis(0, 10)).await;
    }
    let mut grants = fleet.clients(0).grants();
    let revoked = grants.revoke_grant(Fleet::taking(&id)).await?.into_inner();
    let returned = Instant::now();
    let mut allowed = 0;
    for replica in 0..REPLICAS {
        let mut question = Fleet::question(user);
        question.consistency = Some(Consistency {
            requirement: Some(Requirement::AtLeastAsFresh(
                revoked.consistency_token.clone(),
            )),
        });
        let answer = fleet.authorization(replica).check(question).await?;
        let decision = answer.into_inner().decision.ok_or("no decision")?;
        allowed += usize::from(decision.effect() == Effect::Allow);
    }
    tokio::time::sleep(QUIET).await;
    stop.store(true, Ordering::Relaxed);
    let mut ages = [Duration::ZERO; REPLICAS + 1];
    while let Some(watched) = watchers.join_next().await {
        let (place, denied) = watched??;
        if let Some(age) = ages.get_mut(place) {
            *age = denied.saturating_duration_since(returned);
        }
    }
    Ok((ages, allowed))
}

/// Asks every millisecond until stopped and finally denied. Returns the time at which the first
/// finally denied question began.
async fn watch(
    fleet: Arc<Fleet>,
    place: usize,
    user: usize,
    stop: Arc<AtomicBool>,
) -> Result<(usize, Instant)> {
    let (question, begun) = (Fleet::question(user), Instant::now());
    let reader = fleet.reader();
    let mut client = fleet.authorization(place % REPLICAS);
    let mut denied: Option<Instant> = None;
    loop {
        let begin = Instant::now();
        let allow = if place == REPLICAS {
            // A reader asks a replica about decisions that it may not serve; replicas are measured
            // separately.
            let read = reader.decide(&question).await;
            read.is_some_and(|read| read.effect() == Effect::Allow)
        } else {
            let answer = client.check(question.clone()).await?.into_inner();
            answer.decision.ok_or("no decision")?.effect() == Effect::Allow
        };
        if allow {
            denied = None;
        } else {
            denied.get_or_insert(begin);
        }
        let quiet = denied.filter(|since| begin.duration_since(*since) > QUIET / 2);
        if let (true, Some(since)) = (stop.load(Ordering::Relaxed), quiet) {
            return Ok((place, since));
        }
        // Without the pause, the watchers would take the CPU time that is measured.
        tokio::time::sleep(Duration::from_millis(1)).await;
        if begun.elapsed() > PATIENCE {
            return Err(format!("replica {place} still allows").into());
        }
    }
}
