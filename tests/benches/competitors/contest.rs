//! A workload, put to Mandate and to one peer in turns.

use benches::{Figures, Result, Until, Workload, run};

use crate::system::System;

/// What is compared, and what is demanded of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    /// As tables call it.
    pub(crate) title: &'static str,
    /// What is counted.
    pub(crate) unit: &'static str,
    /// The least that Mandate's rate may be of a peer's.
    pub(crate) rate: Option<f64>,
    /// The most that Mandate's p99 may be of a peer's.
    pub(crate) tail: Option<f64>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Contest {
    /// Who Mandate was compared with.
    pub(crate) peer: &'static str,
    /// All rounds of Mandate, and of the peer.
    pub(crate) own: Figures,
    pub(crate) other: Figures,
    /// Mandate's figures divided by the peer's, for each round.
    pub(crate) rates: Vec<f64>,
    pub(crate) tails: Vec<f64>,
}

impl Contest {
    /// Puts a workload to both in turns; `workload` makes that of a round.
    pub(crate) async fn hold(
        [own, peer]: [&dyn System; 2],
        rounds: u32,
        workload: impl Fn(&dyn System, u32) -> (Workload, Until),
    ) -> Result<Self> {
        let items = workload(own, 0).0.items;
        let mut contest = Self {
            peer: peer.name(),
            own: Figures::new(items)?,
            other: Figures::new(items)?,
            rates: Vec::new(),
            tails: Vec::new(),
        };
        for round in 0..rounds {
            let ours = measure(own, workload(own, round)).await?;
            let theirs = measure(peer, workload(peer, round)).await?;
            contest.rates.push(ours.rate() / theirs.rate());
            contest.tails.push(ours.micros(0.99) / theirs.micros(0.99));
            contest.own.add(&ours)?;
            contest.other.add(&theirs)?;
        }
        Ok(contest)
    }
}

async fn measure(system: &dyn System, workload: (Workload, Until)) -> Result<Figures> {
    let (workload, until) = workload;
    let target = system.target()?;
    let failed = |error| format!("{}: {error}", system.name());
    if matches!(until, Until::Elapsed(_)) {
        // Every call once, so that whatever caches there are have seen all of them.
        let warm = run(&workload, &target, Until::Asked).await;
        warm.map_err(failed)?;
    }
    Ok(run(&workload, &target, until).await.map_err(failed)?)
}
