//! The output of `mandate apply`, during the run and at its end.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use mandate_documents::apply::{Action, ApplyError, Entry, Plan, Progress, Summary};
use serde_json::json;

use crate::{exit::Failure, output};

/// Longer lists are counted instead of shown.
const MAX_PLAN_LINES: usize = 40;
/// Minimum time between two updates of the progress.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// Shows the plan, the progress and the result.
#[derive(Debug)]
pub(super) struct Report {
    dry_run: bool,
    json: bool,
    watched: bool,
    shown: Option<Instant>,
    entries: Vec<Entry>,
}

impl Report {
    pub(super) fn new(dry_run: bool, json: bool) -> Self {
        Self {
            dry_run,
            json,
            watched: output::is_interactive(),
            shown: None,
            entries: Vec::new(),
        }
    }

    /// Clears the progress, so that the next output begins a line.
    pub(super) fn close(&mut self) {
        if self.shown.take().is_some() {
            output::progress("");
        }
    }

    /// Prints the last line, or the whole as JSON.
    pub(super) fn summary(&self, summary: &Summary) -> Result<(), Failure> {
        let seconds = summary.elapsed.as_secs_f64();
        if self.json {
            return output::json(&json!({
                "dry_run": self.dry_run,
                "plan": self.entries,
                "counts": summary.counts,
                "seconds": seconds,
            }));
        }
        let counts = summary.counts;
        let would = if self.dry_run { "dry run: " } else { "" };
        let skipped = match counts.skipped {
            0 => String::new(),
            skipped => format!(", {skipped} left as they are"),
        };
        output::line(format!(
            "{would}{} created, {} changed, {} unchanged{skipped} in {seconds:.2} s",
            counts.created, counts.changed, counts.unchanged
        ));
        Ok(())
    }

    /// Prints the problems, and the changes made before they were found, as JSON or for people.
    pub(super) fn failed(&self, error: &ApplyError) -> Result<(), Failure> {
        let nothing = Vec::new();
        let (problems, stop) = match error {
            ApplyError::Invalid(problems) | ApplyError::Refused(problems) => (problems, None),
            ApplyError::Stopped(stop) => (&stop.problems, Some(&**stop)),
            ApplyError::Call(_) | ApplyError::Cancelled => (&nothing, None),
        };
        if self.json {
            return output::json(&json!({
                "dry_run": self.dry_run,
                "error": error.to_string(),
                "problems": problems,
                "done": stop.map(|stop| stop.done.as_slice()).unwrap_or_default(),
                "unknown": stop.map(|stop| stop.unknown.as_slice()).unwrap_or_default(),
                "not_done": stop.map(|stop| stop.not_done.as_slice()).unwrap_or_default(),
            }));
        }
        if let Some(stop) = stop {
            for (sign, what, names) in [
                ('+', "done", &stop.done),
                ('?', "perhaps done", &stop.unknown),
                ('-', "not done", &stop.not_done),
            ] {
                output::line(format!("{what}: {}", names.len()));
                let shown = names.iter().take(MAX_PLAN_LINES);
                shown.for_each(|name| output::line(format!("  {sign} {name}")));
                if let Some(more) = names
                    .len()
                    .checked_sub(MAX_PLAN_LINES)
                    .filter(|more| *more > 0)
                {
                    output::line(format!("  and {more} more"));
                }
            }
        }
        Ok(())
    }
}

impl Progress for Report {
    fn planned(&mut self, plan: &Plan) {
        let entries = plan.entries();
        if self.json {
            self.entries = entries;
            return;
        }
        for line in lines(&entries) {
            output::line(line);
        }
    }

    fn done(&mut self, facts: usize, of: usize) {
        if !self.watched
            || self
                .shown
                .is_some_and(|shown| shown.elapsed() < PROGRESS_INTERVAL)
        {
            return;
        }
        self.shown = Some(Instant::now());
        output::progress(format!("{facts} of {of}"));
    }
}

/// Returns the plan line by line, or counted by kind if it is long.
fn lines(entries: &[Entry]) -> Vec<String> {
    if entries.len() <= MAX_PLAN_LINES {
        return entries.iter().map(Entry::to_string).collect();
    }
    let mut counts: BTreeMap<(String, char), (usize, usize)> = BTreeMap::new();
    for entry in entries {
        let sign = match entry.action {
            Action::Create => '+',
            Action::Change => '~',
            Action::Skip => '!',
        };
        let count = counts.entry((kind(&entry.name), sign)).or_default();
        count.0 += 1;
        count.1 += usize::from(entry.widens_access);
    }
    let line = |((kind, sign), (count, widening))| match widening {
        0 => format!("{sign} {kind}: {count}"),
        widening => format!("{sign} {kind}: {count}  ({widening} widen access)"),
    };
    counts.into_iter().map(line).collect()
}

/// Returns the collection of a name, with a star for its parent.
fn kind(name: &str) -> String {
    let parts: Vec<&str> = name.split('/').collect();
    match parts.as_slice() {
        [outer, _, inner, _] => format!("{outer}/*/{inner}"),
        [collection, _] => (*collection).to_owned(),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mandate_documents::apply::FieldChange;

    fn entry(name: &str, fields: Vec<FieldChange>) -> Entry {
        Entry {
            action: if fields.is_empty() {
                Action::Create
            } else {
                Action::Change
            },
            name: name.to_owned(),
            fields,
            widens_access: false,
            because: String::new(),
        }
    }

    #[test]
    fn a_short_plan_is_shown_fact_by_fact() {
        let change = FieldChange {
            field: "display_name".to_owned(),
            old: Some("\"a\"".to_owned()),
            new: Some("\"b\"".to_owned()),
        };
        let entries = [
            entry("users/jan-peeters", vec![]),
            entry("organizations/x/units/k1", vec![change]),
        ];
        assert_eq!(
            lines(&entries),
            [
                "+ users/jan-peeters",
                "~ organizations/x/units/k1 display_name: \"a\" -> \"b\"",
            ]
        );
    }

    #[test]
    fn a_long_plan_is_counted_by_kind() {
        let mut entries = vec![entry("users/jan", vec![])];
        for unit in 0..50 {
            entries.push(entry(&format!("organizations/x/units/u{unit}"), vec![]));
        }
        assert_eq!(
            lines(&entries),
            ["+ organizations/*/units: 50", "+ users: 1"]
        );
    }
}
