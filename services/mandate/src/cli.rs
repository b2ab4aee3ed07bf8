//! The command-line arguments.

mod audit;
mod backup;
mod dev;
mod installation;
mod manage;
mod migrate;
mod request;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use mandate_documents::moment;
use mandate_server::ServeArgs;
use prost_types::Timestamp;

pub use self::{
    audit::{AuditCommand, AuditListArgs, AuditVerifyArgs, DecisionsArgs},
    backup::{BackupCommand, BackupCreateArgs, BackupRestoreArgs, BackupVerifyArgs},
    dev::DevArgs,
    installation::{
        ContextAddArgs, SecretsCommand, ServiceAccountCommand, ServiceAccountCreateArgs,
    },
    manage::{
        CatalogCommand, EntitlementArgs, EntitlementCommand, GrantCommand, GrantCreateArgs,
        GrantListArgs, Reason, RoleCommand,
    },
    migrate::MigrateArgs,
    request::{RequestArgs, RequestCommand, RequestListArgs, RequestState},
};
use crate::given::{Given, given};

const TOP_LEVEL_HELP: &str = "\
Exit codes:
  0  done, or allowed; also when there was nothing to do
  1  a call was refused or failed, or the output could not be written
  2  the arguments, the contexts file or a document is wrong
  3  denied, with --error-on-deny; a preview of changes that cannot be made
  4  a service is unreachable

Files:
  contexts.json in $XDG_CONFIG_HOME/mandate or ~/.config/mandate, or the file
  that $MANDATE_CONFIG names. `mandate dev` writes a context `dev` into it;
  `mandate context add` adds another.

Examples:
  mandate dev
  mandate apply -f portal.yaml --dry-run
  mandate check jan-peeters fleet.billing.view transport-janssens/units/k1
  mandate explain jan-peeters fleet.billing.view transport-janssens/units/k2";

const APPLY_HELP: &str = "\
A document is YAML with any of `applications`, `service_accounts`, `users` and
`organizations`. Documents are applied together and may refer to each other and to data
on the server.

Apply never deletes anything. Everything that the documents do not mention stays unchanged,
and so does a field that an entry omits. A field without a value, such as
`end_time: null`, is cleared. A revoked grant stays revoked, and the plan says so; choose
another `id` to create it again. An omitted state stays as it is: write `state: ACTIVE`
to restore access.

Before the first change, apply reports everything that the server would refuse, with file,
line and field; `--dry-run` stops there. In the plan, `+` is created, `~` is changed, `!`
is left as it is, and changes that may widen access are marked. A run that stops half-way
lists the changes it made and those it did not make; run it again to continue.

Examples:
  mandate apply -f portal.yaml
  mandate apply -f catalog.yaml -f customers.yaml --dry-run
  mandate apply -f portal.yaml --json | jq .counts";

const CHECK_HELP: &str = "\
Examples:
  mandate check jan-peeters fleet.billing.view transport-janssens/units/k1
  mandate check serviceAccounts/billing fleet.billing.view organizations/transport-janssens
  mandate check jan-peeters fleet.billing.edit transport-janssens --error-on-deny || echo no
  mandate check jan-peeters fleet.billing.view transport-janssens --at 2026-01-31T12:00:00Z
  mandate check jan-peeters fleet.billing.edit transport-janssens --given network=office";

const EXPLAIN_HELP: &str = "\
Example:
  mandate explain jan-peeters fleet.billing.view transport-janssens/units/k2";

const ACCESS_HELP: &str = "\
Examples:
  mandate access jan-peeters transport-janssens
  mandate access jan-peeters transport-janssens --full --json";

const PREVIEW_HELP: &str = "\
A file is YAML:

  organization: transport-janssens
  changes:
    - create: {subject: jan-peeters, role: fleet.viewer, scope: {units: [k1]}}
    - update: {id: g2, scope: ALL, end_time: 2030-01-01T00:00:00Z}
    - revoke: {id: g3}

Examples:
  mandate preview -f changes.yaml
  mandate preview -f changes.yaml --apply";

