//! The printed and drawn results of the growth benchmark.

use std::time::Duration;

use benches::{
    Figures, Result, Spread,
    chart::{Bar, Panel, svg},
    number, output,
};

use crate::measuring::Grown;

/// Prints the results of each size, and the ratios to the smallest.
pub(crate) fn print(grown: &[Grown]) -> Result<()> {
    output::title("Hot: 1,000 questions again and again, 4 connections with 16 calls in flight");
    output::head("checks");
    for one in grown {
        output::row(&name(one), &together(&one.hot)?);
        if !one.hot_of_huge.is_empty() {
            output::row("  too large to hold", &together(&one.hot_of_huge)?);
        }
    }
    let Some(smallest) = grown.first() else {
        return Ok(());
    };
    for one in grown.iter().skip(1) {
        let costs: Vec<f64> = smallest
            .hot
            .iter()
            .zip(&one.hot)
            .map(|(small, large)| small.rate() / large.rate())
            .collect();
        if let Some(spread) = Spread::of(&costs) {
            let bar = verdict(spread.median <= 1.2);
            let what = format!("{}: times the smallest", name(one));
            output::item(&what, format!("{spread}   bar: at most 1.2, {bar}"));
        }
    }
    output::title("Cold: the first question about an organization of 1,000 grants, one by one");
    let small = at(&smallest.cold, 50);
    for one in grown {
        let ratio = at(&one.cold, 50).as_secs_f64() / small.as_secs_f64();
        let bar = verdict(ratio <= 2.0);
        let (p50, p99) = (
            output::time(at(&one.cold, 50)),
            output::time(at(&one.cold, 99)),
        );
        let text = format!("p50 {p50}, p99 {p99}, {ratio:.2} times; bar: at most 2, {bar}");
        output::item(&name(one), text);
        if !one.cold_of_huge.is_empty() {
            let times = &one.cold_of_huge;
            let (p50, p99) = (output::time(at(times, 50)), output::time(at(times, 99)));
            output::item(
                "  a member of one too large",
                format!("p50 {p50}, p99 {p99}"),
            );
        }
    }
    lists(grown);
    memory(grown);
    Ok(())
}

fn lists(grown: &[Grown]) {
    output::title("List of 10,000 resources, in pages of 1,000");
    for one in grown {
        let bar = verdict(at(&one.first_page, 99) <= Duration::from_millis(20));
        let [p50, p99] = [50, 99].map(|percent| output::time(at(&one.first_page, percent)));
        let whole = output::time(at(&one.whole_list, 50));
        let text =
            format!("first page p50 {p50}, p99 {p99}; bar: at most 20 ms, {bar}; all {whole}");
        output::item(&name(one), text);
    }
}

fn memory(grown: &[Grown]) {
    output::title("Dropped from a memory of 8 MB and asked about again");
    for one in grown.iter().filter(|one| !one.dropped.is_empty()) {
        let (p50, p99) = (at(&one.dropped, 50), at(&one.dropped, 99));
        let bar = verdict(p99 <= Duration::from_millis(50));
        let (p50, p99) = (output::time(p50), output::time(p99));
        let held = output::grouped(one.bounded / 1024.0 / 1024.0);
        let text = format!("p50 {p50}, p99 {p99}; bar: at most 50 ms, {bar}; {held} MiB held");
        output::item(&name(one), text);
    }
    output::title("Memory for each grant, and for its share of members and resources");
    for one in grown {
        let own = one.bytes - one.bare;
        let [bytes, share] = [own, one.bare].map(output::grouped);
        // With few grants, the allocator's own memory dominates.
        let bar = if one.size.has_huge() {
            format!("bar: at most 100, {}", verdict(own <= 100.0))
        } else {
            "too few to tell".to_owned()
        };
        let text = format!("{bytes} bytes, and {share}; {bar}");
        output::item(&name(one), text);
    }
    output::title("First answer of an empty process");
    for one in grown {
        let bar = verdict(one.first <= Duration::from_secs(1));
        let text = format!("{}; bar: at most 1 s, {bar}", output::time(one.first));
        output::item(&name(one), text);
    }
}

/// Draws the figures.
pub(crate) fn draw(grown: &[Grown]) -> Result<String> {
    let mut hot = Vec::new();
    for one in grown {
        let rate = together(&one.hot)?.rate();
        hot.push(bar(one, rate, output::grouped(rate)));
    }
    let millis = |of: fn(&Grown) -> Duration| {
        grown
            .iter()
            .map(|one| bar(one, of(one).as_secs_f64() * 1e3, output::time(of(one))))
            .collect()
    };
    let many = || grown.iter().filter(|one| one.size.has_huge());
    let bytes = many().map(|one| {
        let own = one.bytes - one.bare;
        bar(one, own, output::grouped(own))
    });
    let dropped = grown
        .iter()
        .filter(|one| !one.dropped.is_empty())
        .map(|one| {
            let longest = at(&one.dropped, 99);
            bar(one, longest.as_secs_f64() * 1e3, output::time(longest))
        });
    let panel = |title: &str, bars| Panel {
        title: title.to_owned(),
        bars,
    };
    let panels = [
        panel("Hot checks a second", hot),
        panel(
            "First question about an organization, median: milliseconds",
            millis(|one| at(&one.cold, 50)),
        ),
        panel(
            "First page of a list of 10,000 resources, p99: milliseconds",
            millis(|one| at(&one.first_page, 99)),
        ),
        panel(
            "Question about one dropped from memory, p99: milliseconds",
            dropped.collect(),
        ),
        panel("Memory of a grant: bytes", bytes.collect()),
        panel(
            "First answer of an empty process: milliseconds",
            millis(|one| one.first),
        ),
    ];
    let note =
        "PostgreSQL, one process; organizations of 1,000 grants, by the number of all grants";
    Ok(svg("Growth", note, &panels))
}

fn bar(one: &Grown, value: f64, text: String) -> Bar {
    Bar {
        label: output::grouped(count(one)),
        value,
        text,
        own: true,
    }
}

fn name(one: &Grown) -> String {
    format!("{} grants", output::grouped(count(one)))
}

fn count(one: &Grown) -> f64 {
    number(one.size.0 as u64)
}

fn together(rounds: &[Figures]) -> Result<Figures> {
    let mut all = Figures::new(1)?;
    for round in rounds {
        all.add(round)?;
    }
    Ok(all)
}

/// Returns a percentile of times in ascending order.
fn at(times: &[Duration], percent: usize) -> Duration {
    let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(place).copied().unwrap_or_default()
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "missed" }
}
