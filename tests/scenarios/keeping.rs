//! An organization always keeps an owner who can act, now and later, through every change of facts.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use api::{
    entitlement::v1::{
        ApplyGrantChangesRequest, CreateEntitlementRequest, CreateGrantRequest,
        EndEntitlementRequest, Entitlement, Grant, GrantChange, ListGrantsRequest,
        RevokeGrantRequest, SuspendEntitlementRequest, TransferEntitlementRequest,
        UpdateGrantRequest, grant_change::Change,
    },
    identity::v1::ListUsersRequest,
};
use mandate_documents::clients::Clients;
use prost_types::Timestamp;
use tests::{Rig, Setting};
use tokio::{sync::Semaphore, task::JoinSet};
use tonic::{Code, Response, Status};
use types::UnixTime;

use crate::{
    managed::{Managed, all},
    refusal::{assert_refused, refusal},
    restoring::{demand, subscribe},
    revoking::mask,
    shared::{everywhere, run},
    staff::staff,
};

const LAST_OWNER_REFUSAL: (Code, &str) = (Code::FailedPrecondition, "LAST_OWNER");

/// A time long after the tests.
const FAR_FUTURE: Timestamp = Timestamp {
    seconds: 32_000_000_000,
    nanos: 0,
};

async fn postpone_start(
    world: &Managed<'_>,
    by: &Clients,
    grant: &str,
) -> Result<Response<()>, Status> {
    let later = Grant {
        start_time: Some(FAR_FUTURE),
        ..Grant::default()
    };
    let updated = world.update(by, grant, &["start_time"], later).await;
    updated.map(|_| Response::new(()))
}

#[test]
fn s2_31_the_start_of_the_last_owner_cannot_be_postponed() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s2-31-later").await;
        let root = rig.root();
        postpone_start(&world, &root, "other").await.unwrap();
        let refused = postpone_start(&world, &root, "owner").await;
        assert_refused(refused, LAST_OWNER_REFUSAL.0, LAST_OWNER_REFUSAL.1);
        // An owner who begins later does not count yet, and one who ends does not count for later.
        assert_refused(
            world.revoke(&root, "owner").await,
            LAST_OWNER_REFUSAL.0,
            LAST_OWNER_REFUSAL.1,
        );
        let ends = Grant {
            end_time: Some(Timestamp {
                seconds: FAR_FUTURE.seconds - 60,
                nanos: 0,
            }),
            ..Grant::default()
        };
        let gap = world.update(&root, "owner", &["end_time"], ends).await;
        assert_refused(gap, LAST_OWNER_REFUSAL.0, LAST_OWNER_REFUSAL.1);
        // The second owner begins exactly when the first ends.
        let ends = Grant {
            end_time: Some(FAR_FUTURE),
            ..Grant::default()
        };
        let handed = world.update(&root, "owner", &["end_time"], ends).await;
        handed.unwrap();
        assert_refused(
            world.revoke(&root, "other").await,
            LAST_OWNER_REFUSAL.0,
            LAST_OWNER_REFUSAL.1,
        );
    });
}

#[test]
fn s2_31_owners_who_postpone_each_other_leave_one() {
    everywhere(async |rig| {
        for id in ["s2-31-l0", "s2-31-l1", "s2-31-l2", "s2-31-l3"] {
            let world = Managed::load(rig, id).await;
            let (owner, other) = (world.as_("owner").await, world.as_("other").await);
            let (one, two) = tokio::join!(
                postpone_start(&world, &owner, "other"),
                postpone_start(&world, &other, "owner")
            );
            assert_ne!(one.is_ok(), two.is_ok(), "{one:?} {two:?}");
            let left = if one.is_ok() { "owner" } else { "other" };
            let refused = world.revoke(&rig.root(), left).await;
            assert_refused(refused, LAST_OWNER_REFUSAL.0, LAST_OWNER_REFUSAL.1);
        }
    });
}

