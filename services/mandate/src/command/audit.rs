//! `mandate audit`.

mod copy;
mod decisions;
mod export;
mod forget;
mod list;
mod resume;
mod verify;

use crate::{cli::AuditCommand, exit::Failure};

/// The logs, by the names of their services.
const LOG_NAMES: [&str; 3] = ["identity", "membership", "entitlement"];

/// Reads, exports or verifies the audit log.
pub(super) async fn audit(
    command: AuditCommand,
    context: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    match command {
        AuditCommand::List(args) => list::list(args, context, json).await,
        AuditCommand::Export { file, resume } => export::export(&file, resume, context, json).await,
        AuditCommand::Verify(args) => verify::verify(&args, json),
        AuditCommand::Decisions(args) => decisions::decisions(&args, json),
        AuditCommand::Forget { user } => forget::forget(&user, context).await,
    }
}

/// Calls a method of the audit service of each service, with a request of the same fields, and
/// passes each answer with the name of the log to the block until the block returns true. Skips a
/// log that has enough already.
macro_rules! each_log {
    ($connection:expr, $method:ident, $request:ident { $($field:ident: $value:expr),* $(,)? }, |$log:ident, $answer:ident| $then:block) => {
        each_log!($connection, $method, $request { $($field: $value),* }, |$log, $answer| $then, unless false)
    };
    ($connection:expr, $method:ident, $request:ident { $($field:ident: $value:expr),* $(,)? }, |$log:ident, $answer:ident| $then:block, unless $enough:expr) => {{
        use mandate_documents::clients::{Service, answer, within};
        each_log!(@one $connection, identity, identity_audit, Identity, $method, $request { $($field: $value),* }, |$log, $answer| $then, $enough);
        each_log!(@one $connection, membership, membership_audit, Membership, $method, $request { $($field: $value),* }, |$log, $answer| $then, $enough);
        each_log!(@one $connection, entitlement, entitlement_audit, Entitlement, $method, $request { $($field: $value),* }, |$log, $answer| $then, $enough);
    }};
    (@one $connection:expr, $package:ident, $client:ident, $service:ident, $method:ident, $request:ident { $($field:ident: $value:expr),* }, |$log:ident, $answer:ident| $then:block, $enough:expr) => {
        #[allow(clippy::needless_update, reason = "some requests have these fields only")]
        loop {
            let $log = stringify!($package);
            if $enough {
                break;
            }
            let request = api::$package::v1::$request {
                $($field: $value,)*
                ..Default::default()
            };
            let mut client = $connection.clients.$client();
            let call = client.$method(within(super::super::check::CALL_TIMEOUT, request));
            let $answer = answer(Service::$service, stringify!($method), call)
                .await
                .map_err(|error| $connection.failure(&error))?;
            if $then {
                break;
            }
        }
    };
}
use each_log;
