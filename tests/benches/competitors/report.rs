//! The printed and drawn results of the comparison.

use std::time::Duration;

use benches::{
    Figures, Result, Spread,
    chart::{Bar, Panel, svg},
    output,
};

use crate::{
    contest::{Contest, Subject},
    revoking::Times,
    workloads::Results,
};

/// Prints each system's results of the latest workload, and Mandate's ratios to each.
pub(crate) fn latest(results: &Results) -> Result<()> {
    let Some((subject, contests)) = results.last() else {
        return Ok(());
    };
    output::title(subject.title);
    output::head(subject.unit);
    if let Some(own) = together(contests)? {
        output::row("Mandate", &own);
    }
    for contest in contests {
        output::row(contest.peer, &contest.other);
    }
    for contest in contests {
        ratios(subject, contest);
    }
    Ok(())
}

/// Prints the number of answers that were compared with the right ones.
pub(crate) fn wrong_answers(results: &Results) {
    let contests = results.iter().flat_map(|(_, contests)| contests);
    let compared: u64 = contests
        .map(|contest| contest.own.compared + contest.other.compared)
        .sum();
    // The first wrong answer would have ended the comparison.
    output::title(format!("wrong answers: 0 of {compared} compared"));
}

/// Adds all figures of Mandate for a workload, from the comparisons with all competitors.
fn together(contests: &[Contest]) -> Result<Option<Figures>> {
    let mut all: Option<Figures> = None;
    for contest in contests {
        let all = match &mut all {
            Some(all) => all,
            none => none.insert(Figures::new(contest.own.items)?),
        };
        all.add(&contest.own)?;
    }
    Ok(all)
}

fn ratios(subject: &Subject, contest: &Contest) {
    let print = |what: &str, ratios: &[f64], bar: Option<(&str, f64)>| {
        let Some(spread) = Spread::of(ratios) else {
            return;
        };
        let bar = bar.map_or_else(String::new, |(most, bar)| {
            let met = if most == "at most" {
                spread.median <= bar
            } else {
                spread.median >= bar
            };
            let met = if met { "met" } else { "missed" };
            format!("   bar: {most} {bar}, {met}")
        });
        output::item(
            &format!("Mandate ÷ {}: {what}", contest.peer),
            format!("{spread}{bar}"),
        );
    };
    print(
        "rate",
        &contest.rates,
        subject.rate.map(|bar| ("at least", bar)),
    );
    print(
        "p99",
        &contest.tails,
        subject.tail.map(|bar| ("at most", bar)),
    );
}

/// Prints the time that each system took to load the facts.
pub(crate) fn loads(times: &[(&'static str, Duration)]) {
    output::title("Loading the facts, once");
    for (name, time) in times {
        output::item(name, output::time(*time));
    }
    let [(_, own), peers @ ..] = times else {
        return;
    };
    // Cerbos stores no facts and so loads none.
    let fastest = peers
        .iter()
        .filter(|(name, _)| *name != "Cerbos")
        .map(|(_, time)| time)
        .min();
    if let Some(fastest) = fastest {
        let ratio = own.as_secs_f64() / fastest.as_secs_f64();
        let met = if ratio <= 1.0 { "met" } else { "missed" };
        output::item(
            "Mandate ÷ the fastest: time",
            format!("{ratio:.2}   bar: at most 1, {met}"),
        );
    }
}

/// Prints the time for which a repeated allow outlived its revocation.
pub(crate) fn revocations(times: &[Times]) {
    output::title("From the return of a revocation to the first denial that stays");
    for (name, own) in times {
        let (median, longest) = (own.get(own.len() / 2), own.last());
        if let (Some(median), Some(longest)) = (median, longest) {
            let (p50, max) = (output::time(*median), output::time(*longest));
            output::item(name, format!("p50 {p50}, max {max}, of {}", own.len()));
        }
    }
}

/// Draws the rates and the revocation times.
pub(crate) fn draw(results: &Results, times: &[Times]) -> Result<String> {
    let mut panels = Vec::new();
    for (subject, contests) in results {
        let mut bars = Vec::new();
        let own = together(contests)?;
        let peers = contests
            .iter()
            .map(|contest| (contest.peer, &contest.other));
        let all = own.iter().map(|own| ("Mandate", own)).chain(peers);
        for (name, figures) in all {
            let rate = figures.rate();
            bars.push(bar(name, rate, output::grouped(rate)));
        }
        let what = subject.title.split([':', ',']).next().unwrap_or_default();
        panels.push(Panel {
            title: format!("{what}: {} a second", subject.unit),
            bars,
        });
    }
    let longest = times.iter().filter_map(|(name, own)| {
        let longest = own.last()?;
        let millis = longest.as_secs_f64() * 1000.0;
        // Below the time of a round trip, differences mean nothing.
        Some(bar(name, millis.max(0.1), output::time(*longest)))
    });
    panels.push(Panel {
        title: "Revocation to denial, the longest: milliseconds".to_owned(),
        bars: longest.collect(),
    });
    let note = "The same facts, questions and load generator; server, database and generator on \
                one machine";
    Ok(svg("Mandate and its peers", note, &panels))
}

fn bar(name: &str, value: f64, text: String) -> Bar {
    Bar {
        label: name.to_owned(),
        value,
        text,
        own: name == "Mandate",
    }
}
