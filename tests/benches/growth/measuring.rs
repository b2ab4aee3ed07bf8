//! The measurements of each size.

use std::{ops::Range, time::Duration};

use benches::{Figures, Result, Until, number, run};

use crate::{
    installation::{Installation, Server, denied, workload},
    shape::{Asked, EACH, HUGE_MEMBERS, Size},
};

/// Number of rounds of repeated questions, alternating between all sizes, and of starts of an empty
/// process.
pub(crate) const ROUNDS: usize = 3;
/// Number of repeated questions.
const HOT: usize = 1_000;
/// Number of organizations that are queried one after another.
const COLD: usize = 200;
/// Number of repetitions of the list.
const LISTS: usize = 200;
/// Time to warm caches and buffers before repeated questions are measured.
const WARM_UP: Duration = Duration::from_millis(500);
/// Memory limits that hold all facts, and a part of them, in megabytes.
const AMPLE: usize = 16_384;
const SCARCE: usize = 8;
/// A number of organizations that exceeds the smaller limit.
const TOO_MANY: usize = 100;

/// A size, served with all facts in memory.
pub(crate) struct Grown {
    pub(crate) size: Size,
    server: Server,
    /// Median time from the start of an empty process to its first answer.
    pub(crate) first: Duration,
    /// Latencies of the first question about an organization, in ascending order.
    pub(crate) cold: Vec<Duration>,
    /// Memory of all organizations that are held whole, divided by the number of their grants, and
    /// the part that remains without any grants.
    pub(crate) bytes: f64,
    pub(crate) bare: f64,
    /// Latencies of the first question about a member of the organization that is too large.
    pub(crate) cold_of_huge: Vec<Duration>,
    /// Latencies of questions about organizations that were evicted, and the memory of the process
    /// then.
    pub(crate) dropped: Vec<Duration>,
    pub(crate) bounded: f64,
    /// Latencies of the first page of a list of ten thousand resources, and of the whole list, in
    /// ascending order.
    pub(crate) first_page: Vec<Duration>,
    pub(crate) whole_list: Vec<Duration>,
    /// Figures of repeated questions, and of those about the organization that is too large.
    pub(crate) hot: Vec<Figures>,
    pub(crate) hot_of_huge: Vec<Figures>,
}

impl Grown {
    /// Measures everything except repeated questions.
    pub(crate) async fn measure(installation: &Installation) -> Result<Self> {
        let size = installation.size;
        let mut starts = vec![installation.first_answer(AMPLE).await?];
        while starts.len() < ROUNDS {
            // The last process stays.
            let started = installation.first_answer(AMPLE).await?;
            starts = starts.into_iter().chain([started]).collect();
        }
        let mut times: Vec<_> = starts.iter().map(|(_, time)| *time).collect();
        times.sort_unstable();
        let first = times.get(ROUNDS / 2).copied().unwrap_or_default();
        let (server, _) = starts.pop().ok_or("nothing was started")?;
        drop(starts);
        let before = server.daemon.resident()?;
        // The first organization is already in memory.
        let others: Vec<usize> = (1..size.organizations()).collect();
        let cold = each(&server, size, spread(&others)).await?;
        let rest = workload(others.iter().map(|number| size.question(*number)));
        run(&rest, &server.target, Until::Asked).await?;
        let bytes = (server.daemon.resident()? - before) / grants(others.len())?;
        let cold_of_huge = if size.has_huge() {
            let members = (0..COLD).map(|number| Asked::of_huge(number * (HUGE_MEMBERS / COLD)));
            one_by_one(&server, members).await?
        } else {
            Vec::new()
        };
        let (first_page, whole_list) = lists(&server).await?;
        let (dropped, bounded) = scarce(installation).await?;
        Ok(Self {
            size,
            server,
            first,
            cold,
            bytes,
            bare: 0.0,
            cold_of_huge,
            dropped,
            bounded,
            first_page,
            whole_list,
            hot: Vec::new(),
            hot_of_huge: Vec::new(),
        })
    }

    /// Deletes the grants and measures the remaining memory.
    pub(crate) async fn measure_bare(&mut self, installation: &Installation) -> Result<()> {
        installation.take_grants().await?;
        let server = installation.serve(AMPLE).await?;
        let ask = async |numbers: Range<usize>| {
            let asked = denied(numbers.map(|number| self.size.question(number)));
            run(&asked, &server.target, Until::Asked).await
        };
        ask(0..1).await?;
        let (before, all) = (server.daemon.resident()?, self.size.organizations());
        ask(1..all).await?;
        self.bare = (server.daemon.resident()? - before) / grants(all - 1)?;
        Ok(())
    }

    /// Measures a round of repeated questions.
    pub(crate) async fn measure_hot(&mut self, duration: Duration) -> Result<()> {
        let asked = (0..HOT).map(|number| self.size.question(number));
        self.hot.push(hot(&self.server, asked, duration).await?);
        if self.size.has_huge() {
            let asked = (0..HOT).map(Asked::of_huge);
            let figures = hot(&self.server, asked, duration).await?;
            self.hot_of_huge.push(figures);
        }
        Ok(())
    }
}

fn grants(organizations: usize) -> Result<f64> {
    Ok(number(u64::try_from(organizations * EACH)?))
}

async fn hot(
    server: &Server,
    asked: impl Iterator<Item = Asked>,
    duration: Duration,
) -> Result<Figures> {
    let hot = workload(asked);
    run(&hot, &server.target, Until::Elapsed(WARM_UP)).await?;
    run(&hot, &server.target, Until::Elapsed(duration)).await
}

/// Repeats the list. Returns the latencies of the first pages and of the whole lists.
async fn lists(server: &Server) -> Result<(Vec<Duration>, Vec<Duration>)> {
    let connection = server.target.connect().await?;
    let (mut first, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..LISTS {
        let pages = server.list(&connection).await?;
        first.extend(pages.first());
        whole.push(pages.iter().sum());
    }
    first.sort_unstable();
    whole.sort_unstable();
    Ok((first, whole))
}

/// Asks twice about more organizations than fit into memory. In the second pass, each was evicted
/// before.
async fn scarce(installation: &Installation) -> Result<(Vec<Duration>, f64)> {
    let server = installation.serve(SCARCE).await?;
    let all: Vec<usize> = (0..installation.size.organizations()).collect();
    if all.len() < TOO_MANY {
        return Ok((Vec::new(), 0.0));
    }
    each(&server, installation.size, spread(&all)).await?;
    let dropped = each(&server, installation.size, spread(&all)).await?;
    Ok((dropped, server.daemon.resident()?))
}

/// Returns at most [`COLD`] numbers, spread over the whole range.
fn spread(numbers: &[usize]) -> impl Iterator<Item = usize> {
    let step = (numbers.len() / COLD).max(1);
    numbers.iter().copied().step_by(step).take(COLD)
}

async fn each(
    server: &Server,
    size: Size,
    numbers: impl Iterator<Item = usize>,
) -> Result<Vec<Duration>> {
    one_by_one(server, numbers.map(|number| size.question(number))).await
}

/// Asks questions one after the other. Returns their latencies in ascending order.
async fn one_by_one(server: &Server, asked: impl Iterator<Item = Asked>) -> Result<Vec<Duration>> {
    let connection = server.target.connect().await?;
    let mut times = Vec::new();
    for asked in asked {
        times.push(server.ask(&connection, asked).await?);
    }
    times.sort_unstable();
    Ok(times)
}
