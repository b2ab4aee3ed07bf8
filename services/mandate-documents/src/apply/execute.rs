//! Executes a plan, in an order in which every referenced entity exists: applications, people, then
//! each organization independently, and the states of people last. A validating run only asks the
//! services which changes they would refuse.

mod batch;
mod call;
mod catalog;
mod identity;
mod organization;
mod state;

use std::collections::HashSet;

use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::{Plan, Progress, together::each};
use crate::clients::{CallError, Clients};
use call::Caller;
pub(super) use call::is_refusal;

/// A failure, already reported; changes that depend on it were not tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Halted;

/// The result of a call.
#[derive(Debug)]
enum Event {
    /// These facts are done.
    Done(Vec<String>),
    /// These facts are not done; without an answer, they may be.
    Failed {
        names: Vec<String>,
        error: CallError,
    },
}

/// The results of the calls.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The names of the facts that are done: once for the fact, and once for its state.
    pub(super) done: Vec<String>,
    /// The refused and failed facts, with the error.
    pub(super) failed: Vec<(Vec<String>, CallError)>,
}

/// Executes a plan. A refusal stops the later changes of the same organization; changes already
/// made stay.
pub(super) async fn execute(
    plan: Plan,
    clients: &Clients,
    progress: &mut (dyn Progress + Send),
) -> Outcome {
    let total = plan.steps();
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let work = execute_plan(plan, Caller::new(clients.clone(), sender));
    let collected = collect_events(&mut receiver, |done| progress.done(done, total));
    tokio::join!(work, collected).1
}

/// Asks the services which changes of the plan they would refuse, except those that refer to
/// `awaited` entities, which services cannot check yet.
pub(super) async fn ask(plan: Plan, awaited: HashSet<String>, clients: &Clients) -> Outcome {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let work = execute_plan(plan, Caller::asking(clients.clone(), awaited, sender));
    tokio::join!(work, collect_events(&mut receiver, |_| {})).1
}

/// Collects events until the work drops its sender.
async fn collect_events(
    receiver: &mut UnboundedReceiver<Event>,
    mut progress: impl FnMut(usize),
) -> Outcome {
    let mut outcome = Outcome::default();
    while let Some(event) = receiver.recv().await {
        match event {
            Event::Done(names) => {
                outcome.done.extend(names);
                progress(outcome.done.len());
            }
            Event::Failed { names, error } => outcome.failed.push((names, error)),
        }
    }
    outcome
}

/// Runs the steps. A halted step has reported its error.
async fn execute_plan(plan: Plan, caller: Caller) {
    let _ = in_order(plan, caller).await;
}

async fn in_order(plan: Plan, caller: Caller) -> Result<(), Halted> {
    catalog::applications(&caller, plan.applications).await?;
    identity::service_accounts(&caller, plan.service_accounts).await?;
    identity::identities(&caller, plan.identities).await?;
    let mut users = plan.users;
    let states = std::mem::take(&mut users.states);
    identity::users(&caller, users).await?;
    let organizations = plan.organizations.into_iter();
    let changed = organizations.filter(|(_, plan)| !plan.is_empty());
    let work = |(name, plan)| organization::organization(caller.clone(), name, plan);
    each(changed, work).await?;
    state::users(&caller, states).await
}
