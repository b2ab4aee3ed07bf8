//! `mandate redis-users`.

use entitlement::DECISIONS;
use freshness::Contract;
use mandate_server::Secrets;
use serde_json::json;

use crate::{cli::RedisUsersArgs, exit::Failure, output};

/// Commands that every connection needs. An ACL rule must not name a command that Redis 7.0 does
/// not know, such as `CLIENT SETINFO`; clients continue if it is refused. They send ROLE to the
/// master that Sentinel names.
const CONNECTION_COMMANDS: &str = "+hello +auth +ping +select +role \
                       +cluster|slots +cluster|shards +cluster|nodes +cluster|myid";
/// Commands of the services: the script that stores values runs with the same rights.
const SERVICE_COMMANDS: &str = "+time +mget +get +set +eval +evalsha +script|load";
/// Commands of other readers.
const READER_COMMANDS: &str = "+mget +get";

/// Prints the rules of two Redis users: one for the services, and one that can only read decisions.
pub(super) fn redis_users(args: &RedisUsersArgs, json: bool) -> Result<(), Failure> {
    let namespace = Secrets::read(&args.secrets)?.sealer.namespace(DECISIONS);
    let contract = Contract::new(&namespace);
    let rules = |keys: &str, commands: &str| {
        format!("reset on resetchannels {keys} -@all {CONNECTION_COMMANDS} {commands}")
    };
    let service = rules(&format!("~{}", contract.pattern()), SERVICE_COMMANDS);
    let reader = rules(&format!("%R~{}", contract.readable()), READER_COMMANDS);
    if json {
        return output::json(&json!({
            "namespace": namespace,
            "service": service,
            "reader": reader,
        }));
    }
    output::line(format!(
        "# The namespace of this installation is {namespace}"
    ));
    output::line("# Set a password for each user: >PASSWORD after `on`.");
    output::line(format!("ACL SETUSER mandate {service}"));
    output::line(format!("ACL SETUSER mandate-reader {reader}"));
    Ok(())
}