/// 400 concurrent calls end the grants of two owners, by every method.
#[test]
fn s2_31_many_concurrent_attempts_to_end_owners_leave_one() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s2-31-many").await;
        let root = rig.root();
        let places = Arc::new(Semaphore::new(24));
        let mut running = JoinSet::new();
        for number in 0..400 {
            let grant = ["owner", "other"][number % 2];
            let (mut client, places) = (root.grants(), places.clone());
            let revoke = RevokeGrantRequest {
                name: world.grant_name(grant),
                ..RevokeGrantRequest::default()
            };
            let later = UpdateGrantRequest {
                grant: Some(Grant {
                    name: world.grant_name(grant),
                    start_time: Some(FAR_FUTURE),
                    ..Grant::default()
                }),
                update_mask: mask("start_time"),
                ..UpdateGrantRequest::default()
            };
            running.spawn(async move {
                let _place = places.acquire_owned().await.unwrap();
                let ended = match number % 4 {
                    0 | 1 => client.update_grant(later).await.map(drop),
                    _ => client.revoke_grant(revoke).await.map(drop),
                };
                (grant, ended)
            });
        }
        let mut ended = BTreeSet::new();
        while let Some(answer) = running.join_next().await {
            match answer.unwrap() {
                (grant, Ok(())) => drop(ended.insert(grant.to_owned())),
                (_, Err(status)) => {
                    let (_, reason) = refusal::<()>(Err(status));
                    let told = ["LAST_OWNER", "WRONG_STATE"];
                    assert!(told.contains(&&*reason), "{reason}");
                }
            }
        }
        assert_eq!(ended.len(), 1, "{ended:?}");
    });
}

#[test]
fn s2_31_ineligible_owners_do_not_count() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s2-31-sub").await;
        let (root, ann) = (rig.root(), world.user("ann"));
        let ben = world.user("ben");
        for person in [&ann, &ben] {
            world
                .give(&root, person, "mandate.owner", None)
                .await
                .unwrap();
        }
        for grant in ["owner", "other"] {
            world.revoke(&root, grant).await.unwrap();
        }
        assert_refused(
            demand(&world, &root, true).await,
            LAST_OWNER_REFUSAL.0,
            LAST_OWNER_REFUSAL.1,
        );
        subscribe(&world, &root, &ann, true).await.unwrap();
        demand(&world, &root, true).await.unwrap();
        let refused = subscribe(&world, &root, &ann, false).await;
        assert_refused(refused, LAST_OWNER_REFUSAL.0, LAST_OWNER_REFUSAL.1);
        let grants = world
            .listed(
                &root,
                ListGrantsRequest {
                    role: world.role("mandate.owner"),
                    subject: ann.clone(),
                    ..ListGrantsRequest::default()
                },
            )
            .await;
        assert_refused(
            world.revoke(&root, &grants[0]).await,
            LAST_OWNER_REFUSAL.0,
            LAST_OWNER_REFUSAL.1,
        );
        subscribe(&world, &root, &ben, true).await.unwrap();
        crate::feeds::heard(rig).await;
        world.revoke(&root, &grants[0]).await.unwrap();
    });
}

#[test]
fn s2_31_requiring_and_ending_subscriptions_concurrently_leaves_an_owner() {
    everywhere(async |rig| {
        for id in ["s2-31-d0", "s2-31-d1", "s2-31-d2", "s2-31-d3"] {
            let world = Managed::load(rig, id).await;
            let (root, ann) = (rig.root(), world.user("ann"));
            world
                .give(&root, &ann, "mandate.owner", None)
                .await
                .unwrap();
            subscribe(&world, &root, &ann, true).await.unwrap();
            for grant in ["owner", "other"] {
                world.revoke(&root, grant).await.unwrap();
            }
            let (demanded, ended) = tokio::join!(
                demand(&world, &root, true),
                subscribe(&world, &root, &ann, false)
            );
            assert_ne!(demanded.is_ok(), ended.is_ok(), "{demanded:?} {ended:?}");
            let refused = if demanded.is_ok() { ended } else { demanded };
            assert_refused(refused, LAST_OWNER_REFUSAL.0, LAST_OWNER_REFUSAL.1);
        }
    });
}

