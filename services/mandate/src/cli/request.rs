//! The arguments of `request`.

use clap::{Args, Subcommand, ValueEnum};

pub(super) const HELP: &str = "\
A request is carried out as whoever approves it: they approve what they could do directly.

Examples:
  mandate request list transport-janssens --state pending
  mandate request approve transport-janssens r0198c2
  mandate request reject transport-janssens r0198c2 --reason 'Not in this project'";

/// What to do with change requests.
#[derive(Debug, Subcommand)]
pub enum RequestCommand {
    /// List them.
    List(RequestListArgs),
    /// Approve one that is pending, and make the change.
    Approve(RequestArgs),
    /// Refuse one that is pending.
    Reject {
        /// Which.
        #[command(flatten)]
        of: RequestArgs,
        /// Why, for whoever asked.
        #[arg(long)]
        reason: String,
    },
}

/// A change request.
#[derive(Debug, Args)]
pub struct RequestArgs {
    /// The organization; `organizations/` at the beginning may be left out.
    pub organization: String,
    /// The id of the request.
    pub request: String,
}

/// Arguments of `request list`.
#[derive(Debug, Args)]
pub struct RequestListArgs {
    /// The organization; `organizations/` at the beginning may be left out.
    pub organization: String,
    /// Only about this membership, by its id.
    #[arg(long)]
    pub membership: Option<String>,
    /// Only in this state.
    #[arg(long)]
    pub state: Option<RequestState>,
}

/// The state of a change request.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RequestState {
    /// Not sent yet.
    Draft,
    /// Waits for a decision.
    Pending,
    /// The change is being made.
    Approved,
    /// The change is made.
    Applied,
    /// Refused.
    Rejected,
    /// Taken back.
    Cancelled,
    /// Approved, and then not possible any more.
    Failed,
}
