//! Does what a plan says, in an order in which everything that is named exists: applications,
//! people, then each organization by itself, and the states of people last.

mod call;
mod catalog;
mod identity;
mod organization;
mod state;

use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::{ApplyError, Plan, Progress, together::together};
use crate::clients::Clients;
use call::Caller;

/// Does what the plan says.
///
/// # Errors
/// The first call that fails; what was done stays.
pub(super) async fn execute(
    plan: Plan,
    clients: &Clients,
    progress: &mut (dyn Progress + Send),
) -> Result<(), ApplyError> {
    let total = plan.steps();
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let work = everything(plan, Caller::new(clients.clone(), sender));
    let (result, ()) = tokio::join!(work, report(&mut receiver, total, progress));
    result
}

/// Ends when the work has dropped its sender.
async fn report(
    receiver: &mut UnboundedReceiver<usize>,
    total: usize,
    progress: &mut (dyn Progress + Send),
) {
    let mut done = 0;
    while let Some(more) = receiver.recv().await {
        done += more;
        progress.done(done, total);
    }
}

async fn everything(plan: Plan, caller: Caller) -> Result<(), ApplyError> {
    catalog::applications(&caller, plan.applications).await?;
    identity::service_accounts(&caller, plan.service_accounts).await?;
    identity::identities(&caller, plan.identities).await?;
    let mut users = plan.users;
    let states = std::mem::take(&mut users.states);
    identity::users(&caller, users).await?;
    let organizations = plan.organizations.into_iter();
    let changed = organizations.filter(|(_, plan)| !plan.is_empty());
    let work = |(name, plan)| organization::organization(caller.clone(), name, plan);
    together(changed, work).await?;
    state::users(&caller, states).await
}
