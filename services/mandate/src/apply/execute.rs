//! Does what a plan says, in an order in which everything that is named exists: applications,
//! people, then each organization by itself, and the states of people last.

mod call;
mod catalog;
mod identity;
mod organization;
mod state;

use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::{
    ApplyError, Changes, OrganizationPlan, Plan, Progress, fact::Fact, together::together,
};
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
    let total = steps(&plan);
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
    let mut users = plan.users;
    let states = std::mem::take(&mut users.states);
    identity::users(&caller, users).await?;
    let organizations = plan.organizations.into_iter();
    let work = |(name, plan)| organization::organization(caller.clone(), name, plan);
    together(
        organizations.filter(|(_, plan)| organization_steps(plan) > 0),
        work,
    )
    .await?;
    state::users(&caller, states).await
}

fn steps(plan: &Plan) -> usize {
    let organizations = plan.organizations.values();
    count(&plan.applications)
        + count(&plan.service_accounts)
        + count(&plan.users)
        + organizations.map(organization_steps).sum::<usize>()
}

fn organization_steps(plan: &OrganizationPlan) -> usize {
    count(&plan.organization)
        + count(&plan.entitlements)
        + count(&plan.units)
        + count(&plan.resources)
        + count(&plan.memberships)
        + count(&plan.grants)
}

fn count<T: Fact>(changes: &Changes<T>) -> usize {
    changes.create.len() + changes.change.len() + changes.states.len()
}
