//! What the benchmarks print.

use std::{fmt::Display, time::Duration};

use crate::figures::Figures;

/// Prints a line.
#[expect(
    clippy::print_stdout,
    reason = "the figures are what a benchmark is run for"
)]
pub(crate) fn line(text: impl Display) {
    println!("{text}");
}

/// Prints the title of a table.
pub(crate) fn title(text: impl Display) {
    line(format!("\n{text}"));
}

/// Prints a figure and what it is of.
pub(crate) fn item(name: &str, value: impl Display) {
    line(format!("  {name:<44} {value}"));
}

/// Prints the heads of the columns of [`row`].
pub(crate) fn head(unit: &str) {
    line(format!(
        "  {:<22} {:>12} {:>9} {:>9} {:>9} {:>9} {:>12}",
        "",
        format!("{unit}/s"),
        "p50 µs",
        "p90 µs",
        "p99 µs",
        "max µs",
        "CPU ns each"
    ));
}

/// Prints a rate, the latencies, and the server's CPU time for each item.
pub(crate) fn row(name: &str, figures: &Figures) {
    let latency = |quantile| figures.latency.value_at_quantile(quantile);
    line(format!(
        "  {name:<22} {:>12} {:>9} {:>9} {:>9} {:>9} {:>12}",
        grouped(figures.rate()),
        latency(0.5),
        latency(0.9),
        latency(0.99),
        figures.latency.max(),
        grouped(figures.cpu_nanos_each()),
    ));
}

/// Prints the median and the spread of ratios.
pub(crate) fn ratio(name: &str, ratios: &[f64]) {
    let mut sorted = ratios.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else {
        return;
    };
    let median = sorted.get(sorted.len() / 2).unwrap_or(low);
    item(name, format!("{median:.2}  ({low:.2} to {high:.2})"));
}

/// A duration in the unit that people read it in.
pub(crate) fn time(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
    } else {
        format!("{:.2} s", duration.as_secs_f64())
    }
}

/// A number to the unit, with its thousands apart.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
