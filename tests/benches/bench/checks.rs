//! Single questions, repeated or each asked for the first time.

use std::time::Duration;

use api::entitlement::v1::{CheckRequest, CheckResponse, Effect};
use prost::{Message, bytes::Bytes};

use benches::{
    Call, Figures, Result, Until, Workload, number, output,
    portfolio::{Asked, Portfolio},
};
use tests::faults::Random;

use crate::{
    args::{Args, What},
    empty,
    server::Server,
};

/// The path of the method.
const CHECK: &str = "/mandate.entitlement.v1.AuthorizationService/Check";
/// Number of measurements of each rate, alternating with its baseline.
pub(crate) const ROUNDS: usize = 3;
/// Number of repeated questions.
pub(crate) const HOT: usize = 1_000;
/// Number of questions that are asked once.
pub(crate) const FRESH: usize = 20_000;
/// Concurrent calls on each connection.
const IN_FLIGHT: usize = 16;
/// Interval of verification: one answer in this many is compared with the right one.
const LOOK: usize = 1000;
/// Number of questions drawn from a distribution with a few very frequent ones.
const DRAWN: usize = 100_000;
/// Time to warm caches and buffers before the first round.
pub(crate) const WARM_UP: Duration = Duration::from_millis(500);

/// Measures the empty RPC and each kind of question alternately, and prints the results.
pub(crate) async fn measure(portfolio: &Portfolio, server: &Server, args: &Args) -> Result<()> {
    let (for_a_while, empty) = (Until::Elapsed(args.duration()), empty_workload(1));
    // As many calls as there are fresh questions, so that both start with new connections.
    let as_many = empty_workload(FRESH);
    let hot = workload((0..HOT).map(|number| portfolio.question(number)));
    // The warm-up also touches every organization.
    run(&hot, server, Until::Elapsed(WARM_UP)).await?;
    run(&empty, server, Until::Elapsed(WARM_UP)).await?;
    let one = workload((0..HOT).map(|number| portfolio.question_in(0, number)));
    let zipf = workload(zipf(FRESH).map(|number| portfolio.question(number)));
    let mut tallies = [
        Tally::new(What::Hot, "hot, 1,000 questions")?,
        Tally::new(What::One, "one organization")?,
        Tally::new(What::Zipf, "Zipf, 20,000 questions")?,
        Tally::new(What::Fresh, "fresh, 20,000 questions")?,
    ];
    let mut baseline = Figures::new(1)?;
    for round in 0..ROUNDS {
        let first = HOT + round * FRESH;
        let fresh = workload((first..first + FRESH).map(|number| portfolio.question(number)));
        let asked = [
            (&hot, &empty, for_a_while),
            (&one, &empty, for_a_while),
            (&zipf, &empty, for_a_while),
            (&fresh, &as_many, Until::Asked),
        ];
        for (tally, (workload, empty, until)) in tallies.iter_mut().zip(asked) {
            let is_wanted = args.wants(tally.what);
            if !(is_wanted || args.wants(What::Empty) && tally.what == What::Hot) {
                continue;
            }
            let idle = run(empty, server, until).await?;
            baseline.add(&idle)?;
            if is_wanted {
                tally.add(&run(workload, server, until).await?, &idle)?;
            }
        }
    }
    print(&baseline, &tallies);
    Ok(())
}

/// Measures questions about organizations that are not in memory yet, and prints the results.
pub(crate) async fn cold(portfolio: &Portfolio, server: &Server) -> Result<()> {
    let cold = workload((0..FRESH).map(|number| portfolio.question(number)));
    let figures = run(&cold, server, Until::Asked).await?;
    output::title("Single questions after a restart, no organization in memory");
    output::head("checks");
    output::row("cold, 20,000 questions", &figures);
    Ok(())
}

/// The rate of a kind of question, and its ratio to that of the preceding empty RPC in each round.
struct Tally {
    what: What,
    name: &'static str,
    figures: Figures,
    rates: Vec<f64>,
    costs: Vec<f64>,
}

impl Tally {
    fn new(what: What, name: &'static str) -> Result<Self> {
        Ok(Self {
            what,
            name,
            figures: Figures::new(1)?,
            rates: Vec::new(),
            costs: Vec::new(),
        })
    }

    fn add(&mut self, figures: &Figures, empty: &Figures) -> Result<()> {
        self.rates.push(figures.rate() / empty.rate());
        self.costs
            .push(figures.cpu_nanos_each() / empty.cpu_nanos_each());
        self.figures.add(figures)
    }
}

fn print(baseline: &Figures, tallies: &[Tally]) {
    output::title("Single questions, 4 connections with 16 calls in flight each");
    output::head("calls");
    output::row("empty RPC", baseline);
    let measured = || tallies.iter().filter(|tally| !tally.rates.is_empty());
    for tally in measured() {
        output::row(tally.name, &tally.figures);
    }
    for tally in measured() {
        output::ratio(&format!("{}: rate, of empty", tally.name), &tally.rates);
        output::ratio(&format!("{}: CPU, of empty", tally.name), &tally.costs);
    }
}

pub(crate) async fn run(workload: &Workload, server: &Server, until: Until) -> Result<Figures> {
    let target = if workload.path == empty::PATH {
        server.empty_target()
    } else {
        server.target()
    };
    benches::run(workload, &target?, until).await
}

/// Returns calls without any question.
pub(crate) fn empty_workload(count: usize) -> Workload {
    let call = Call {
        body: Bytes::new(),
        effects: Vec::new(),
    };
    Workload {
        path: empty::PATH,
        calls: std::iter::repeat_n(call, count).collect(),
        read: |answer| answer.is_empty().then(Vec::new),
        items: 1,
        in_flight: IN_FLIGHT,
        look: LOOK,
    }
}

/// Returns one call for each question.
pub(crate) fn workload(asked: impl Iterator<Item = Asked>) -> Workload {
    let calls = asked.map(|asked| {
        let request = CheckRequest {
            subject: asked.subject,
            permission: asked.permission.to_owned(),
            resource: asked.resource,
            consistency: None,
            read_time: None,
            context: None,
        };
        Call {
            body: request.encode_to_vec().into(),
            effects: vec![asked.effect],
        }
    });
    Workload {
        path: CHECK,
        calls: calls.collect(),
        read,
        items: 1,
        in_flight: IN_FLIGHT,
        look: LOOK,
    }
}

/// Returns numbers below `count` in a Zipf distribution: the n-th most frequent appears 1/n times
/// as often as the first.
fn zipf(count: usize) -> impl Iterator<Item = usize> {
    let mut sum = 0.0;
    let sums: Vec<f64> = (1..=count)
        .map(|rank| {
            sum += 1.0 / number(u64::try_from(rank).unwrap_or(u64::MAX));
            sum
        })
        .collect();
    let mut random = Random::new(1);
    (0..DRAWN).map(move |_| {
        let drawn = sum * number(u64::try_from(random.below(DRAWN)).unwrap_or(0))
            / number(u64::try_from(DRAWN).unwrap_or(1));
        sums.partition_point(|sum| *sum <= drawn)
    })
}

fn read(answer: &Bytes) -> Option<Vec<Effect>> {
    let decision = CheckResponse::decode(answer.clone()).ok()?.decision?;
    Some(vec![decision.effect()])
}
