//! `mandate redis-users`.

use entitlement::DECISIONS;
use freshness::Contract;
use serde_json::json;

use crate::{cli::RedisUsersArgs, exit::Failure, output, run::Secrets};

/// What every connection needs. What Redis 7.0 does not know, as `CLIENT SETINFO`, it would not let
/// pass in a rule; clients go on where they may not say it. They ask what Sentinel calls the master
/// for its role.
const CONNECT: &str = "+hello +auth +ping +select +role \
                       +cluster|slots +cluster|shards +cluster|nodes +cluster|myid";
/// What the services do: the script that puts values runs with the same rights.
const WRITE: &str = "+time +mget +get +set +eval +evalsha +script|load";
/// What others may do.
const READ: &str = "+mget +get";

/// Prints the rules of two Redis users: one for the services, and one that can read decisions and
/// do nothing else.
pub(super) fn redis_users(args: &RedisUsersArgs, json: bool) -> Result<(), Failure> {
    let namespace = Secrets::read(&args.secrets)?.sealer.namespace(DECISIONS);
    let contract = Contract::new(&namespace);
    let rules = |keys: &str, commands: &str| {
        format!("reset on resetchannels {keys} -@all {CONNECT} {commands}")
    };
    let service = rules(&format!("~{}", contract.pattern()), WRITE);
    let reader = rules(&format!("%R~{}", contract.readable()), READ);
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
    output::line("# Give each user a password of its own: >PASSWORD after `on`.");
    output::line(format!("ACL SETUSER mandate {service}"));
    output::line(format!("ACL SETUSER mandate-reader {reader}"));
    Ok(())
}
