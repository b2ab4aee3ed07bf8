//! Repeated questions with every decision logged, alternating with the same questions without a
//! log.

use std::{path::Path, time::Duration};

use benches::{Figures, Result, Until, output, portfolio::Portfolio};
use entitlement::{DecisionLogSettings, DecisionLogTarget};

use crate::{
    checks::{HOT, ROUNDS, WARM_UP, run, workload},
    server::Server,
};

/// Measures both rates and prints them. Both servers run all the time, on the same files.
pub(crate) async fn measure(
    portfolio: &Portfolio,
    without: &Server,
    folder: &Path,
    duration: Duration,
) -> Result<()> {
    let path = folder.join("decisions.jsonl");
    let log = DecisionLogSettings {
        to: DecisionLogTarget::File(path.clone()),
        denials_only: false,
        one_in: 1,
    };
    let with = Server::start_logging(folder, None, Some(log))?;
    let hot = workload((0..HOT).map(|number| portfolio.question(number)));
    for server in [without, &with] {
        run(&hot, server, Until::Elapsed(WARM_UP)).await?;
    }
    let (mut plain, mut logged, mut rates) = (Figures::new(1)?, Figures::new(1)?, Vec::new());
    for _ in 0..ROUNDS {
        let before = run(&hot, without, Until::Elapsed(duration)).await?;
        let after = run(&hot, &with, Until::Elapsed(duration)).await?;
        rates.push(after.rate() / before.rate());
        plain.add(&before)?;
        logged.add(&after)?;
    }
    with.stop().await?;
    output::title("Hot questions with and without the decision log");
    output::head("calls");
    output::row("without", &plain);
    output::row("every decision logged", &logged);
    output::ratio("rate, of that without", &rates);
    let text = std::fs::read_to_string(&path)?;
    let dropped = text.lines().filter(|line| line.contains("dropped")).count();
    output::item("lines in the last file", text.lines().count());
    output::item("of them about what was dropped", dropped);
    Ok(())
}
