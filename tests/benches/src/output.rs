//! Output of the benchmarks.

use std::{
    fmt::{self, Display, Formatter},
    time::Duration,
};

use crate::figures::{Figures, Spread};

/// Prints a line.
#[expect(
    clippy::print_stdout,
    reason = "printing is the purpose of a benchmark"
)]
pub fn line(text: impl Display) {
    println!("{text}");
}

/// Prints the title of a table.
pub fn title(text: impl Display) {
    line(format!("\n{text}"));
}

/// Prints a figure and its name.
pub fn item(name: &str, value: impl Display) {
    line(format!("  {name:<44} {value}"));
}

/// Prints the column heads for [`row`].
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

/// Prints a rate, its latencies, and the server's CPU time per item.
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

/// Formats a duration in milliseconds or seconds.
pub fn time(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
    } else {
        format!("{:.2} s", duration.as_secs_f64())
    }
}

/// Formats a number without decimals, with its thousands separated.
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
