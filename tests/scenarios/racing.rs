//! Rights that are revoked while they are used.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use api::entitlement::v1::CreateGrantRequest;
use tests::{Rig, Setting};
use tokio::{sync::Semaphore, task::JoinSet};
use tonic::Code;

use crate::{
    managed::{Managed, all},
    refusal::refusal,
    shared::everywhere,
};

/// Number of grants, of concurrent calls, and of grants made before the right is revoked.
const GRANTS: usize = 1000;
const AT_ONCE: usize = 24;
const BEFORE: usize = 300;

#[test]
fn b5_nothing_is_given_after_the_power_to_give_was_taken() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "b5").await;
        let owner = world.as_("owner").await;
        let grants = (0..GRANTS).map(|number| CreateGrantRequest {
            grant_id: format!("b5-{number}"),
            ..world.grant(&world.user("ben"), "a.viewer", all())
        });
        let (done, places) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(Semaphore::new(AT_ONCE)),
        );
        let mut running = JoinSet::new();
        for request in grants {
            let (mut client, done, places) = (owner.grants(), done.clone(), places.clone());
            running.spawn(async move {
                let _place = places.acquire_owned().await.unwrap();
                let given = client.create_grant(request).await;
                done.fetch_add(1, Ordering::Relaxed);
                given
            });
        }
        // Another replica revokes the right if there is one, so that local memory cannot help.
        let replica = match rig.setting {
            Setting::Postgres => Some(rig.replica().await),
            Setting::Sqlite | Setting::Processes => None,
        };
        while done.load(Ordering::Relaxed) < BEFORE {
            tokio::task::yield_now().await;
        }
        let root = replica.as_ref().unwrap_or(rig).root();
        let revoked = world.revoke(&root, "owner").await.unwrap().into_inner();
        let end = position(rig, &revoked.consistency_token);
        let mut given = 0;
        while let Some(answer) = running.join_next().await {
            match answer.unwrap() {
                Ok(created) => {
                    let token = created.into_inner().consistency_token;
                    assert!(position(rig, &token) < end, "{:?}", rig.setting);
                    given += 1;
                }
                refused => {
                    let (code, reason) = refusal(refused);
                    let expected = (Code::PermissionDenied, "NOT_APPLICATION_ADMIN");
                    assert_eq!((code, &*reason), expected, "{:?}", rig.setting);
                }
            }
        }
        assert!(
            (1..GRANTS).contains(&given),
            "{given} grants created in {:?}",
            rig.setting
        );
    });
}

/// Returns the log position at which a change was committed.
fn position(rig: &Rig, token: &str) -> i64 {
    rig.secrets().sealer.open_consistency(token).unwrap().at
}