const LIST_HELP: &str = "\
Examples:
  mandate list resources jan-peeters fleet.billing.view transport-janssens
  mandate list subjects fleet.billing.view transport-janssens/units/k1
  mandate list subjects invoices transport-janssens --route
  mandate list permissions jan-peeters transport-janssens/units/k1 --json";
const WATCH_HELP: &str = "\
Examples:
  mandate watch transport-janssens
  mandate watch --json | jq .subject";

/// Entitlements and access for business-to-business portals.
///
/// Mandate answers one question: may this user of this customer do this, on this account or number,
/// now? And it lets customers govern access themselves.
#[derive(Debug, Parser)]
#[command(name = "mandate", version, after_long_help = TOP_LEVEL_HELP)]
pub struct Cli {
    /// The installation to call; the current context if absent.
    #[arg(long, global = true, env = "MANDATE_CONTEXT", value_name = "NAME")]
    pub context: Option<String>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run all services on this machine, for development.
    Dev(DevArgs),
    /// Run one service, or all of them.
    Serve(Box<ServeArgs>),
    /// Migrate the databases to this version.
    Migrate(MigrateArgs),
    /// Apply YAML documents.
    #[command(after_long_help = APPLY_HELP)]
    Apply(ApplyArgs),
    /// Check if a subject may do something on a resource.
    #[command(after_long_help = CHECK_HELP)]
    Check(CheckArgs),
    /// Explain why a subject may or may not do something on a resource.
    #[command(after_long_help = EXPLAIN_HELP)]
    Explain(QuestionArgs),
    /// List the applications that a subject can use in an organization.
    #[command(after_long_help = ACCESS_HELP)]
    Access(AccessArgs),
    /// List resources, subjects or permissions by access.
    #[command(after_long_help = LIST_HELP)]
    List(ListArgs),
    /// Preview the effect of grant changes.
    #[command(after_long_help = PREVIEW_HELP)]
    Preview(PreviewArgs),
    /// List and show applications, and compare documents with the catalog.
    #[command(subcommand, alias = "catalogue", after_long_help = manage::CATALOG_HELP)]
    Catalog(CatalogCommand),
    /// Create, suspend, end and transfer entitlements.
    #[command(subcommand, after_long_help = manage::ENTITLEMENT_HELP)]
    Entitlement(EntitlementCommand),
    /// Manage custom roles.
    #[command(subcommand, after_long_help = manage::ROLE_HELP)]
    Role(RoleCommand),
    /// List, create and revoke grants.
    #[command(subcommand, after_long_help = manage::GRANT_HELP)]
    Grant(GrantCommand),
    /// List, approve or reject change requests.
    #[command(subcommand, after_long_help = request::HELP)]
    Request(RequestCommand),
    /// Stream changes, until Ctrl-C.
    #[command(after_long_help = WATCH_HELP)]
    Watch(WatchArgs),
    /// Read, export and verify the audit log.
    #[command(subcommand, after_long_help = audit::HELP)]
    Audit(AuditCommand),
    /// Create, verify and restore backups of the databases.
    #[command(subcommand, after_long_help = backup::HELP)]
    Backup(BackupCommand),
    /// Create the secrets of an installation.
    #[command(subcommand, after_long_help = installation::SECRETS_HELP)]
    Secrets(SecretsCommand),
    /// Create service accounts and their keys, for backends.
    #[command(subcommand, after_long_help = installation::SERVICE_ACCOUNT_HELP)]
    ServiceAccount(ServiceAccountCommand),
    /// Add, list, select or show contexts.
    #[command(subcommand, after_long_help = installation::CONTEXT_HELP)]
    Context(ContextCommand),
    /// Print the access rules of the Redis users of an installation: one for its services, one for
    /// systems that read decisions.
    RedisUsers(RedisUsersArgs),
    /// Print a completion script for a shell.
    Completion(CompletionArgs),
    /// Print the version.
    Version,
}

/// Arguments of `redis-users`.
#[derive(Debug, Args)]
pub struct RedisUsersArgs {
    /// The folder with the secrets of the installation, as for `mandate serve`.
    #[arg(long, env = "MANDATE_SECRETS")]
    pub secrets: PathBuf,
}

/// Arguments of `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// A document; `-` reads the standard input. Can be repeated.
    #[arg(short, long = "file", required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Show the plan and every refusal, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// A question, and the freshness that its answer needs.
