//! The arguments of `audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What is printed after the options.
pub(super) const HELP: &str = "\
The audit log is kept by each service for what it owns; these commands speak of all three. Keep
exports apart from the databases: one of yesterday shows whether the log of today was cut off or
rewritten.

Examples:
  mandate audit list transport-janssens --actor jan-peeters
  mandate audit export audit.jsonl
  mandate audit verify audit.jsonl --anchor yesterday.jsonl --secrets /etc/mandate/secrets
  mandate audit decisions decisions.jsonl --subject jan-peeters --secrets /etc/mandate/secrets";

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List what was done, read or refused in an organization, the latest first.
    List(AuditListArgs),
    /// Write the whole log to a file, to be kept apart; for the operator.
    Export {
        /// The file; it must not exist.
        file: PathBuf,
        /// Go on with an export that was cut short.
        #[arg(long)]
        resume: bool,
    },
    /// Verify a file that was exported, without any service: that nothing was altered, taken out,
    /// moved, put in or cut off.
    Verify(AuditVerifyArgs),
    /// Read a decision log, without any service, and find in it what was answered about somebody.
    Decisions(DecisionsArgs),
    /// Make unreadable what the log holds of a person, in every copy of it; for the operator.
    Forget {
        /// The user: `jan-peeters` or `users/jan-peeters`.
        user: String,
    },
}

/// Arguments of `audit list`.
#[derive(Debug, Args)]
pub struct AuditListArgs {
    /// The organization; `operator` for what belongs to no customer.
    pub organization: String,
    /// Only what this subject did.
    #[arg(long)]
    pub actor: Option<String>,
    /// Only calls of this method, as `mandate.entitlement.v1.GrantService.CreateGrant`.
    #[arg(long, default_value = "")]
    pub method: String,
    /// Only what was recorded then or later, in RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only what was recorded before then, in RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
}

/// Arguments of `audit decisions`.
#[derive(Debug, Args)]
pub struct DecisionsArgs {
    /// The file, as of `mandate serve --decision-log`; older ones beside it are read, too.
    pub file: PathBuf,
    /// Only about this subject: `jan-peeters`, `users/jan-peeters` or `serviceAccounts/billing`.
    #[arg(long)]
    pub subject: Option<String>,
    /// The folder with the secrets of the installation, as of `mandate serve`.
    #[arg(long, env = "MANDATE_SECRETS")]
    pub secrets: PathBuf,
}

/// Arguments of `audit verify`.
#[derive(Debug, Args)]
pub struct AuditVerifyArgs {
    /// The file.
    pub file: PathBuf,
    /// A file that was exported before and kept elsewhere: what the log held then must be there.
    #[arg(long)]
    pub anchor: Option<PathBuf>,
    /// The folder with the secrets of the installation, as of `mandate serve`.
    #[arg(long, env = "MANDATE_SECRETS")]
    pub secrets: PathBuf,
}
