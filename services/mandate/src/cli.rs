//! The arguments.

mod audit;
mod backup;
mod installation;
mod manage;
mod request;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use prost_types::Timestamp;

pub use self::{
    audit::{AuditCommand, AuditListArgs, AuditVerifyArgs, DecisionsArgs},
    backup::{BackupCommand, BackupCreateArgs, BackupRestoreArgs, BackupVerifyArgs},
    installation::{
        ContextAddArgs, SecretsCommand, ServiceAccountCommand, ServiceAccountCreateArgs,
    },
    manage::{
        CatalogueCommand, EntitlementArgs, EntitlementCommand, GrantCommand, GrantCreateArgs,
        GrantListArgs, Reason, RoleCommand,
    },
    request::{RequestArgs, RequestCommand, RequestListArgs, RequestState},
};
use crate::{
    given::{Given, given},
    moment,
    run::{DevArgs, MigrateArgs, ServeArgs},
};

const EXIT_CODES: &str = "\
Exit codes:
  0  done, or allowed; also when there was nothing to do
  1  a call was refused or went wrong, or the answer could not be written
  2  the arguments, the contexts file or a document is wrong
  3  denied, with --error-on-deny; a preview of what cannot be given
  4  a service cannot be reached

Files:
  contexts.json in $XDG_CONFIG_HOME/mandate or ~/.config/mandate, or where
  $MANDATE_CONFIG says. `mandate dev` writes a context `dev` into it, and
  `mandate context add` another.

Examples:
  mandate dev
  mandate apply -f portal.yaml --dry-run
  mandate check jan-peeters fleet.billing.view transport-janssens/units/k1
  mandate explain jan-peeters fleet.billing.view transport-janssens/units/k2";

const APPLY: &str = "\
A document is YAML with any of `applications`, `service_accounts`, `users` and
`organizations`; documents are applied together and may refer to each other and to what
the server has.

What the documents do not mention stays as it is: nothing is deleted, and a field that an
entry leaves out is left alone. A field without a value, as `end_time: null`, is emptied. A
grant that was revoked stays revoked, and the plan says so; give it another `id` to give it
again. A state that is left out stays: write `state: ACTIVE` to give access back.

Before anything is changed, all that would be refused is told, with file, line and field;
`--dry-run` ends there. In the plan, `+` is created, `~` is changed, `!` is left as it is,
and what may let somebody do more is marked. A run that stops half-way says what was done
and what was not; applied again, it goes on.

Examples:
  mandate apply -f portal.yaml
  mandate apply -f catalogue.yaml -f customers.yaml --dry-run
  mandate apply -f portal.yaml --json | jq .counts";

const CHECK: &str = "\
Examples:
  mandate check jan-peeters fleet.billing.view transport-janssens/units/k1
  mandate check serviceAccounts/billing fleet.billing.view organizations/transport-janssens
  mandate check jan-peeters fleet.billing.edit transport-janssens --error-on-deny || echo no
  mandate check jan-peeters fleet.billing.view transport-janssens --at 2026-01-31T12:00:00Z
  mandate check jan-peeters fleet.billing.edit transport-janssens --given network=office";

const EXPLAIN: &str = "\
Example:
  mandate explain jan-peeters fleet.billing.view transport-janssens/units/k2";

const ACCESS: &str = "\
Examples:
  mandate access jan-peeters transport-janssens
  mandate access jan-peeters transport-janssens --full --json";

const PREVIEW: &str = "\
A file is YAML:

  organization: transport-janssens
  changes:
    - create: {subject: jan-peeters, role: fleet.viewer, scope: {units: [k1]}}
    - update: {id: g2, scope: ALL, end_time: 2030-01-01T00:00:00Z}
    - revoke: {id: g3}

Examples:
  mandate preview -f changes.yaml
  mandate preview -f changes.yaml --apply";

const LIST: &str = "\
Examples:
  mandate list resources jan-peeters fleet.billing.view transport-janssens
  mandate list subjects fleet.billing.view transport-janssens/units/k1
  mandate list subjects invoices transport-janssens --route
  mandate list permissions jan-peeters transport-janssens/units/k1 --json";
const WATCH: &str = "\
Examples:
  mandate watch transport-janssens
  mandate watch --json | jq .subject";

