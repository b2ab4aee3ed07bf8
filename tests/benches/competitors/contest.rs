//! One workload on Mandate and on a competitor, alternately.

use benches::{Figures, Result, Until, Workload, run};

use crate::system::System;

/// A compared property, and its targets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    /// The title in tables.
    pub(crate) title: &'static str,
    /// The counted unit.
    pub(crate) unit: &'static str,
    /// Minimum ratio of Mandate's rate to the competitor's.
    pub(crate) rate: Option<f64>,
    /// Maximum ratio of Mandate's p99 latency to the competitor's.
    pub(crate) tail: Option<f64>,
}

/// The result of a comparison.
#[derive(Debug)]
pub(crate) struct Contest {
    /// The competitor.
    pub(crate) peer: &'static str,
    /// The figures of all rounds, of Mandate and of the competitor.
    pub(crate) own: Figures,
    pub(crate) other: Figures,
    /// The ratios of Mandate's figures to the competitor's, for each round.
    pub(crate) rates: Vec<f64>,
    pub(crate) tails: Vec<f64>,
}

impl Contest {
    /// Runs a workload on both systems alternately. `workload` returns the workload of a round.
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
        // Each call once, so that all caches have seen all calls.
        let warm = run(&workload, &target, Until::Asked).await;
        warm.map_err(failed)?;
    }
    Ok(run(&workload, &target, until).await.map_err(failed)?)
}
