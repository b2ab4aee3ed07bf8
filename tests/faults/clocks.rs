//! Machines with wrong clocks.

use api::entitlement::v1::{CheckRequest, CreateGrantRequest, Effect, Grant, Scope};
use tests::{Rig, Setting};

use crate::{
    ends::{now_ms, timestamp},
    shared::run,
};

const DOCUMENT: &str = "
applications:
  - id: desk
    display_name: Desk
    modules: [{id: bills, verbs: [view]}]
    roles: [{id: viewer, permissions: [desk.bills.view]}]
users: [{id: ann, login: ann, given_name: Ann}]
organizations:
  - id: acme
    display_name: Acme
    entitlements: [{application: desk}]
    memberships: [{user: ann}]
";
/// Maximum difference between the replicas' views of one instant on a busy machine, in
/// milliseconds.
const APART_MS: i64 = 50;

#[test]
fn k_d_a_grant_ends_at_its_moment_on_machines_whose_clocks_are_wrong() {
    run(async {
        let first = Rig::start(Setting::Postgres).await;
        first.apply(DOCUMENT).await;
        let fast = first.replica_wrong_by(5000).await;
        let slow = first.replica_wrong_by(-5000).await;
        let (start, end) = (now_ms() + 700, now_ms() + 2000);
        let request = CreateGrantRequest {
            parent: "organizations/acme".to_owned(),
            grant: Some(Grant {
                subject: "users/ann".to_owned(),
                role: "applications/desk/roles/viewer".to_owned(),
                scope: Some(Scope {
                    all: true,
                    ..Scope::default()
                }),
                start_time: Some(timestamp(start)),
                end_time: Some(timestamp(end)),
                ..Grant::default()
            }),
            ..CreateGrantRequest::default()
        };
        fast.root().grants().create_grant(request).await.unwrap();
        let mut seen = [(i64::MAX, i64::MIN); 3];
        while now_ms() < end + 500 {
            for (rig, (from, to)) in [&first, &fast, &slow].into_iter().zip(&mut seen) {
                let request = CheckRequest {
                    subject: "users/ann".to_owned(),
                    permission: "desk.bills.view".to_owned(),
                    resource: "organizations/acme".to_owned(),
                    consistency: None,
                    read_time: None,
                    context: None,
                };
                let begin = now_ms();
                let answer = rig.root().authorization().check(request).await.unwrap();
                let decision = answer.into_inner().decision.unwrap();
                if decision.effect() == Effect::Allow {
                    (*from, *to) = ((*from).min(now_ms()), (*to).max(begin));
                }
            }
        }
        for (from, to) in seen {
            let (early, late) = (start - from, to - end);
            assert!(
                early <= APART_MS && late <= APART_MS,
                "{early} {late}: {seen:?}"
            );
            assert!(from < end && to > start, "never allowed: {seen:?}");
        }
    });
}
