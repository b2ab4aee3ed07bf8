//! A log of changes that goes back: a standby takes over without the last commits, a backup is
//! restored, a connection pool switches to a standby. No answer reflects the lost changes for
//! longer than the lease.

use std::{path::Path, time::Duration};

use api::{
    common::v1::{Consistency, Propagation, consistency::Requirement},
    entitlement::v1::{
        Application, CheckRequest, CreateGrantRequest, Decision, Effect, Grant, RevokeGrantRequest,
        Role, Scope, UpdateApplicationRequest,
    },
    identity::v1::{DeactivateUserRequest, ReactivateUserRequest},
    membership::v1::{CreateMembershipRequest, Membership},
};
use prost_types::FieldMask;
use testkit::Postgres;
use tests::{
    faults::{Fleet, LEASE, Mode, PERMISSION, REPLICAS, place, user},
    program,
};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::{
    cold::{LONG, MAY, MAY_NOT, allows},
    shared::{run, turn},
};

const ORGANIZATION: &str = "cold0";
/// A user who is not a member of the organization.
const NEWCOMER: usize = 2;
/// Time for which all replicas and Redis are queried, which includes the lease and the time after
/// it.
const OBSERVATION_TIME: Duration = Duration::from_secs(3);
/// Number of lost commits, and of commits that reuse their positions.
const LOST_COMMIT_COUNT: usize = 3;
/// More commits than the services make by themselves when an epoch begins.
const COMMITS_BEYOND_EPOCH_START: usize = 12;

/// Runs a test on a separate installation, whose database it may damage.
fn on_own_fleet(test: impl AsyncFnOnce(Fleet)) {
    run(async {
        let _turn = turn().await;
        test(Box::pin(Fleet::start(&program())).await).await;
    });
}

fn question(about: usize) -> CheckRequest {
    CheckRequest {
        subject: user(about),
        permission: PERMISSION.to_owned(),
        resource: place(ORGANIZATION, 1),
        consistency: None,
        read_time: None,
        context: None,
    }
}

async fn ask(
    fleet: &Fleet,
    replica: usize,
    about: usize,
    demanded: Option<Requirement>,
) -> Result<Decision, Status> {
    let mut question = question(about);
    question.consistency = demanded.map(|requirement| Consistency {
        requirement: Some(requirement),
    });
    let mut request = Request::new(question);
    request.set_timeout(LONG);
    let mut client = fleet.authorization(replica);
    Ok(client.check(request).await?.into_inner().decision.unwrap())
}

/// Writes through the first replica. Repeats the write with its request id if the connection to the
/// database was just closed.
async fn write<T>(call: impl AsyncFn() -> Result<T, Status>) -> T {
    for _ in 0..50 {
        match call().await {
            Ok(written) => return written,
            Err(status) => assert_eq!(status.code(), Code::Unavailable, "{status:?}"),
        }
        tokio::time::sleep(LEASE / 10).await;
    }
    panic!("the database does not recover");
}

/// Grants a user access to an organization. Returns the token.
async fn give_in(fleet: &Fleet, organization: &str, id: &str, about: usize) -> String {
    let scope = Scope {
        all: true,
        ..Scope::default()
    };
    let request = CreateGrantRequest {
        parent: format!("organizations/{organization}"),
        grant_id: id.to_owned(),
        request_id: format!("{id} at {:?}", fleet.history.now()),
        grant: Some(Grant {
            subject: user(about),
            role: "applications/desk/roles/viewer".to_owned(),
            scope: Some(scope),
            ..Grant::default()
        }),
        ..CreateGrantRequest::default()
    };
    let given = write(async || {
        let mut grants = fleet.clients(0).grants();
        grants.create_grant(request.clone()).await
    });
    given.await.into_inner().consistency_token
}

/// Grants access to the user without it. Returns the token.
async fn give(fleet: &Fleet) -> String {
    give_in(fleet, ORGANIZATION, "lost", MAY_NOT).await
}

/// Revokes the grant of the user with access. Returns the token.
async fn take(fleet: &Fleet) -> String {
    let request = RevokeGrantRequest {
        name: format!("organizations/{ORGANIZATION}/grants/g0"),
        request_id: format!("take at {:?}", fleet.history.now()),
        ..RevokeGrantRequest::default()
    };
    let taken = write(async || {
        let mut grants = fleet.clients(0).grants();
        grants.revoke_grant(request.clone()).await
    });
    taken.await.into_inner().consistency_token
}