#[test]
fn s2_31_the_management_entitlement_cannot_be_removed_from_an_organization() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s2-31-ent").await;
        let mut grants = rig.root().grants();
        let name = format!("{}/entitlements/mandate", world.name());
        let suspend = SuspendEntitlementRequest {
            name: name.clone(),
            ..SuspendEntitlementRequest::default()
        };
        let refused = grants.suspend_entitlement(suspend).await;
        assert_refused(refused, LAST_OWNER_REFUSAL.0, LAST_OWNER_REFUSAL.1);
        let end = EndEntitlementRequest {
            name: name.clone(),
            ..EndEntitlementRequest::default()
        };
        assert_refused(
            grants.end_entitlement(end).await,
            LAST_OWNER_REFUSAL.0,
            LAST_OWNER_REFUSAL.1,
        );
        let transfer = TransferEntitlementRequest {
            name,
            destination: "organizations/s2-31-to".to_owned(),
            ..TransferEntitlementRequest::default()
        };
        rig.apply("organizations: [{id: s2-31-to, display_name: To}]")
            .await;
        crate::feeds::heard(rig).await;
        let refused = grants.transfer_entitlement(transfer).await;
        assert_refused(refused, LAST_OWNER_REFUSAL.0, LAST_OWNER_REFUSAL.1);
        let ends = CreateEntitlementRequest {
            parent: "organizations/s2-31-to".to_owned(),
            entitlement: Some(Entitlement {
                application: "applications/mandate".to_owned(),
                end_time: Some(FAR_FUTURE),
                ..Entitlement::default()
            }),
            ..CreateEntitlementRequest::default()
        };
        let refused = grants.create_entitlement(ends).await;
        assert_refused(refused, Code::InvalidArgument, "INVALID_REQUEST");
    });
}

/// Partly S3-43: no process is killed.
#[test]
fn s3_43_ownership_is_handed_over_in_one_step() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s3-43").await;
        let root = rig.root();
        world.revoke(&root, "other").await.unwrap();
        let apply = async |changes: Vec<Change>| {
            let changes = changes.into_iter().map(|change| GrantChange {
                change: Some(change),
            });
            let request = ApplyGrantChangesRequest {
                parent: world.name(),
                changes: changes.collect(),
                ..ApplyGrantChangesRequest::default()
            };
            root.grants().apply_grant_changes(request).await
        };
        let revoke = || {
            Change::Revoke(RevokeGrantRequest {
                name: world.grant_name("owner"),
                ..RevokeGrantRequest::default()
            })
        };
        assert_refused(
            apply(vec![revoke()]).await,
            LAST_OWNER_REFUSAL.0,
            LAST_OWNER_REFUSAL.1,
        );
        let mut give = world.grant(&world.user("ann"), "mandate.owner", all());
        give.parent = String::new();
        apply(vec![revoke(), Change::Create(give)]).await.unwrap();
    });
}

#[test]
fn s0_29_the_start_of_the_last_application_admin_cannot_be_postponed() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-29-later").await;
        let refused = postpone_start(&world, &rig.root(), "admin").await;
        let last = (Code::FailedPrecondition, "LAST_APPLICATION_ADMIN");
        assert_refused(refused, last.0, last.1);
    });
}

/// The last operator account is protected like the last owner.
#[test]
fn s2_31_the_last_permanent_operator_account_cannot_be_removed() {
    run(async {
        for setting in Setting::IN_PROCESS {
            let rig = Rig::at(setting, UnixTime(1_767_225_600_000)).await;
            let desk = staff(&rig, "desk", &["mandate.users.read"]).await;
            let root = rig.root();
            let account = "serviceAccounts/desk".to_owned();
            let grant = CreateGrantRequest {
                parent: "organizations/operator".to_owned(),
                grant: Some(Grant {
                    subject: account,
                    role: "applications/mandate/roles/operator".to_owned(),
                    scope: all(),
                    can_delegate: true,
                    end_time: Some(Timestamp {
                        seconds: 1_767_225_660,
                        nanos: 0,
                    }),
                    ..Grant::default()
                }),
                grant_id: "second".to_owned(),
                ..CreateGrantRequest::default()
            };
            root.grants().create_grant(grant).await.unwrap();
            let revoke = |id: &str| RevokeGrantRequest {
                name: format!("organizations/operator/grants/{id}"),
                ..RevokeGrantRequest::default()
            };
            // The grant of the other operator account ends in a minute.
            let refused = desk.grants().revoke_grant(revoke("root")).await;
            assert!(refused.is_err());
            rig.clock.as_ref().unwrap().advance(Duration::from_secs(61));
            root.users()
                .list_users(ListUsersRequest::default())
                .await
                .unwrap();
        }
    });
}
