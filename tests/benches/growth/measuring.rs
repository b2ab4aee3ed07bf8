//! What is measured of each size.

use std::{ops::Range, time::Duration};

use benches::{Figures, Result, Until, number, run};

use crate::{
    installation::{Installation, Server, denied, workload},
    shape::{Asked, EACH, HUGE_MEMBERS, Size},
};

/// Rounds of the hot questions, all sizes in turns; starts of an empty process.
pub(crate) const ROUNDS: usize = 3;
/// Questions that are asked again and again.
const HOT: usize = 1_000;
/// Organizations that are asked about one after another.
const COLD: usize = 200;
/// How often the same is listed.
const LISTS: usize = 200;
/// How long caches and buffers are warmed before hot questions are measured.
const WARM_UP: Duration = Duration::from_millis(500);
/// Memory for everything, and for a part, in megabytes.
const AMPLE: usize = 16_384;
const SCARCE: usize = 8;
/// So many organizations do not fit into the latter.
const TOO_MANY: usize = 100;

/// A size, served with everything in memory.
pub(crate) struct Grown {
    pub(crate) size: Size,
    server: Server,
    /// From the start of an empty process to its first answer; the median.
    pub(crate) first: Duration,
    /// The first question about an organization, in ascending order.
    pub(crate) cold: Vec<Duration>,
    /// Memory for all organizations held whole, divided by their grants, and how much of it there
    /// is without any grants.
    pub(crate) bytes: f64,
    pub(crate) bare: f64,
    /// The first question about a member of the organization that is too large.
    pub(crate) cold_of_huge: Vec<Duration>,
    /// Questions about organizations that were dropped from memory, and the memory that the
    /// process then held.
    pub(crate) dropped: Vec<Duration>,
    pub(crate) bounded: f64,
    /// The first page of a list of ten thousand resources, and the whole list, in ascending order.
    pub(crate) first_page: Vec<Duration>,
    pub(crate) whole_list: Vec<Duration>,
    /// Hot questions, and those about the organization that is too large.
    pub(crate) hot: Vec<Figures>,
    pub(crate) hot_of_huge: Vec<Figures>,
}

impl Grown {
    /// Measures all but the hot questions.
    pub(crate) async fn measure(installation: &Installation) -> Result<Self> {
        let size = installation.size;
        let mut starts = vec![installation.first_answer(AMPLE).await?];
        while starts.len() < ROUNDS {
            // The last one stays.
            let started = installation.first_answer(AMPLE).await?;
            starts = starts.into_iter().chain([started]).collect();
        }
        let mut times: Vec<_> = starts.iter().map(|(_, time)| *time).collect();
        times.sort_unstable();
        let first = times.get(ROUNDS / 2).copied().unwrap_or_default();
        let (server, _) = starts.pop().ok_or("nothing was started")?;
        drop(starts);
        let before = server.daemon.resident()?;
        // The first organization is in memory already.
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

    /// Takes the grants away and measures the memory that is left.
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

    /// Measures a round of hot questions, for so long.
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

/// Lists again and again: the times of the first pages, and of the whole lists.
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

/// Asks about more organizations than fit, twice: the second time, each was dropped before.
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

/// At most so many as are asked about one by one, from the whole range.
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

/// Asks one after the other, and returns how long each answer took, in ascending order.
async fn one_by_one(server: &Server, asked: impl Iterator<Item = Asked>) -> Result<Vec<Duration>> {
    let connection = server.target.connect().await?;
    let mut times = Vec::new();
    for asked in asked {
        times.push(server.ask(&connection, asked).await?);
    }
    times.sort_unstable();
    Ok(times)
}
