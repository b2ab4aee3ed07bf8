//! Grants with an end time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::entitlement::v1::{CreateGrantRequest, Effect, Grant, Scope};
use prost_types::Timestamp;
use tests::faults::user;

use crate::{
    cold::{Cold, LONG, MAY_NOT},
    shared::alone,
};

/// Maximum delay with which a replica on a busy machine may read the time of PostgreSQL, in
/// milliseconds.
const LATE_MS: i64 = 25;

/// Returns the Unix time in milliseconds.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

pub fn timestamp(millis: i64) -> Timestamp {
    Timestamp {
        seconds: millis.div_euclid(1000),
        nanos: i32::try_from(millis.rem_euclid(1000)).unwrap() * 1_000_000,
    }
}

#[test]
fn k_s_a_decision_in_redis_ends_with_its_grant() {
    alone(async |fleet| {
        let cold = Cold::new(fleet, 14);
        let end = now_ms() + 1500;
        let request = CreateGrantRequest {
            parent: format!("organizations/{}", cold.organization()),
            grant: Some(Grant {
                subject: user(MAY_NOT),
                role: "applications/desk/roles/viewer".to_owned(),
                scope: Some(Scope {
                    all: true,
                    ..Scope::default()
                }),
                end_time: Some(timestamp(end)),
                ..Grant::default()
            }),
            ..CreateGrantRequest::default()
        };
        let mut grants = fleet.clients(0).grants();
        let made = grants.create_grant(request).await.unwrap().into_inner();
        let reader = fleet.reader();
        let (mut last, mut allowed) = ([0; 4], [0; 4]);
        while now_ms() < end + 400 {
            for (replica, last) in last.iter_mut().take(3).enumerate() {
                let begin = now_ms();
                let token = &made.consistency_token;
                let answer = cold.ask(replica, MAY_NOT, LONG, token).await.unwrap();
                if answer.effect() == Effect::Allow {
                    (*last, allowed[replica]) = (begin, allowed[replica] + 1);
                }
            }
            let begin = now_ms();
            let read = reader.decide(&cold.question(MAY_NOT)).await;
            if read.is_some_and(|read| read.effect() == Effect::Allow) {
                (last[3], allowed[3]) = (begin, allowed[3] + 1);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let late = last.map(|last| last - end);
        println!("last allows of the replicas and of Redis: {late:?} ms after the end");
        assert!(!allowed.contains(&0), "a source never allowed: {allowed:?}");
        assert!(late.iter().all(|late| *late <= LATE_MS), "{late:?}");
    });
}
