//! Errors of applying documents.

use std::collections::{BTreeSet, HashMap};

use tonic::Code;

use super::{Plan, plan::Action, refusal::Refusal};
use crate::{
    clients::CallError,
    document::{Positions, Problem},
};

/// An error of applying documents, possibly after some changes. Another run continues.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The documents are invalid. Nothing was changed.
    #[error("the documents have {} problem(s), and nothing was changed", .0.len())]
    Invalid(Vec<Problem>),
    /// The services refuse changes. Nothing was changed.
    #[error("the services refuse {} change(s), and nothing was changed", .0.len())]
    Refused(Vec<Problem>),
    /// A call was refused, or failed, half-way.
    #[error("{} fact(s) done, {} not done", .0.done.len(), .0.not_done.len() + .0.unknown.len())]
    Stopped(Box<Stop>),
    /// A call failed before the first change.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The process is ending.
    #[error("the run was interrupted")]
    Cancelled,
}

/// The changes that were made, and those that were not, when a run stopped.
#[derive(Debug)]
pub struct Stop {
    /// The refusals and failures, at their positions in the documents.
    pub problems: Vec<Problem>,
    /// The names of the facts that are done.
    pub done: Vec<String>,
    /// The names of the facts whose call got no answer: they may be done.
    pub unknown: Vec<String>,
    /// The names of the facts that are not done, or only partly.
    pub not_done: Vec<String>,
    /// The first call that failed.
    pub call: Option<CallError>,
}

impl Stop {
    pub(super) fn of(
        plan: &Plan,
        done: &[String],
        failed: Vec<(Vec<String>, CallError)>,
        places: &Positions<'_>,
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

/// True if the service may have made the change anyway.
fn is_unanswered(error: &CallError) -> bool {
    let code = error.status.code();
    matches!(
        code,
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown
    ) || code == Code::Internal
}
