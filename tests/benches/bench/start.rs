//! The start of the process: the time to its first answer, and its memory.

use std::{path::Path, time::Duration};

use mandate_server::Secrets;

use benches::{
    Result, number, output,
    portfolio::{Asked, Portfolio},
};

use crate::process::Process;

/// Number of starts of the process.
const START_COUNT: usize = 3;
/// Time for which a process is idle before its memory is read.
const IDLE_TIME: Duration = Duration::from_secs(2);

/// Measures the process on an empty folder and on one with all facts, and prints the results.
pub(crate) async fn measure(portfolio: &Portfolio, folder: &Path) -> Result<()> {
    output::title("The process `mandate serve all`");
    let Some(program) = Process::program()? else {
        output::item("left out", "first `cargo build --release -p mandate`");
        return Ok(());
    };
    let idle = idle(&program).await?;
    output::item("memory, idle without facts", mebibytes(idle));
    let secrets = Secrets::read_or_make(folder).map_err(|failure| failure.to_string())?;
    let questions = one_each(portfolio);
    let first = questions.first().ok_or("no question")?;
    let mut times = Vec::new();
    let mut process = Process::start(&program, folder, &secrets.root)?;
    for _ in 1..START_COUNT {
        times.push(process.first_answer(first).await?);
        drop(process);
        process = Process::start(&program, folder, &secrets.root)?;
    }
    times.push(process.first_answer(first).await?);
    times.sort_unstable();
    let median = times.get(START_COUNT / 2).copied().unwrap_or_default();
    output::item(
        "first right answer on all facts (bar: 1 s)",
        output::time(median),
    );
    tokio::time::sleep(IDLE_TIME).await;
    let before = process.resident_kib()?;
    output::item("memory, after the first answer", mebibytes(before));
    for asked in &questions {
        process.ask(asked).await?;
    }
    let full = process.resident_kib()?;
    output::item("memory, with all facts in it", mebibytes(full));
    let facts = number(u64::try_from(portfolio.facts())?);
    let bytes = f64::from(full.saturating_sub(before)) * 1024.0 / facts;
    output::item(
        "bytes a fact, with what reading them left",
        output::grouped(bytes),
    );
    Ok(())
}

/// Returns the idle memory of a process without facts, in KiB.
async fn idle(program: &Path) -> Result<u32> {
    let folder = tempfile::tempdir()?;
    let secrets = Secrets::read_or_make(folder.path()).map_err(|failure| failure.to_string())?;
    let process = Process::start(program, folder.path(), &secrets.root)?;
    tokio::time::sleep(IDLE_TIME).await;
    process.resident_kib()
}

/// Returns one question about each organization.
fn one_each(portfolio: &Portfolio) -> Vec<Asked> {
    (0..portfolio.organizations)
        .map(|organization| portfolio.question_in(organization, 1))
        .collect()
}

fn mebibytes(kib: u32) -> String {
    format!("{:.1} MiB", f64::from(kib) / 1024.0)
}
