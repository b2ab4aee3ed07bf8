//! Makes an installation have what documents say: reads what there is of what they name, finds the
//! difference, asks the services what of it they would refuse, and calls for it. What the documents
//! do not say stays.

mod awaited;
mod desired;
mod error;
mod execute;
mod fact;
mod facts;
mod id;
mod named;
mod plan;
mod read;
mod refusal;
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
pub use id::grant_id;
pub use plan::{
    Action, Change, Changes, Counts, Entry, FieldChange, OrganizationPlan, Plan, StateChange,
};
pub use read::read;

use crate::{
    clients::{CallError, Clients},
    document::{Document, Problem, Whereabouts, validate},
};
use execute::{Outcome, is_refusal};
use refusal::Refusal;

/// How often the state is read again because it changed while it was being changed.
const TRIES: u32 = 3;

/// How to apply.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Finds the difference and what would be refused, and changes nothing.
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
    let mut done = Vec::new();
    for attempt in 1.. {
        let may_retry = attempt < TRIES;
        let look = look(documents, clients).await?;
        let refused = ask(&look, clients).await;
        if may_retry && refused.failed.iter().any(is_overtaken) {
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
        if !may_retry || !outcome.failed.iter().any(is_overtaken) {
            let stop = Stop::of(&look.plan, &done, outcome.failed, &look.places);
            return Err(ApplyError::Stopped(Box::new(stop)));
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
    let look = look(documents, clients).await?;
    look.refuse(Outcome::default())?;
    Ok(look.plan)
}

/// What is to be done, and what is wrong with it.
struct Look<'a> {
    places: Whereabouts<'a>,
    plan: Plan,
    state: Facts,
    problems: Vec<Problem>,
    /// The names of the facts that the problems are about.
    refused: HashSet<String>,
}

async fn look<'a>(documents: &'a [Document], clients: &Clients) -> Result<Look<'a>, ApplyError> {
    let found = validate(documents);
    let mut problems = found.problems;
    let state = match read(documents, clients).await {
        Ok(state) => state,
        // What is wrong with the documents can be said without the server.
        Err(_) if !problems.is_empty() => return Err(ApplyError::Invalid(problems)),
        Err(error) => return Err(error),
    };
    let deferred = found.deferred.into_iter();
    let absent = deferred.filter(|deferred| !state.holds(&deferred.reference));
    problems.extend(absent.map(|deferred| deferred.problem));
    let places = Whereabouts::of(documents);
    let mut refused: HashSet<String> = problems
        .iter()
        .filter_map(|problem| places.fact(problem))
        .map(str::to_owned)
        .collect();
    let desired = desired::desired(documents, &state);
    let mut refusals = rules::check(&desired, &state);
    // What is wrong in a way that the document shows is told once, by its form.
    refusals.retain(|refusal| !refused.contains(&refusal.name));
    let plan = plan::plan(desired, &state, &mut refusals);
    refused.extend(refusals.iter().map(|refusal| refusal.name.clone()));
    problems.extend(refusals.into_iter().map(|refusal| refusal.problem(&places)));
    Ok(Look {
        places,
        plan,
        state,
        problems,
        refused,
    })
}

/// Asks the services what they would refuse of what is not refused already.
async fn ask(look: &Look<'_>, clients: &Clients) -> Outcome {
    let awaited = awaited::awaited(&look.plan, &look.state);
    let part = awaited::answerable(&look.plan, &awaited, &look.refused);
    execute::ask(part, awaited, clients).await
}

impl Look<'_> {
    /// Refuses to go on, if something is wrong.
    fn refuse(&self, asked: Outcome) -> Result<(), ApplyError> {
        let mut problems = self.problems.clone();
        let by_documents = !problems.is_empty();
        for (names, error) in asked.failed {
            if !is_refusal(&error) && !is_overtaken_by(&error) {
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

/// Whether somebody else, or an earlier run that was interrupted, changed the state after it
/// was read.
fn is_overtaken((_, error): &(Vec<String>, CallError)) -> bool {
    is_overtaken_by(error)
}

fn is_overtaken_by(error: &CallError) -> bool {
    matches!(error.status.code(), Code::AlreadyExists | Code::Aborted)
}
