//! The questions to every system.

use benches::{Result, Until, portfolio::Portfolio};

use crate::{
    args::Args,
    contest::{Contest, Subject},
    report,
    running::Running,
    system::{batches, singles},
};

/// Number of repeated questions.
const HOT: usize = 1_000;
/// Number of questions that are asked once.
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

/// The results of each workload.
pub(crate) type Results = Vec<(Subject, Vec<Contest>)>;

/// Runs all comparisons, and prints the results of each workload when it ends.
pub(crate) async fn hold(portfolio: &Portfolio, running: &Running, args: &Args) -> Result<Results> {
    let mut results = Vec::new();
    results.push((OF_HOT, hot(portfolio, running, args).await?));
    report::latest(&results)?;
    results.push((OF_FRESH, fresh(portfolio, running, args).await?));
    report::latest(&results)?;
    for (subject, size) in [(OF_FIFTY, 50), (OF_HUNDRED, 100)] {
        results.push((subject, lists(portfolio, running, args, size).await?));
        report::latest(&results)?;
    }
    Ok(results)
}

async fn hot(portfolio: &Portfolio, running: &Running, args: &Args) -> Result<Vec<Contest>> {
    let mut contests = Vec::new();
    for pair in running.pairs() {
        let contest = Contest::hold(pair, args.rounds, |system, _| {
            let asked = (0..HOT).map(|number| portfolio.question(number));
            (singles(system, asked), Until::Elapsed(args.duration()))
        });
        contests.push(contest.await?);
    }
    Ok(contests)
}

async fn fresh(portfolio: &Portfolio, running: &Running, args: &Args) -> Result<Vec<Contest>> {
    let mut contests = Vec::new();
    // No question is asked twice, whichever competitor is compared.
    let mut begin = HOT;
    for pair in running.pairs() {
        let contest = Contest::hold(pair, args.rounds, |system, round| {
            let first = begin + round as usize * FRESH;
            let asked = (first..first + FRESH).map(|number| portfolio.question(number));
            (singles(system, asked), Until::Asked)
        });
        contests.push(contest.await?);
        begin += args.rounds as usize * FRESH;
    }
    Ok(contests)
}

async fn lists(
    portfolio: &Portfolio,
    running: &Running,
    args: &Args,
    size: u32,
) -> Result<Vec<Contest>> {
    let lists: Vec<_> = (0..portfolio.organizations)
        .map(|organization| portfolio.list(organization, size as usize))
        .collect();
    let mut contests = Vec::new();
    for pair in running.pairs() {
        let contest = Contest::hold(pair, args.rounds, |system, _| {
            let until = Until::Elapsed(args.duration());
            (batches(system, &lists, size), until)
        });
        contests.push(contest.await?);
    }
    Ok(contests)
}
