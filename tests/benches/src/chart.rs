//! Bar charts as SVG, drawn by hand: a few rectangles need no library.

use std::fmt::Write;

/// Bars that share a logarithmic scale, because the compared values differ by powers of ten.
#[derive(Debug, Clone)]
pub struct Panel {
    /// The quantity that the bars show, and its unit.
    pub title: String,
    /// The bars, from top to bottom.
    pub bars: Vec<Bar>,
}

/// A bar.
#[derive(Debug, Clone)]
pub struct Bar {
    /// The name of the measured system.
    pub label: String,
    /// The length of the bar.
    pub value: f64,
    /// The value as text for readers.
    pub text: String,
    /// True if the bar is the subject of the chart.
    pub own: bool,
}

const WIDTH: f64 = 760.0;
const LEFT: f64 = 120.0;
const RIGHT: f64 = 170.0;
const HEAD: f64 = 64.0;
const BAR: f64 = 18.0;
const STEP: f64 = 24.0;
const PANEL: f64 = 54.0;
const OWN: &str = "#1f6f5c";
const OTHER: &str = "#9aa5b1";

/// Draws panels below each other, as SVG.
pub fn svg(title: &str, note: &str, panels: &[Panel]) -> String {
    let height = HEAD + panels.iter().map(height_of).sum::<f64>();
    let mut out = String::new();
    put(
        &mut out,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"#1d2733\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>"
        ),
    );
    text(
        &mut out,
        16.0,
        26.0,
        "font-size=\"17\" font-weight=\"600\"",
        title,
    );
    text(&mut out, 16.0, 46.0, "fill=\"#52606d\"", note);
    let mut top = HEAD;
    for panel in panels {
        draw(&mut out, panel, top);
        top += height_of(panel);
    }
    out.push_str("</svg>\n");
    out
}

fn height_of(panel: &Panel) -> f64 {
    panel.bars.iter().fold(PANEL, |height, _| height + STEP)
}

fn draw(out: &mut String, panel: &Panel, top: f64) {
    let values = || {
        panel
            .bars
            .iter()
            .map(|bar| bar.value.max(f64::MIN_POSITIVE))
    };
    let low = values().fold(f64::INFINITY, f64::min).log10();
    let high = values().fold(0.0, f64::max).log10();
    // The scale begins below the shortest bar, so that the bar is visible.
    let (from, to) = (
        (low - 0.3).floor(),
        high.ceil().max((low - 0.3).floor() + 1.0),
    );
    let across = |value: f64| {
        let share = (value.max(f64::MIN_POSITIVE).log10() - from) / (to - from);
        (WIDTH - LEFT - RIGHT) * share.clamp(0.0, 1.0)
    };
    let title = format!("{} (logarithmic)", panel.title);
    text(out, 16.0, top + 16.0, "font-weight=\"600\"", &title);
    let (first, mut decade) = (top + 26.0, from);
    let bottom = top + height_of(panel) - 26.0;
    while decade <= to {
        let x = LEFT + across(10_f64.powf(decade));
        put(
            out,
            format_args!(
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{first:.1}\" y2=\"{bottom:.1}\" \
                 stroke=\"#e4e7eb\"/>"
            ),
        );
        decade += 1.0;
    }
    let mut y = first;
    for bar in &panel.bars {
        let (width, middle) = (across(bar.value), y + 14.0);
        let colour = if bar.own { OWN } else { OTHER };
        put(
            out,
            format_args!(
                "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"2\" \
                 fill=\"{colour}\"/>"
            ),
        );
        text(out, LEFT - 8.0, middle, "text-anchor=\"end\"", &bar.label);
        text(out, LEFT + width + 8.0, middle, "", &bar.text);
        y += STEP;
    }
}

fn text(out: &mut String, x: f64, y: f64, style: &str, content: &str) {
    let content = content.replace('&', "&amp;").replace('<', "&lt;");
    put(
        out,
        format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" {style}>{content}</text>"),
    );
}

fn put(out: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{line}");
}
