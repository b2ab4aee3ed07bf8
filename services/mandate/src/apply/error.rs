//! Why documents were not applied, or not to the end.

use std::collections::{BTreeSet, HashMap};

use tonic::Code;

use super::{Plan, plan::Action, refusal::Refusal};
use crate::{
    clients::CallError,
    document::{Problem, Whereabouts},
    exit::Failure,
};

/// Why documents were not applied, or not to the end. Applying them again continues.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The documents are wrong. Nothing was changed.
    #[error("the documents have {} problem(s), and nothing was changed", .0.len())]
    Invalid(Vec<Problem>),
    /// The services refuse what the documents ask for. Nothing was changed.
    #[error("the services refuse {} thing(s), and nothing was changed", .0.len())]
    Refused(Vec<Problem>),
    /// Something was refused, or failed, half-way.
    #[error("{} fact(s) done, {} not done", .0.done.len(), .0.not_done.len() + .0.unknown.len())]
    Stopped(Box<Stop>),
    /// A call failed before anything was changed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The process is ending.
    #[error("the work was cut short")]
    Cancelled,
}

/// What was done, and what was not, when the work stopped.
#[derive(Debug)]
pub struct Stop {
    /// What was refused, or has failed, and where the documents say it.
    pub problems: Vec<Problem>,
    /// The names of what was done.
    pub done: Vec<String>,
    /// The names of what was asked for without an answer: it may be done.
    pub unknown: Vec<String>,
    /// The names of what was not done, or not wholly.
    pub not_done: Vec<String>,
    /// The first call that failed.
    pub call: Option<CallError>,
}

impl Stop {
    pub(super) fn of(
        plan: &Plan,
        done: &[String],
        failed: Vec<(Vec<String>, CallError)>,
        places: &Whereabouts<'_>,
    ) -> Self {
        let mut times: HashMap<&str, usize> = HashMap::new();
        for name in done {
            *times.entry(name).or_default() += 1;
        }
        let unanswered = failed.iter().filter(|(_, error)| is_unanswered(error));
        let unknown: BTreeSet<String> = unanswered.flat_map(|(names, _)| names.clone()).collect();
        let entries = plan.entries().into_iter();
        let names = entries
            .filter(|entry| entry.action != Action::Skip)
            .map(|entry| (entry.calls(), entry.name));
        let (finished, left): (Vec<_>, Vec<_>) =
            names.partition(|(calls, name)| times.get(name.as_str()).is_some_and(|n| n >= calls));
        let left = left.into_iter().map(|(_, name)| name);
        let not_done = left.filter(|name| !unknown.contains(name)).collect();
        let mut problems: Vec<Problem> = failed
            .iter()
            .flat_map(|(names, error)| names.iter().map(move |name| (name, error)))
            .flat_map(|(name, error)| Refusal::by_service(name, error))
            .map(|refusal| refusal.problem(places))
            .collect();
        problems.sort();
        problems.dedup();
        Self {
            problems,
            done: finished.into_iter().map(|(_, name)| name).collect(),
            unknown: unknown.into_iter().collect(),
            not_done,
            call: failed.into_iter().next().map(|(_, error)| error),
        }
    }
}

/// Whether the service may have done what it was asked.
fn is_unanswered(error: &CallError) -> bool {
    let code = error.status.code();
    matches!(
        code,
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown
    ) || code == Code::Internal
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        let lines = |problems: &[Problem]| {
            let first = std::iter::once(format!("{error}:"));
            let lines: Vec<String> = first
                .chain(problems.iter().map(ToString::to_string))
                .collect();
            lines.join("\n")
        };
        match &error {
            ApplyError::Invalid(problems) => Self::usage(lines(problems)),
            ApplyError::Refused(problems) => Self::failed(lines(problems)),
            ApplyError::Stopped(stop) => Self::failed(lines(&stop.problems)),
            ApplyError::Call(call) => Self::failed(call.describe()),
            ApplyError::Cancelled => Self::from_error(error),
        }
    }
}
