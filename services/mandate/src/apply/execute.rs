//! Does what a plan says, in an order in which everything that is named exists: applications,
//! people, then each organization by itself, and the states of people last. Or only asks what of it
//! the services would refuse.

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

/// Something failed, which was told; what depends on it was not tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Halted;

/// What a call has come to.
#[derive(Debug)]
enum Event {
    /// These are done.
    Done(Vec<String>),
    /// These are not, or, if no answer came, perhaps not.
    Failed {
        names: Vec<String>,
        error: CallError,
    },
}

/// What calls have come to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The names of what was done: once for the fact, and once for its state.
    pub(super) done: Vec<String>,
    /// What was refused or has failed, and why.
    pub(super) failed: Vec<(Vec<String>, CallError)>,
}

/// Does what the plan says. What is refused stops what comes after it in the same organization;
/// what was done stays.
pub(super) async fn execute(
    plan: Plan,
    clients: &Clients,
    progress: &mut (dyn Progress + Send),
) -> Outcome {
    let total = plan.steps();
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let work = everything(plan, Caller::new(clients.clone(), sender));
    let heard = hear(&mut receiver, |done| progress.done(done, total));
    tokio::join!(work, heard).1
}

/// Asks the services what of the plan they would refuse: all but what refers to something that is
/// `awaited`, of which they can say nothing yet.
pub(super) async fn ask(plan: Plan, awaited: HashSet<String>, clients: &Clients) -> Outcome {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let work = everything(plan, Caller::asking(clients.clone(), awaited, sender));
    tokio::join!(work, hear(&mut receiver, |_| {})).1
}

/// Ends when the work has dropped its sender.
async fn hear(receiver: &mut UnboundedReceiver<Event>, mut progress: impl FnMut(usize)) -> Outcome {
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

/// What was halted has told why.
async fn everything(plan: Plan, caller: Caller) {
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
