//! Makes an installation have what documents say: reads what there is, finds the difference,
//! and calls for it. What the documents do not say stays.

mod desired;
mod execute;
mod fact;
mod facts;
mod id;
mod plan;
mod read;
mod together;

use std::time::{Duration, Instant};

use tonic::Code;

pub use fact::State;
pub use facts::{Facts, OrganizationFacts};
pub use id::grant_id;
pub use plan::{
    Action, Change, Changes, Conflict, Counts, Entry, FieldChange, OrganizationPlan, Plan,
    StateChange, plan,
};
pub use read::read;

use crate::{
    clients::{CallError, Clients},
    document::{Document, Problem, validate},
    exit::Failure,
};

/// How often the state is read again because it changed while it was being changed.
const TRIES: u32 = 3;

/// How to apply.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Finds the difference and changes nothing.
    pub dry_run: bool,
}

/// Hears how far the work is.
pub trait Progress {
    /// The plan is made, and the work begins unless it is a dry run.
    fn planned(&mut self, plan: &Plan);

    /// So many facts of the plan are done.
    fn done(&mut self, facts: usize, of: usize);
}

/// Hears nothing.
impl Progress for () {
    fn planned(&mut self, _: &Plan) {}
    fn done(&mut self, _: usize, _: usize) {}
}

/// What was done.
#[derive(Debug, Clone, Copy)]
pub struct Summary {
    /// Facts created, changed, and left alone; what would have been, for a dry run.
    pub counts: Counts,
    /// From reading the state to the last answer.
    pub elapsed: Duration,
}

/// Why documents were not applied, or not to the end. Applying them again continues.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The documents are wrong. Nothing was changed.
    #[error("the documents have {} problem(s)", .0.len())]
    Invalid(Vec<Problem>),
    /// The documents ask for what no call can do. Nothing was changed.
    #[error("the documents ask for {} change(s) that cannot be made", .0.len())]
    Conflicts(Vec<Conflict>),
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The process is ending.
    #[error("the work was cut short")]
    Cancelled,
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        let list = |items: Vec<String>| {
            let lines: Vec<String> = std::iter::once(format!("{error}:")).chain(items).collect();
            Self::usage(lines.join("\n"))
        };
        match &error {
            ApplyError::Invalid(problems) => {
                list(problems.iter().map(ToString::to_string).collect())
            }
            ApplyError::Conflicts(conflicts) => {
                list(conflicts.iter().map(ToString::to_string).collect())
            }
            ApplyError::Call(call) => Self::failed(call.describe()),
            ApplyError::Cancelled => Self::from_error(error),
        }
    }
}

/// Applies documents.
///
/// Cancelled, or failed half-way, it leaves what it has done; applied again, it does the rest.
///
/// # Errors
/// [`ApplyError`].
pub async fn apply(
    documents: &[Document],
    clients: &Clients,
    options: Options,
    progress: &mut (dyn Progress + Send),
) -> Result<Summary, ApplyError> {
    let start = Instant::now();
    let mut counts = Counts::default();
    for attempt in 1.. {
        let plan = prepare(documents, clients).await?;
        if attempt == 1 {
            counts = plan.counts();
            progress.planned(&plan);
        }
        if options.dry_run || plan.is_empty() {
            break;
        }
        match execute::execute(plan, clients, progress).await {
            Err(ApplyError::Call(error)) if attempt < TRIES && is_overtaken(&error) => {}
            result => {
                result?;
                break;
            }
        }
    }
    Ok(Summary {
        counts,
        elapsed: start.elapsed(),
    })
}

/// Reads the state and finds the difference.
///
/// # Errors
/// [`ApplyError`].
pub async fn prepare(documents: &[Document], clients: &Clients) -> Result<Plan, ApplyError> {
    let mut found = validate(documents);
    let state = match read(documents, clients).await {
        Ok(state) => state,
        // What is wrong with the documents can be said without the server.
        Err(_) if !found.problems.is_empty() => return Err(ApplyError::Invalid(found.problems)),
        Err(error) => return Err(error),
    };
    let absent = found
        .deferred
        .into_iter()
        .filter(|deferred| !state.holds(&deferred.reference));
    found
        .problems
        .extend(absent.map(|deferred| deferred.problem));
    if !found.problems.is_empty() {
        found.problems.sort();
        return Err(ApplyError::Invalid(found.problems));
    }
    plan(documents, &state).map_err(ApplyError::Conflicts)
}

/// Whether somebody else, or an earlier run that was interrupted, changed the state after it
/// was read.
fn is_overtaken(error: &CallError) -> bool {
    matches!(error.status.code(), Code::AlreadyExists | Code::Aborted)
}
