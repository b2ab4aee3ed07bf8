//! Calls that are cancelled by their clients.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use api::{
    Peer,
    entitlement::v1::{
        CreateGrantRequest, ListEffectiveAccessRequest, ListGrantsRequest, PreviewRequest,
        RevokeGrantRequest, Scope,
    },
    identity::v1::{CreateUserRequest, ListUsersRequest, UpdateUserRequest, User},
    membership::v1::{CreateUnitRequest, ListMembershipsRequest, Unit},
};
use mandate_documents::clients::Clients;
use tests::{Rig, Setting};
use tokio::task::JoinSet;
use tonic::Status;

use crate::{shared::run, world::World};

/// Number of cancelling clients, the duration of the test, and the maximum time before a call is
/// cancelled.
const CANCELLING_CLIENTS: u64 = 12;
const TEST_DURATION: Duration = Duration::from_secs(6);
const MAX_CANCEL_DELAY_MS: u64 = 25;

#[test]
fn cancelled_calls_do_not_affect_later_calls() {
    run(async {
        let rig = Rig::start(Setting::Processes).await;
        let world = World::load(&rig, "cut-off").await;
        let over = Arc::new(AtomicBool::new(false));
        let mut loud = JoinSet::new();
        for number in 0..CANCELLING_CLIENTS {
            let (root, over) = (rig.root(), over.clone());
            loud.spawn(cut_off(root, number, over));
        }
        let (begin, mut calm) = (Instant::now(), 0);
        while begin.elapsed() < TEST_DURATION {
            make_one_call_of_each_kind(&world, calm).await.unwrap();
            calm += 1;
        }
        over.store(true, Ordering::Relaxed);
        let mut cut = 0;
        while let Some(number) = loud.join_next().await {
            cut += number.unwrap();
        }
        make_one_call_of_each_kind(&world, calm).await.unwrap();
        assert!(cut > 100, "only {cut} calls were cut off");
        for service in Peer::ALL {
            let log = rig.log(service);
            let warned = log
                .lines()
                .find(|line| line.contains("\"WARN\"") || line.contains("\"ERROR\""));
            // The warning at startup about listening without TLS is expected.
            assert_eq!(warned.filter(|line| !line.contains("insecure")), None);
        }
    });
}

/// Makes one complete call of each kind.
async fn make_one_call_of_each_kind(world: &World<'_>, number: u64) -> Result<(), Status> {
    let (root, id) = (world.rig.root(), format!("calm-{number}"));
    root.users().create_user(new_user(&id)).await?;
    root.organizations()
        .create_unit(new_unit(world.organization(), &id))
        .await?;
    let granted = CreateGrantRequest {
        parent: world.organization(),
        grant_id: id.clone(),
        grant: Some(world.grant("eva", "viewer", Some(all()))),
        ..CreateGrantRequest::default()
    };
    root.grants().create_grant(granted).await?;
    let listed = ListGrantsRequest {
        parent: world.organization(),
        ..ListGrantsRequest::default()
    };
    root.grants().list_grants(listed).await?;
    world.revoke(&id).await;
    root.users().list_users(ListUsersRequest::default()).await?;
    assert!(world.allows("ann", "units/k1").await);
    Ok(())
}

/// Makes calls of every kind, and cancels most of them at random times. Returns the number of
/// cancelled calls.
async fn cut_off(root: Clients, number: u64, over: Arc<AtomicBool>) -> u64 {
    let mut random = number * 7919 + 1;
    let mut cut = 0;
    while !over.load(Ordering::Relaxed) {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let within = Duration::from_micros((random >> 33) % (MAX_CANCEL_DELAY_MS * 1000));
        let id = format!("loud-{number}-{}", random >> 40);
        let called = call(&root, random >> 60, &id);
        // A call that completes may be refused, because another client may have been first.
        cut += u64::from(tokio::time::timeout(within, called).await.is_err());
    }
    cut
}

async fn call(root: &Clients, kind: u64, id: &str) -> Result<(), Status> {
    let parent = "organizations/cut-off".to_owned();
    match kind {
        0 | 1 => drop(root.users().create_user(new_user(id)).await?),
        2 => {
            let request = UpdateUserRequest {
                user: Some(User {
                    name: "users/cut-off-fay".to_owned(),
                    given_name: id.to_owned(),
                    ..User::default()
                }),
                update_mask: Some(prost_types::FieldMask {
                    paths: vec!["given_name".to_owned()],
                }),
                ..UpdateUserRequest::default()
            };
            drop(root.users().update_user(request).await?);
        }
        3 => drop(root.users().list_users(ListUsersRequest::default()).await?),
        4 | 5 => drop(
            root.organizations()
                .create_unit(new_unit(parent, id))
                .await?,
        ),
        6 => {
            let request = ListMembershipsRequest {
                parent,
                ..ListMembershipsRequest::default()
            };
            drop(root.members().list_memberships(request).await?);
        }
        7..=9 => {
            let request = CreateGrantRequest {
                parent,
                grant_id: id.to_owned(),
                grant: Some(api::entitlement::v1::Grant {
                    subject: "users/cut-off-ben".to_owned(),
                    role: "applications/cut-off/roles/viewer".to_owned(),
                    scope: Some(all()),
                    ..Default::default()
                }),
                ..CreateGrantRequest::default()
            };
            drop(root.grants().create_grant(request).await?);
            let request = RevokeGrantRequest {
                name: format!("organizations/cut-off/grants/{id}"),
                ..RevokeGrantRequest::default()
            };
            drop(root.grants().revoke_grant(request).await?);
        }
        10 => {
            let request = ListGrantsRequest {
                parent,
                ..ListGrantsRequest::default()
            };
            drop(root.grants().list_grants(request).await?);
        }
        11..=13 => {
            let request = ListEffectiveAccessRequest {
                parent,
                subject: "users/cut-off-ben".to_owned(),
                ..ListEffectiveAccessRequest::default()
            };
            drop(root.authorization().list_effective_access(request).await?);
        }
        _ => {
            let request = PreviewRequest {
                parent,
                changes: vec![api::entitlement::v1::GrantChange {
                    change: Some(api::entitlement::v1::grant_change::Change::Revoke(
                        RevokeGrantRequest {
                            name: "organizations/cut-off/grants/ann".to_owned(),
                            ..RevokeGrantRequest::default()
                        },
                    )),
                }],
                ..PreviewRequest::default()
            };
            drop(root.authorization().preview(request).await?);
        }
    }
    Ok(())
}

fn all() -> Scope {
    Scope {
        all: true,
        ..Scope::default()
    }
}

fn new_user(id: &str) -> CreateUserRequest {
    CreateUserRequest {
        user_id: id.to_owned(),
        user: Some(User {
            login: id.to_owned(),
            given_name: id.to_owned(),
            ..User::default()
        }),
        ..CreateUserRequest::default()
    }
}

fn new_unit(parent: String, id: &str) -> CreateUnitRequest {
    CreateUnitRequest {
        parent,
        unit_id: id.to_owned(),
        unit: Some(Unit {
            display_name: id.to_owned(),
            ..Unit::default()
        }),
        ..CreateUnitRequest::default()
    }
}