/// Entitlements and access for business-to-business portals.
///
/// Mandate answers one question: may this user of this customer do this, on this account or
/// number, now? And it lets customers govern, themselves, who may.
#[derive(Debug, Parser)]
#[command(name = "mandate", version, after_long_help = EXIT_CODES)]
pub struct Cli {
    /// Which installation to talk to; the current context when absent.
    #[arg(long, global = true, env = "MANDATE_CONTEXT", value_name = "NAME")]
    pub context: Option<String>,
    /// Answer in JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything on this machine, for development.
    Dev(DevArgs),
    /// Run services.
    Serve(Box<ServeArgs>),
    /// Bring the databases up to date.
    Migrate(MigrateArgs),
    /// Make the installation have what documents say.
    #[command(after_long_help = APPLY)]
    Apply(ApplyArgs),
    /// Ask whether somebody may do something somewhere.
    #[command(after_long_help = CHECK)]
    Check(CheckArgs),
    /// Ask why somebody may or may not do something somewhere.
    #[command(after_long_help = EXPLAIN)]
    Explain(QuestionArgs),
    /// List what somebody can reach in an organization.
    #[command(after_long_help = ACCESS)]
    Access(AccessArgs),
    /// List where somebody may do something, who may, or what somebody may do.
    #[command(after_long_help = LIST)]
    List(ListArgs),
    /// Say what changes of grants would change.
    #[command(after_long_help = PREVIEW)]
    Preview(PreviewArgs),
    /// List and show applications, and compare documents with them.
    #[command(subcommand, after_long_help = manage::CATALOGUE)]
    Catalogue(CatalogueCommand),
    /// Give organizations applications, and take them away.
    #[command(subcommand, after_long_help = manage::ENTITLEMENT)]
    Entitlement(EntitlementCommand),
    /// Make roles of an organization's own.
    #[command(subcommand, after_long_help = manage::ROLE)]
    Role(RoleCommand),
    /// Give members roles, and take them away.
    #[command(subcommand, after_long_help = manage::GRANT)]
    Grant(GrantCommand),
    /// List changes that are asked for, and decide upon them.
    #[command(subcommand, after_long_help = request::HELP)]
    Request(RequestCommand),
    /// Tell of changes as they are made, until Ctrl-C.
    #[command(after_long_help = WATCH)]
    Watch(WatchArgs),
    /// Read, export and verify the audit log.
    #[command(subcommand, after_long_help = audit::HELP)]
    Audit(AuditCommand),
    /// Make, verify and restore backups of the databases.
    #[command(subcommand, after_long_help = backup::HELP)]
    Backup(BackupCommand),
    /// Make the secrets of an installation.
    #[command(subcommand, after_long_help = installation::SECRETS)]
    Secrets(SecretsCommand),
    /// Make service accounts and their keys, for backends.
    #[command(subcommand, after_long_help = installation::SERVICE_ACCOUNT)]
    ServiceAccount(ServiceAccountCommand),
    /// Add, list, choose or show contexts.
    #[command(subcommand, after_long_help = installation::CONTEXT)]
    Context(ContextCommand),
    /// Print the rules of the Redis users of an installation: for its services, and for systems
    /// that read decisions there.
    RedisUsers(RedisUsersArgs),
    /// Print a completion script for a shell.
    Completion(CompletionArgs),
    /// Print the version.
    Version,
}

/// Arguments of `redis-users`.
#[derive(Debug, Args)]
pub struct RedisUsersArgs {
    /// The folder with the secrets of the installation, as of `mandate serve`.
    #[arg(long, env = "MANDATE_SECRETS")]
    pub secrets: PathBuf,
}

/// Arguments of `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// A document; `-` is the standard input. May be given several times.
    #[arg(short, long = "file", required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Show what would be done and what would be refused, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// A question, and how fresh its answer must be.
