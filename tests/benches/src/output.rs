//! What the benchmarks print.

use std::{
    fmt::{self, Display, Formatter},
    time::Duration,
};

use crate::figures::{Figures, Spread};

/// Prints a line.
#[expect(
    clippy::print_stdout,
    reason = "the figures are what a benchmark is run for"
)]
pub fn line(text: impl Display) {
    println!("{text}");
}

/// Prints the title of a table.
pub fn title(text: impl Display) {
    line(format!("\n{text}"));
}

/// Prints a figure and what it is of.
pub fn item(name: &str, value: impl Display) {
    line(format!("  {name:<44} {value}"));
}

/// Prints the heads of the columns of [`row`].
pub fn head(unit: &str) {
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
pub fn row(name: &str, figures: &Figures) {
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
pub fn ratio(name: &str, ratios: &[f64]) {
    if let Some(spread) = Spread::of(ratios) {
        item(name, spread);
    }
}

impl Display for Spread {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let Self { low, median, high } = self;
        write!(out, "{median:.2}  ({low:.2} to {high:.2})")
    }
}

/// A duration in the unit that people read it in.
pub fn time(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
    } else {
        format!("{:.2} s", duration.as_secs_f64())
    }
}

/// A number to the unit, with its thousands apart.
pub fn grouped(number: f64) -> String {
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
