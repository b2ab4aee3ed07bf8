//! If the work after an approval is interrupted, the change is made once, or the request is marked
//! as failed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use api::{
    common::v1::Propagation, entitlement::v1::CreateGrantRequest,
    membership::v1::ChangeRequestState,
};
use clock::SystemClock;
use mandate_documents::clients::Clients;
use rpc::{Authentication, Channel, in_process, stack};
use tests::{Rig, Setting};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Status;
use tower::{ServiceExt, util::BoxCloneSyncService};

use super::load;
use crate::{
    managed::{Managed, all},
    shared::run,
};

/// Maximum time until an interrupted request is resumed.
const RESUME_TIMEOUT: Duration = Duration::from_secs(60);

/// The fate of the calls that change grants, after the preflight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The calls do not arrive, as if the service had ended after it recorded the approval.
    Before,
    /// The calls arrive but their answers do not, as if the service had ended before it recorded
    /// the result.
    After,
    /// The calls arrive, after another grant was created.
    Overtaken,
}

/// A replica of membership whose calls that change grants are cut off. It ends when this is
/// dropped.
pub struct Replica {
    pub clients: Clients,
    seen: Arc<AtomicUsize>,
    _running: DropGuard,
}

impl Replica {
    /// Asserts that calls were cut off. Without such calls, the test shows nothing.
    pub fn assert_cut(&self, cut: Cut) {
        let least = if cut == Cut::Overtaken { 1 } else { 2 };
        let seen = self.seen.load(Ordering::Relaxed);
        assert!(seen >= least, "{cut:?}: {seen} calls");
    }
}

/// Starts a replica whose calls are cut off.
pub async fn replica(rig: &Rig, cut: Cut, meanwhile: CreateGrantRequest) -> Replica {
    let [identity, _, whole] = rig.channels();
    let [identity_for_it, _, whole_for_it] = rig.channels_as(api::Peer::Membership);
    let secrets = rig.secrets();
    let shutdown = CancellationToken::new();
    let seen = Arc::new(AtomicUsize::new(0));
    let built = membership::build(membership::Dependencies {
        store: rig.stores().membership,
        clock: Arc::new(SystemClock::default()),
        sealer: secrets.sealer.clone(),
        identity: identity_for_it,
        entitlement: cutting(whole_for_it, rig.root(), cut, meanwhile, seen.clone()),
        tasks: tasks::Tasks::new(shutdown.clone()),
    });
    let built = built.await.unwrap();
    let authentication = Authentication {
        credentials: built.keys,
        tokens: None,
        anonymous: None,
    };
    let service = stack(built.routes, authentication, rpc::Limits::default());
    let clients = Clients::new(identity, in_process(service), whole, &secrets.root);
    Replica {
        clients,
        seen,
        _running: shutdown.drop_guard(),
    }
}

fn cutting(
    whole: Channel,
    root: Clients,
    cut: Cut,
    meanwhile: CreateGrantRequest,
    seen: Arc<AtomicUsize>,
) -> Channel {
    let service = tower::service_fn(move |request: http::Request<tonic::body::Body>| {
        let (whole, root, meanwhile) = (whole.clone(), root.clone(), meanwhile.clone());
        let changes = request.uri().path().ends_with("/ApplyGrantChangesFor");
        let number = if changes {
            seen.fetch_add(1, Ordering::Relaxed) + 1
        } else {
            0
        };
        async move {
            if number > 1 && cut == Cut::Before {
                return Err(Status::unavailable("cut"));
            }
            let answer = whole.oneshot(request).await;
            if number > 1 && cut == Cut::After {
                return Err(Status::unavailable("cut"));
            }
            if number == 1 && cut == Cut::Overtaken {
                root.grants().create_grant(meanwhile).await?;
            }
            answer
        }
    });
    BoxCloneSyncService::new(service)
}

#[test]
fn s4_20_an_interrupted_approval_takes_effect_once() {
    run(async {
        for setting in Setting::IN_PROCESS {
            for cut in [Cut::Before, Cut::After] {
                let mut rig = Rig::start(setting).await;
                {
                    let world = load(&rig, "stopped").await;
                    let desk = world.as_("desk").await;
                    world
                        .pending(&desk, "wished", world.wish("ben", "wished", "a.editor"))
                        .await;
                    let broken = replica(&rig, cut, CreateGrantRequest::default()).await;
                    let approved = world.approve(&broken.clients, "wished").await;
                    let approved = approved.unwrap().into_inner();
                    broken.assert_cut(cut);
                    let propagation = approved.propagation();
                    let request = approved.change_request.unwrap();
                    // The other replica may have resumed the request already.
                    if request.state() != ChangeRequestState::Applied {
                        assert_eq!(request.state(), ChangeRequestState::Approved, "{cut:?}");
                        assert_eq!(propagation, Propagation::Pending);
                    }
                }
                rig.restart().await;
                let (world, root) = (Managed::named(&rig, "stopped"), rig.root());
                let applied = async {
                    while world.state(&root, "wished").await != ChangeRequestState::Applied {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                };
                tokio::time::timeout(RESUME_TIMEOUT, applied)
                    .await
                    .expect("applied");
                assert_eq!(world.held(&root, "ben").await, ["wished"]);
                assert_eq!(world.recorded(&root).await.len(), 1, "{cut:?}");
            }
        }
    });
}

#[test]
fn an_approved_change_that_is_no_longer_possible_fails_with_a_reason() {
    run(async {
        for setting in Setting::IN_PROCESS {
            let rig = Rig::start(setting).await;
            let world = load(&rig, "failed").await;
            let (desk, root) = (world.as_("desk").await, rig.root());
            world
                .pending(&desk, "wished", world.wish("ben", "wished", "a.editor"))
                .await;
            let meanwhile = CreateGrantRequest {
                grant_id: "meanwhile".to_owned(),
                ..world.grant(&world.user("ben"), "a.auditor", all())
            };
            let changing = replica(&rig, Cut::Overtaken, meanwhile).await;
            let approved = world.approve(&changing.clients, "wished").await;
            let approved = approved.unwrap().into_inner();
            changing.assert_cut(Cut::Overtaken);
            let request = approved.change_request.unwrap();
            assert_eq!(request.state(), ChangeRequestState::Failed);
            assert_eq!(request.failure_reason, "SOD_VIOLATION");
            assert_eq!(world.request(&root, "wished").await, request);
            assert_eq!(world.member(&root, "ben").await.pending_request, "");
            assert_eq!(world.held(&root, "ben").await, ["meanwhile"]);
        }
    });
}