/// Takes the permission from the role that grants it. Returns the token. Memory can learn of this
/// only from the log of entitlement: no feed of another service repeats it.
async fn reduce_role(fleet: &Fleet) -> String {
    let request = UpdateApplicationRequest {
        application: Some(Application {
            name: "applications/desk".to_owned(),
            roles: vec![Role {
                role_id: "viewer".to_owned(),
                permissions: vec!["desk.bills.print".to_owned()],
                ..Role::default()
            }],
            ..Application::default()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["roles".to_owned()],
        }),
        request_id: format!("reduce at {:?}", fleet.history.now()),
        ..UpdateApplicationRequest::default()
    };
    let reduced = write(async || {
        let mut catalog = fleet.clients(0).catalog();
        catalog.update_application(request.clone()).await
    });
    reduced.await.into_inner().consistency_token
}

/// Makes commits in the log of entitlement that change no access in this organization.
async fn commit(fleet: &Fleet, count: usize) {
    for number in 0..count {
        let organization = format!("cold{}", number + 1);
        give_in(fleet, &organization, &format!("more{number}"), MAY_NOT).await;
    }
}

/// Asserts that all replicas eventually give this answer, and that it is in Redis.
async fn assert_all_answer(fleet: &Fleet, about: usize, effect: Effect) {
    let asked = fleet.history.now();
    for replica in 0..REPLICAS {
        loop {
            let answer = ask(fleet, replica, about, None).await;
            if answer
                .as_ref()
                .is_ok_and(|answer| answer.effect() == effect)
            {
                break;
            }
            let late = fleet.history.now() > asked + OBSERVATION_TIME;
            assert!(!late, "replica {replica} answers {answer:?}");
            tokio::time::sleep(LEASE / 20).await;
        }
    }
    let reader = fleet.reader();
    let begin = fleet.history.now();
    while reader.decide(&question(about)).await.is_none() {
        assert!(fleet.history.now() < begin + LONG, "nothing is in Redis");
        tokio::time::sleep(LEASE / 20).await;
    }
}

/// Asserts that no answer allows from a lease after `lost` on, and that all replicas deny in the
/// end.
async fn assert_all_deny(fleet: &Fleet, about: usize, lost: Duration) {
    let reader = fleet.reader();
    let mut last = vec![None; REPLICAS];
    while fleet.history.now() < lost + OBSERVATION_TIME {
        for (replica, last) in last.iter_mut().enumerate() {
            let begin = fleet.history.now();
            let answer = ask(fleet, replica, about, None).await;
            let late = begin > lost + LEASE;
            assert!(!late || !allows(&answer), "replica {replica} allows");
            *last = Some(answer);
        }
        let begin = fleet.history.now();
        let read = reader.decide(&question(about)).await;
        let allowed = read.is_some_and(|decision| decision.effect() == Effect::Allow);
        assert!(!allowed || begin <= lost + LEASE, "Redis allows");
    }
    for answer in last.into_iter().flatten() {
        assert_eq!(answer.unwrap().effect(), Effect::Deny);
    }
    for replica in 0..REPLICAS {
        let consistent = Some(Requirement::FullyConsistent(true));
        let answer = ask(fleet, replica, about, consistent).await.unwrap();
        assert_eq!(answer.effect(), Effect::Deny, "replica {replica}");
    }
}

async fn assert_refused(fleet: &Fleet, token: &str) {
    for replica in 0..REPLICAS {
        let demanded = Some(Requirement::AtLeastAsFresh(token.to_owned()));
        let refused = ask(fleet, replica, MAY, demanded).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
        let info = refused.get_details_error_info().unwrap();
        assert_eq!(info.reason, "CONSISTENCY_TOKEN_OTHER_HISTORY");
        assert!(
            refused.message().contains("was replaced"),
            "{}",
            refused.message()
        );
    }
}

/// Promotes a standby and directs all connections to it.
fn fail_over(fleet: &Fleet, standby: &Postgres) {
    for proxy in &fleet.to_postgres {
        proxy.set(Mode::Refuse);
    }
    standby.promote().unwrap();
    fleet.lead_to_postgres(standby.server().port);
    for proxy in &fleet.to_postgres {
        proxy.set(Mode::Pass);
    }
}

#[test]
fn k_t_a_grant_whose_commit_a_failover_lost_allows_no_longer_than_the_lease() {
    on_own_fleet(async |fleet| {
        let standby = fleet.postgres().standby().unwrap();
        standby.disconnect().unwrap();
        let token = give(&fleet).await;
        commit(&fleet, LOST_COMMIT_COUNT - 1).await;
        assert_all_answer(&fleet, MAY_NOT, Effect::Allow).await;
        fail_over(&fleet, &standby);
        assert_all_deny(&fleet, MAY_NOT, fleet.history.now()).await;
        assert_refused(&fleet, &token).await;
        // The id of the lost grant is free again.
        give(&fleet).await;
    });
}

