//! The questions that are put to every system.

use tests::measure::{Result, Until, portfolio::Portfolio};

use crate::{
    args::Args,
    contest::{Contest, Subject},
    running::Running,
    system::{batches, singles},
};

/// Questions that are asked again and again.
const HOT: usize = 1_000;
/// Questions that are asked once.
const FRESH: usize = 20_000;

const OF_HOT: Subject = Subject {
    title: "Hot: 1,000 questions again and again, one a call",
    unit: "checks",
    rate: Some(5.0),
    tail: Some(0.2),
};
const OF_FRESH: Subject = Subject {
    title: "Fresh: 20,000 questions, none asked before, one a call",
    unit: "checks",
    rate: Some(20.0),
    tail: None,
};
const OF_FIFTY: Subject = Subject {
    title: "Batches of 50: one user, 50 resources, a call for each of 100 organizations in turn",
    unit: "decisions",
    rate: Some(30.0),
    tail: None,
};
const OF_HUNDRED: Subject = Subject {
    title: "Batches of 100: one user, 100 resources, a call for each of 100 organizations in turn",
    ..OF_FIFTY
};

/// What came of each workload.
pub(crate) type Results = Vec<(Subject, Vec<Contest>)>;

/// Holds all contests.
pub(crate) async fn hold(portfolio: &Portfolio, running: &Running, args: &Args) -> Result<Results> {
    let for_a_while = Until::Elapsed(args.duration());
    let mut results = vec![(OF_HOT, Vec::new())];
    let put = |results: &mut Results, contest| {
        if let Some((_, contests)) = results.last_mut() {
            contests.push(contest);
        }
    };
    for pair in running.pairs() {
        let contest = Contest::hold(pair, args.rounds, |system, _| {
            let asked = (0..HOT).map(|number| portfolio.question(number));
            (singles(system, asked), for_a_while)
        });
        put(&mut results, contest.await?);
    }
    results.push((OF_FRESH, Vec::new()));
    // No question twice, whoever Mandate is compared with.
    let mut begin = HOT;
    for pair in running.pairs() {
        let contest = Contest::hold(pair, args.rounds, |system, round| {
            let first = begin + round as usize * FRESH;
            let asked = (first..first + FRESH).map(|number| portfolio.question(number));
            (singles(system, asked), Until::Asked)
        });
        put(&mut results, contest.await?);
        begin += args.rounds as usize * FRESH;
    }
    for (subject, size) in [(OF_FIFTY, 50), (OF_HUNDRED, 100)] {
        results.push((subject, Vec::new()));
        let lists: Vec<_> = (0..portfolio.organizations)
            .map(|organization| portfolio.list(organization, size as usize))
            .collect();
        for pair in running.pairs() {
            let contest = Contest::hold(pair, args.rounds, |system, _| {
                (batches(system, &lists, size), for_a_while)
            });
            put(&mut results, contest.await?);
        }
    }
    Ok(results)
}