#[derive(Debug, Args)]
pub struct QuestionArgs {
    /// The subject: `jan-peeters`, `users/jan-peeters` or `serviceAccounts/billing`.
    pub subject: String,
    /// The permission: `application.module.verb`.
    pub permission: String,
    /// The organization, unit or resource; the prefix `organizations/` is optional.
    pub resource: String,
    /// Answer with the latest facts of the store.
    #[arg(long, conflicts_with = "at_least_as_fresh")]
    pub consistent: bool,
    /// Answer at least as fresh as the change that returned this consistency token.
    #[arg(long, value_name = "TOKEN", allow_hyphen_values = true)]
    pub at_least_as_fresh: Option<String>,
    /// Answer as of this time, such as `2026-01-31T12:00:00Z`.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
    /// Context for conditions of grants; the value is JSON, or text. Can be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = given)]
    pub given: Vec<Given>,
    /// Exit with 3 if the answer is deny.
    #[arg(long)]
    pub error_on_deny: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The question.
    #[command(flatten)]
    pub question: QuestionArgs,
    /// Explain the answer, condition by condition and grant by grant.
    #[arg(long)]
    pub explain: bool,
}

/// Arguments of `access`.
#[derive(Debug, Args)]
pub struct AccessArgs {
    /// The subject: `jan-peeters`, `users/jan-peeters` or `serviceAccounts/billing`.
    pub subject: String,
    /// The organization; the prefix `organizations/` is optional.
    pub organization: String,
    /// Add roles, and each permission with its scope.
    #[arg(long)]
    pub full: bool,
}

/// Arguments of `preview`.
#[derive(Debug, Args)]
pub struct PreviewArgs {
    /// The changes; `-` reads the standard input.
    #[arg(short, long, value_name = "FILE")]
    pub file: PathBuf,
    /// Make the changes if their effect is still as previewed.
    #[arg(long)]
    pub apply: bool,
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The open side of the question.
    #[command(subcommand)]
    pub what: ListCommand,
    /// Answer as of this time, such as `2026-01-31T12:00:00Z`.
    #[arg(long, global = true, value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
    /// Context for conditions of grants; the value is JSON, or text. Can be repeated.
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = given)]
    pub given: Vec<Given>,
}

fn time(text: &str) -> Result<Timestamp, String> {
    let moment = moment::timestamp(text);
    moment.ok_or_else(|| "write it as `2026-01-31T12:00:00Z`".to_owned())
}

/// The open side of a question.
#[derive(Debug, Subcommand)]
pub enum ListCommand {
    /// List the resources on which a subject may do something.
    Resources {
        /// The subject: `jan-peeters`, `users/jan-peeters` or `serviceAccounts/billing`.
        subject: String,
        /// The permission: `application.module.verb`.
        permission: String,
        /// The organization; the prefix `organizations/` is optional.
        organization: String,
    },
    /// List the subjects that may do something, or that a notification route reaches.
    Subjects {
        /// The permission: `application.module.verb`; with `--route`, the notification route.
        held: String,
        /// The organization, unit or resource; the prefix `organizations/` is optional.
        resource: String,
        /// List the subjects that a notification route of a role reaches.
        #[arg(long)]
        route: bool,
    },
    /// List the permissions of a subject on a resource.
    Permissions {
        /// The subject: `jan-peeters`, `users/jan-peeters` or `serviceAccounts/billing`.
        subject: String,
        /// The organization, unit or resource; the prefix `organizations/` is optional.
        resource: String,
    },
}

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// The organization; every organization if absent, for the operator.
    pub organization: Option<String>,
    /// Resume after the last cursor that an earlier watch printed (`--json`).
    #[arg(long, allow_hyphen_values = true)]
    pub cursor: Option<String>,
}

/// The commands for contexts.
#[derive(Debug, Subcommand)]
pub enum ContextCommand {
    /// Add a context, and make it the current one.
    Add(ContextAddArgs),
    /// List the contexts; a star marks the current one.
    List,
    /// Select the context that commands use by default.
    Use {
        /// The context.
        name: String,
    },
    /// Show a context; the current one if no name is given.
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

    /// One token in 64 begins with a hyphen.
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