#[test]
fn k_t_a_paused_replica_does_not_mistake_new_changes_for_known_ones() {
    on_own_fleet(async |fleet| {
        let standby = fleet.postgres().standby().unwrap();
        standby.disconnect().unwrap();
        commit(&fleet, COMMITS_BEYOND_EPOCH_START).await;
        assert_all_answer(&fleet, MAY, Effect::Allow).await;
        let paused = fleet.pause_replica(REPLICAS - 1);
        fail_over(&fleet, &standby);
        // The change gets a position that the replica already knows; the log then grows beyond all
        // positions that the replica knows.
        let token = reduce_role(&fleet).await;
        commit(&fleet, COMMITS_BEYOND_EPOCH_START).await;
        tokio::time::sleep(2 * LEASE).await;
        drop(paused);
        let gone_on = fleet.history.now();
        assert_all_deny(&fleet, MAY, gone_on).await;
        let demanded = Some(Requirement::AtLeastAsFresh(token));
        let seen = ask(&fleet, REPLICAS - 1, MAY, demanded).await.unwrap();
        assert_eq!(seen.effect(), Effect::Deny);
    });
}

#[test]
fn a_lossless_failover_costs_no_memory_and_no_feed() {
    on_own_fleet(async |fleet| {
        let before = take(&fleet).await;
        assert_all_answer(&fleet, MAY, Effect::Deny).await;
        let standby = fleet.postgres().standby().unwrap();
        fail_over(&fleet, &standby);
        assert_all_deny(&fleet, MAY, fleet.history.now()).await;
        // The epoch changes anyway, because no process knows that nothing was lost.
        assert_refused(&fleet, &before).await;
        give(&fleet).await;
        assert_all_answer(&fleet, MAY_NOT, Effect::Allow).await;
    });
}

#[test]
fn k_g_a_standby_is_never_read() {
    on_own_fleet(async |fleet| {
        let standby = fleet.postgres().standby().unwrap();
        standby.pause_replay().unwrap();
        // The standby has all changes so far, but will receive no others.
        assert_standby_answers_nothing(&fleet, standby.server().port).await;
        fleet.lead_to_postgres(fleet.postgres().server().port);
        assert_all_answer(&fleet, MAY, Effect::Allow).await;
        take(&fleet).await;
        assert_standby_answers_nothing(&fleet, standby.server().port).await;
        fleet.lead_to_postgres(fleet.postgres().server().port);
        assert_all_answer(&fleet, MAY, Effect::Deny).await;
    });
}

/// Directs every connection to a standby, and asserts that no replica answers once the leases have
/// run out.
async fn assert_standby_answers_nothing(fleet: &Fleet, standby: u16) {
    let led = fleet.history.now();
    fleet.lead_to_postgres(standby);
    let mut late = 0;
    while fleet.history.now() < led + OBSERVATION_TIME {
        for replica in 0..REPLICAS {
            let begin = fleet.history.now();
            let answer = ask(fleet, replica, MAY, None).await;
            if begin > led + LEASE {
                assert!(answer.is_err(), "replica {replica} answers {answer:?}");
                late += 1;
            }
        }
    }
    assert!(late > 0, "no question came after the lease");
}

/// A dump of some schemas, which can be restored in one transaction.
struct Dump<'a> {
    schemas: &'a [&'a str],
    file: tempfile::TempPath,
}

impl<'a> Dump<'a> {
    fn of(fleet: &Fleet, schemas: &'a [&'a str]) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        let named: Vec<String> = schemas
            .iter()
            .map(|name| format!("--schema={name}"))
            .collect();
        let options: Vec<&str> = named.iter().map(String::as_str).collect();
        let (postgres, path): (_, &Path) = (fleet.postgres(), &file);
        postgres.dump(fleet.database(), &options, path).unwrap();
        Self { schemas, file }
    }

    fn restore(&self, fleet: &Fleet) {
        let schemas = self.schemas.join(", ");
        let drop = format!("DROP SCHEMA {schemas} CASCADE");
        let postgres = fleet.postgres();
        postgres
            .restore(fleet.database(), &drop, &self.file)
            .unwrap();
    }
}

const ALL_SCHEMAS: [&str; 3] = ["identity", "membership", "entitlement"];

