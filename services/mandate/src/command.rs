//! The commands, one per file.

mod access;
mod apply;
mod audit;
mod backup;
mod catalog;
mod check;
mod completion;
mod context;
mod dev;
mod entitlement;
mod every;
mod explain;
mod grant;
mod list;
mod migrate;
mod names;
mod organization;
mod preview;
mod redis_users;
mod request;
mod role;
mod secrets;
mod service_account;
mod version;
mod watch;

use crate::{
    cli::{Cli, Command},
    connect::connect,
    exit::Failure,
};

/// Runs the command.
///
/// # Errors
/// The command failed; the failure holds the exit code of the process.
pub async fn run(cli: Cli) -> Result<(), Failure> {
    let context = cli.context.clone();
    let organization = organization::organization_of(&cli.command);
    let done = dispatch(cli).await;
    let Err(failure) = done else {
        return Ok(());
    };
    // The error does not reveal a misspelt organization; the hint does, to a caller who may list
    // organizations.
    if failure.denied
        && let Some(organization) = organization
        && let Ok(connection) = connect(context.as_deref())
        && let Some(told) = organization::misspelt(&connection, &organization).await
    {
        let message = format!("{}\n  {told}", failure.message);
        return Err(Failure { message, ..failure });
    }
    Err(failure)
}

async fn dispatch(cli: Cli) -> Result<(), Failure> {
    let (context, json) = (cli.context.as_deref(), cli.json);
    match cli.command {
        // Futures of whole installations are large; boxed, the other commands need not carry them.
        Command::Dev(args) => Box::pin(dev::dev(args)).await,
        Command::Serve(args) => Ok(Box::pin(mandate_server::serve(*args)).await?),
        Command::Migrate(args) => migrate::migrate(args).await,
        Command::Apply(args) => apply::apply(args, context, json).await,
        Command::Check(args) if args.explain => {
            explain::explain(args.question, context, json).await
        }
        Command::Check(args) => check::check(args.question, context, json).await,
        Command::Explain(args) => explain::explain(args, context, json).await,
        Command::Access(args) => access::access(args, context, json).await,
        Command::List(args) => list::list(args, context, json).await,
        Command::Preview(args) => preview::preview(args, context, json).await,
        Command::Catalog(command) => catalog::catalog(command, context, json).await,
        Command::Entitlement(command) => entitlement::entitlement(command, context, json).await,
        Command::Role(command) => role::role(command, context, json).await,
        Command::Grant(command) => grant::grant(command, context, json).await,
        Command::Request(command) => request::request(command, context, json).await,
        Command::Watch(args) => watch::watch(args, context, json).await,
        Command::Audit(command) => audit::audit(command, context, json).await,
        Command::Backup(command) => backup::backup(command, json).await,
        Command::Secrets(command) => secrets::secrets(&command, json),
        Command::ServiceAccount(command) => {
            service_account::service_account(command, context, json).await
        }
        Command::Context(args) => context::context(args, context, json),
        Command::RedisUsers(args) => redis_users::redis_users(&args, json),
        Command::Completion(args) => completion::completion(&args),
        Command::Version => version::version(json),
    }
}
