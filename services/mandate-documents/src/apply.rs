//! Brings an installation to the state that documents declare: reads the current state of the
//! entities that they name, computes the difference, asks the services which changes they would
//! refuse, and makes the changes. Everything else stays as it is.

mod awaited;
mod desired;
mod error;
mod execute;
mod fact;
mod facts;
mod named;
mod plan;
mod read;
mod refusal;
mod request_ids;
mod rules;
mod together;

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use tonic::Code;

pub use error::{ApplyError, Stop};
pub use fact::State;
pub use facts::{Facts, OrganizationFacts};
pub use plan::{
    Action, Change, Changes, Counts, Entry, FieldChange, OrganizationPlan, Plan, StateChange,
};
pub use read::read;

use crate::{
    clients::{CallError, Clients},
    document::{Document, Positions, Problem, validate},
};
use execute::{Outcome, is_refusal};
use refusal::Refusal;

/// Maximum number of attempts: the state is read again if somebody else changed it meanwhile.
const MAX_ATTEMPTS: u32 = 3;

/// Options of a run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Computes the difference and the refusals, and changes nothing.
    pub dry_run: bool,
}

/// Receives the progress of a run.
pub trait Progress {
    /// Called with the plan, before the first change.
    fn planned(&mut self, plan: &Plan);

    /// Called when this many facts of the plan are done.
    fn done(&mut self, facts: usize, of: usize);
}

/// Ignores the progress.
impl Progress for () {
    fn planned(&mut self, _: &Plan) {}
    fn done(&mut self, _: usize, _: usize) {}
}

/// The result of a run.
#[derive(Debug, Clone, Copy)]
pub struct Summary {
    /// Numbers of facts created, changed, and left alone; in a dry run, the numbers that would be.
    pub counts: Counts,
    /// Time from the first read to the last response.
    pub elapsed: Duration,
}

/// Applies documents.
///
/// A cancelled or failed run keeps the changes it has made; another run continues.
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
    let mut done = Vec::new();
    for attempt in 1.. {
        let may_retry = attempt < MAX_ATTEMPTS;
        let look = look(documents, clients).await?;
        let refused = ask(&look, clients).await;
        if may_retry && refused.failed.iter().any(has_conflict) {
            continue;
        }
        look.refuse(refused)?;
        if attempt == 1 {
            counts = look.plan.counts();
            progress.planned(&look.plan);
        }
        if options.dry_run || look.plan.is_empty() {
            break;
        }
        let outcome = execute::execute(look.plan.clone(), clients, progress).await;
        done.extend(outcome.done);
        if outcome.failed.is_empty() {
            break;
        }
        if !may_retry || !outcome.failed.iter().any(has_conflict) {
            let stop = Stop::of(&look.plan, &done, outcome.failed, &look.places);
            return Err(ApplyError::Stopped(Box::new(stop)));
        }
    }
    Ok(Summary {
        counts,
        elapsed: start.elapsed(),
    })
}

/// Reads the state and computes the difference.
///
/// # Errors
/// [`ApplyError`].
pub async fn prepare(documents: &[Document], clients: &Clients) -> Result<Plan, ApplyError> {
    let look = look(documents, clients).await?;
    look.refuse(Outcome::default())?;
    Ok(look.plan)
}

/// The plan, and its problems.
struct CheckedPlan<'a> {
    places: Positions<'a>,
    plan: Plan,
    state: Facts,
    problems: Vec<Problem>,
    /// The names of the facts that have problems.
    refused: HashSet<String>,
}

async fn look<'a>(
    documents: &'a [Document],
    clients: &Clients,
) -> Result<CheckedPlan<'a>, ApplyError> {
    let found = validate(documents);
    let mut problems = found.problems;
    let state = match read(documents, clients).await {
        Ok(state) => state,
        // The problems of the documents can be reported without the server.
        Err(_) if !problems.is_empty() => return Err(ApplyError::Invalid(problems)),
        Err(error) => return Err(error),
    };
    let deferred = found.deferred.into_iter();
    let absent = deferred.filter(|deferred| !state.holds(&deferred.reference));
    problems.extend(absent.map(|deferred| deferred.problem));
    let places = Positions::of(documents);
    let mut refused: HashSet<String> = problems
        .iter()
        .filter_map(|problem| places.fact(problem))
        .map(str::to_owned)
        .collect();
    let desired = desired::desired(documents, &state);
    let mut refusals = rules::check(&desired, &state);
    // A problem of form is reported once, by validation.
    refusals.retain(|refusal| !refused.contains(&refusal.name));
    let plan = plan::plan(desired, &state, &mut refusals);
    refused.extend(refusals.iter().map(|refusal| refusal.name.clone()));
    problems.extend(refusals.into_iter().map(|refusal| refusal.problem(&places)));
    Ok(CheckedPlan {
        places,
        plan,
        state,
        problems,
        refused,
    })
}

/// Asks the services which changes they would refuse, apart from those refused already.
async fn ask(look: &CheckedPlan<'_>, clients: &Clients) -> Outcome {
    let awaited = awaited::awaited(&look.plan, &look.state);
    let part = awaited::answerable(&look.plan, &awaited, &look.refused);
    execute::ask(part, awaited, clients).await
}

impl CheckedPlan<'_> {
    /// Returns an error if there are problems.
    fn refuse(&self, asked: Outcome) -> Result<(), ApplyError> {
        let mut problems = self.problems.clone();
        let by_documents = !problems.is_empty();
        for (names, error) in asked.failed {
            if !is_refusal(&error) && !is_conflict(&error) {
                return Err(error.into());
            }
            for name in names {
                let refusals = Refusal::by_service(&name, &error).into_iter();
                problems.extend(refusals.map(|refusal| refusal.problem(&self.places)));
            }
        }
        problems.sort();
        problems.dedup();
        match problems.is_empty() {
            true => Ok(()),
            false if by_documents => Err(ApplyError::Invalid(problems)),
            false => Err(ApplyError::Refused(problems)),
        }
    }
}

/// True if somebody else, or an interrupted earlier run, changed the state after it was read.
fn has_conflict((_, error): &(Vec<String>, CallError)) -> bool {
    is_conflict(error)
}

fn is_conflict(error: &CallError) -> bool {
    matches!(error.status.code(), Code::AlreadyExists | Code::Aborted)
}