#[test]
fn k_t_running_replicas_drop_grants_missing_from_a_restored_dump() {
    on_own_fleet(async |fleet| {
        let dump = Dump::of(&fleet, &ALL_SCHEMAS);
        let token = give(&fleet).await;
        commit(&fleet, LOST_COMMIT_COUNT).await;
        assert_all_answer(&fleet, MAY_NOT, Effect::Allow).await;
        dump.restore(&fleet);
        assert_all_deny(&fleet, MAY_NOT, fleet.history.now()).await;
        assert_refused(&fleet, &token).await;
        give(&fleet).await;
        assert_all_answer(&fleet, MAY_NOT, Effect::Allow).await;
    });
}

#[test]
fn a_grant_in_a_restored_dump_allows_again() {
    on_own_fleet(async |fleet| {
        let dump = Dump::of(&fleet, &ALL_SCHEMAS);
        take(&fleet).await;
        assert_all_answer(&fleet, MAY, Effect::Deny).await;
        dump.restore(&fleet);
        tokio::time::sleep(OBSERVATION_TIME).await;
        assert_all_answer(&fleet, MAY, Effect::Allow).await;
        take(&fleet).await;
        assert_all_deny(&fleet, MAY, fleet.history.now()).await;
    });
}

#[test]
fn k_t_replicas_started_after_a_restore_use_no_lost_decisions_from_redis() {
    on_own_fleet(async |mut fleet| {
        let dump = Dump::of(&fleet, &ALL_SCHEMAS);
        give(&fleet).await;
        assert_all_answer(&fleet, MAY_NOT, Effect::Allow).await;
        fleet.restart(|fleet| dump.restore(fleet)).await;
        // New commits reuse the positions of the lost ones.
        commit(&fleet, 2 * LOST_COMMIT_COUNT).await;
        assert_all_deny(&fleet, MAY_NOT, fleet.history.now()).await;
    });
}

#[test]
fn k_t_a_restored_identity_alone_is_followed_again() {
    on_own_fleet(async |fleet| {
        let dump = Dump::of(&fleet, &["identity"]);
        for _ in 0..LOST_COMMIT_COUNT {
            let mut users = fleet.clients(0).users();
            let name = user(MAY_NOT);
            let deactivate = DeactivateUserRequest {
                name: name.clone(),
                ..DeactivateUserRequest::default()
            };
            users.deactivate_user(deactivate).await.unwrap();
            let reactivate = ReactivateUserRequest {
                name,
                ..ReactivateUserRequest::default()
            };
            users.reactivate_user(reactivate).await.unwrap();
        }
        assert_all_answer(&fleet, MAY, Effect::Allow).await;
        dump.restore(&fleet);
        let deactivate = DeactivateUserRequest {
            name: user(MAY),
            ..DeactivateUserRequest::default()
        };
        let mut users = fleet.clients(0).users();
        let done = users
            .deactivate_user(deactivate)
            .await
            .unwrap()
            .into_inner();
        let deactivated = fleet.history.now();
        if done.propagation() == Propagation::Complete {
            let token = Some(Requirement::AtLeastAsFresh(done.consistency_token.clone()));
            for replica in 0..REPLICAS {
                let answer = ask(&fleet, replica, MAY, token.clone()).await;
                assert!(!allows(&answer), "replica {replica} allows");
            }
        }
        assert_all_deny(&fleet, MAY, deactivated).await;
    });
}

/// Enrolls the newcomer as a member.
async fn join(fleet: &Fleet) {
    let request = CreateMembershipRequest {
        parent: format!("organizations/{ORGANIZATION}"),
        membership_id: "newcomer".to_owned(),
        membership: Some(Membership {
            subject: user(NEWCOMER),
            ..Membership::default()
        }),
        request_id: format!("join at {:?}", fleet.history.now()),
        ..CreateMembershipRequest::default()
    };
    let joined = write(async || {
        let mut members = fleet.clients(0).members();
        members.create_membership(request.clone()).await
    });
    let token = joined.await.into_inner().consistency_token;
    let demanded = Some(Requirement::AtLeastAsFresh(token));
    ask(fleet, 0, NEWCOMER, demanded).await.unwrap();
}

#[test]
fn a_member_missing_from_a_restored_membership_loses_every_grant() {
    on_own_fleet(async |fleet| {
        let dump = Dump::of(&fleet, &["membership"]);
        join(&fleet).await;
        give_in(&fleet, ORGANIZATION, "newcomer", NEWCOMER).await;
        assert_all_answer(&fleet, NEWCOMER, Effect::Allow).await;
        dump.restore(&fleet);
        assert_all_deny(&fleet, NEWCOMER, fleet.history.now()).await;
        // A new membership starts without grants.
        join(&fleet).await;
        assert_all_deny(&fleet, NEWCOMER, fleet.history.now()).await;
        assert_all_answer(&fleet, MAY, Effect::Allow).await;
    });
}
