//! A replica without its database.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use api::identity::v1::{CreateUserRequest, ListUsersRequest};
use tests::faults::{COLD, Fleet, Mode};
use tokio::time::sleep;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::{
    cold::{ASKED, Cold, LONG, MAY},
    shared::alone,
};

/// Maximum time until a replica detects that the database is away: the lease, and two attempts of a
/// second each.
const KNOWN: Duration = Duration::from_secs(5);
/// Duration of the questions, and the maximum latency of a refusal, which is far shorter than any
/// attempt.
const ASKING: Duration = Duration::from_secs(3);
const AT_ONCE: Duration = Duration::from_millis(250);
/// Maximum time until the replica answers again.
const BACK: Duration = Duration::from_millis(2500);

#[test]
fn while_the_database_is_away_calls_fail_at_once_and_say_when_to_come_back() {
    alone(async |fleet| {
        for mode in [Mode::Refuse, Mode::Stall] {
            fails_at_once(fleet, mode).await;
        }
    });
}

async fn fails_at_once(fleet: &Arc<Fleet>, mode: Mode) {
    let cold = Cold::new(fleet, COLD - 1);
    cold.ask(ASKED, MAY, LONG, "").await.unwrap();
    let clients = fleet.clients(ASKED);
    fleet.to_postgres[ASKED].set(mode);
    sleep(KNOWN).await;
    let before = fleet.log(ASKED).len();
    let begin = Instant::now();
    while begin.elapsed() < ASKING {
        let asked = Instant::now();
        let checked = cold.ask_as(&clients, MAY, LONG, "").await;
        away(checked.map(drop), asked);
        let asked = Instant::now();
        let mut users = clients.users();
        let created = users.create_user(CreateUserRequest::default()).await;
        away(created.map(drop), asked);
        let asked = Instant::now();
        let listed = users.list_users(ListUsersRequest::default()).await;
        away(listed.map(drop), asked);
    }
    let log = fleet.log(ASKED);
    each_cause_once_a_second(log.get(before..).unwrap());
    fleet.to_postgres[ASKED].set(Mode::Pass);
    let begin = Instant::now();
    while cold.ask(ASKED, MAY, LONG, "").await.is_err() {
        assert!(
            begin.elapsed() < BACK,
            "{mode:?}: the replica does not recover"
        );
        sleep(Duration::from_millis(20)).await;
    }
    while clients
        .users()
        .list_users(ListUsersRequest::default())
        .await
        .is_err()
    {
        assert!(begin.elapsed() < BACK, "{mode:?}: lists do not recover");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Asserts that a call was refused quickly because the database is away.
fn away(answered: Result<(), Status>, asked: Instant) {
    let took = asked.elapsed();
    let status = answered.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(took < AT_ONCE, "after {took:?}: {status:?}");
    let details = status.get_error_details();
    assert_eq!(
        details.error_info().unwrap().reason,
        "DEPENDENCY_UNAVAILABLE"
    );
    let retry = details.retry_info().and_then(|info| info.retry_delay);
    assert!(
        retry.is_some_and(|delay| delay > Duration::ZERO),
        "{status:?}"
    );
}

/// Asserts that the log reports each cause of failed calls at most once per second, with the id of
/// a call.
fn each_cause_once_a_second(log: &str) {
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    for line in log.lines().filter(|line| line.contains("call failed")) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| {
            let found = line.get("fields").and_then(|fields| fields.get(name));
            found.or_else(|| line.get(name)).map(ToString::to_string)
        };
        assert!(
            field("request_id").is_some_and(|id| id.len() > 10),
            "{line}"
        );
        *lines.entry(field("error").unwrap()).or_default() += 1;
    }
    let most = usize::try_from(ASKING.as_secs()).unwrap() + 1;
    assert!(!lines.is_empty());
    assert!(lines.values().all(|count| *count <= most), "{lines:?}");
}