#[derive(Debug, Args)]
pub struct QuestionArgs {
    /// Who: `jan-peeters`, `users/jan-peeters` or `serviceAccounts/billing`.
    pub subject: String,
    /// What: `application.module.verb`.
    pub permission: String,
    /// Where: an organization, unit or resource; `organizations/` at the beginning may be left
    /// out.
    pub resource: String,
    /// Read the store now.
    #[arg(long, conflicts_with = "at_least_as_fresh")]
    pub consistent: bool,
    /// Answer no older than the change that returned this consistency token.
    #[arg(long, value_name = "TOKEN", allow_hyphen_values = true)]
    pub at_least_as_fresh: Option<String>,
    /// As of this moment, as `2026-01-31T12:00:00Z`.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
    /// In which circumstances, for conditions of grants; the value is JSON, or text. May be given
    /// several times.
    #[arg(long, value_name = "KEY=VALUE", value_parser = given)]
    pub given: Vec<Given>,
    /// Exit with 3 when the answer is no.
    #[arg(long)]
    pub error_on_deny: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The question.
    #[command(flatten)]
    pub question: QuestionArgs,
    /// Say why, condition by condition and grant by grant.
    #[arg(long)]
    pub explain: bool,
}

/// Arguments of `access`.
#[derive(Debug, Args)]
pub struct AccessArgs {
    /// Who: `jan-peeters`, `users/jan-peeters` or `serviceAccounts/billing`.
    pub subject: String,
    /// The organization; `organizations/` at the beginning may be left out.
    pub organization: String,
    /// With roles, and with each permission and its scope.
    #[arg(long)]
    pub full: bool,
}

/// Arguments of `preview`.
#[derive(Debug, Args)]
pub struct PreviewArgs {
    /// The changes; `-` is the standard input.
    #[arg(short, long, value_name = "FILE")]
    pub file: PathBuf,
    /// Make the changes, if they do what was previewed.
    #[arg(long)]
    pub apply: bool,
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Which side of a question is left open.
    #[command(subcommand)]
    pub what: ListCommand,
    /// As of this moment, as `2026-01-31T12:00:00Z`.
    #[arg(long, global = true, value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
    /// In which circumstances, for conditions of grants; the value is JSON, or text. May be given
    /// several times.
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = given)]
    pub given: Vec<Given>,
}

fn time(text: &str) -> Result<Timestamp, String> {
    let moment = moment::timestamp(text);
    moment.ok_or_else(|| "write it as `2026-01-31T12:00:00Z`".to_owned())
}

/// Which side of a question is left open.
#[derive(Debug, Subcommand)]
pub enum ListCommand {
    /// List where in an organization somebody may do something.
    Resources {
        /// Who: `jan-peeters`, `users/jan-peeters` or `serviceAccounts/billing`.
        subject: String,
        /// What: `application.module.verb`.
        permission: String,
        /// The organization; `organizations/` at the beginning may be left out.
        organization: String,
    },
    /// List who may do something somewhere, or who is told of something.
    Subjects {
        /// What: `application.module.verb`, or a notification route with `--route`.
        held: String,
        /// Where: an organization, unit or resource; `organizations/` at the beginning may be
        /// left out.
        resource: String,
        /// List who is told of something by a notification route of a role.
        #[arg(long)]
        route: bool,
    },
    /// List what somebody may do somewhere.
    Permissions {
        /// Who: `jan-peeters`, `users/jan-peeters` or `serviceAccounts/billing`.
        subject: String,
        /// Where: an organization, unit or resource; `organizations/` at the beginning may be
        /// left out.
        resource: String,
    },
}

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// The organization; all when absent, for the operator.
    pub organization: Option<String>,
    /// Resume where an earlier watch has ended, by the last cursor that it told (`--json`).
    #[arg(long, allow_hyphen_values = true)]
    pub cursor: Option<String>,
}

/// What to do with contexts.
#[derive(Debug, Subcommand)]
pub enum ContextCommand {
    /// Add a context, and make it the current one.
    Add(ContextAddArgs),
    /// List the contexts; the current one has a star.
    List,
    /// Choose the context that is used when none is named.
    Use {
        /// The context.
        name: String,
    },
    /// Show a context, the current one when none is named.
    Show {
        /// The context.
        name: Option<String>,
    },
}

/// Arguments of `completion`.
#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// The shell.
    pub shell: Shell,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    /// One token in 64 begins so.
    #[test]
    fn a_token_may_begin_with_a_hyphen() {
        for given in [
            vec!["mandate", "watch", "--cursor", "-nA_"],
            vec![
                "mandate",
                "check",
                "--at-least-as-fresh",
                "-nA_",
                "a",
                "a.m.view",
                "o",
            ],
        ] {
            Cli::try_parse_from(given).unwrap();
        }
    }
}
