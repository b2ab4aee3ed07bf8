//! The arguments of `request`.

use clap::{Args, Subcommand, ValueEnum};

pub(super) const HELP: &str = "\
An approved request runs with the access of its approver, who can only approve a change that
they could make directly.

Examples:
  mandate request list transport-janssens --state pending
  mandate request approve transport-janssens r0198c2
  mandate request reject transport-janssens r0198c2 --reason 'Not in this project'";

/// The commands for change requests.
#[derive(Debug, Subcommand)]
pub enum RequestCommand {
    /// List change requests.
    List(RequestListArgs),
    /// Approve a pending request, and make its change.
    Approve(RequestArgs),
    /// Reject a pending request.
    Reject {
        /// The request.
        #[command(flatten)]
        of: RequestArgs,
        /// The reason, shown to the requester.
        #[arg(long)]
        reason: String,
    },
}

/// A change request.
#[derive(Debug, Args)]
pub struct RequestArgs {
    /// The organization; the prefix `organizations/` is optional.
    pub organization: String,
    /// The id of the request.
    pub request: String,
}

/// Arguments of `request list`.
#[derive(Debug, Args)]
pub struct RequestListArgs {
    /// The organization; the prefix `organizations/` is optional.
    pub organization: String,
    /// Only requests about this membership, by its id.
    #[arg(long)]
    pub membership: Option<String>,
    /// Only requests in this state.
    #[arg(long)]
    pub state: Option<RequestState>,
}

/// The state of a change request.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RequestState {
    /// Not submitted yet.
    Draft,
    /// Waiting for a decision.
    Pending,
    /// Approved; the change is being made.
    Approved,
    /// The change is made.
    Applied,
    /// Rejected.
    Rejected,
    /// Cancelled by the requester.
    Cancelled,
    /// Approved, but the change was no longer possible.
    Failed,
}
