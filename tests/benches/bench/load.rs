//! Applying the large document: reading it, comparing it with the server, and writing.

use std::time::{Duration, Instant};

use mandate_documents::{
    apply::{self, ApplyError, Options, Plan, Progress},
    clients::Clients,
    document::parse_str,
};

use benches::{Result, number, output, portfolio::Portfolio};

use crate::server::Server;

/// The times of the phases of an apply.
#[derive(Debug)]
struct Times {
    begin: Instant,
    planned: Option<Duration>,
}

impl Progress for Times {
    fn planned(&mut self, _: &Plan) {
        self.planned.get_or_insert(self.begin.elapsed());
    }

    fn done(&mut self, _: usize, _: usize) {}
}

/// Applies the large document twice, over TCP as the command does. Prints the times if `print`; the
/// other benchmarks need the facts in any case.
pub(crate) async fn measure(portfolio: &Portfolio, server: &Server, print: bool) -> Result<()> {
    let channel = rpc::over_tcp(&format!("http://{}", server.address), None)?;
    let clients = Clients::new(channel.clone(), channel.clone(), channel, &server.key);
    let text = portfolio.document();
    let begin = Instant::now();
    let document = parse_str("large.yaml", &text)?;
    let parsed = begin.elapsed();
    drop(text);
    let documents = [document];
    if print {
        let facts = output::grouped(number(u64::try_from(portfolio.facts())?));
        output::title(format!("A document of {facts} facts"));
        output::item("read", output::time(parsed));
    }
    for again in [false, true] {
        if again && !print {
            break;
        }
        let mut times = Times {
            begin: Instant::now(),
            planned: None,
        };
        let applied = apply::apply(&documents, &clients, Options::default(), &mut times);
        let summary = Box::pin(applied).await.map_err(first_problem)?;
        if print {
            describe(again, &times, summary.elapsed, parsed);
        }
        let written = summary.counts.created + summary.counts.changed;
        let expected = if again { 0 } else { portfolio.facts() };
        if written != expected {
            return Err(format!("{written} facts were written instead of {expected}").into());
        }
    }
    Ok(())
}

fn describe(again: bool, times: &Times, applied: Duration, parsed: Duration) {
    let planned = times.planned.unwrap_or(applied);
    let name = if again {
        "again: compared"
    } else {
        "compared with nothing"
    };
    output::item(name, output::time(planned));
    if again {
        output::item("again: all", output::time(parsed + applied));
    } else {
        output::item("written", output::time(applied.saturating_sub(planned)));
        output::item("all (bar: 5 s)", output::time(parsed + applied));
    }
}

/// Returns the first problem of an error, because its message may only count the problems.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature that `map_err` requires"
)]
fn first_problem(error: ApplyError) -> String {
    let first = match &error {
        ApplyError::Invalid(problems) => problems.first().map(ToString::to_string),
        ApplyError::Call(call) => Some(call.describe()),
        _ => None,
    };
    first.unwrap_or_else(|| error.to_string())
}
