//! An apply that is cut off between any two of its calls, or after a call whose answer is lost,
//! continues when the document is applied again.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use mandate_documents::{
    apply::{Options, apply},
    clients::Clients,
    document::parse_str,
};
use rpc::Channel;
use tests::{Rig, Setting};
use tonic::Status;
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

const DOCUMENT: &str = "
applications:
  - id: $-app
    display_name: App
    modules: [{id: m, verbs: [view]}]
    roles: [{id: viewer, permissions: [$-app.m.view]}]
users:
  - {id: $-jan, login: $-jan, given_name: Jan}
  - {id: $-eva, login: $-eva, given_name: Eva, state: DEACTIVATED}
organizations:
  - id: $-acme
    display_name: Acme
    entitlements: [{application: $-app, state: SUSPENDED}]
    units: [{id: k1, display_name: K1}]
    resources: [{id: r1, type: product, unit: k1}]
    memberships:
      - {user: $-jan, state: SUSPENDED, grants: [{role: $-app.viewer, scope: {units: [k1]}}]}
";

/// Wraps a channel that fails at call number `cut`: before the call is made, or with its answer
/// lost.
fn cut(channel: Channel, calls: &Arc<AtomicUsize>, cut: usize, lost: bool) -> Channel {
    let calls = calls.clone();
    BoxCloneSyncService::new(service_fn(move |request| {
        let (number, channel) = (calls.fetch_add(1, Ordering::SeqCst), channel.clone());
        async move {
            if number > cut || (number == cut && !lost) {
                return Err(Status::unavailable("killed"));
            }
            let answer = channel.oneshot(request).await;
            if number == cut {
                return Err(Status::unavailable("killed"));
            }
            answer
        }
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_cut_off_at_any_call_is_completed_by_the_next() {
    let rig = Rig::start(Setting::Sqlite).await;
    for lost in [false, true] {
        for step in 0.. {
            let text = DOCUMENT.replace('$', &format!("s{step}-{lost}"));
            let documents = [parse_str("steps.yaml", &text).unwrap()];
            let calls = Arc::default();
            let channels = rig
                .channels()
                .map(|channel| cut(channel, &calls, step, lost));
            let [identity, membership, entitlement] = channels;
            let clients = Clients::new(identity, membership, entitlement, &rig.secrets().root);
            let first = apply(&documents, &clients, Options::default(), &mut ()).await;
            let again = apply(&documents, &rig.root(), Options::default(), &mut ()).await;
            again.unwrap_or_else(|error| panic!("cut at {step}, lost {lost}: {error:?}"));
            let last = apply(&documents, &rig.root(), Options::default(), &mut ()).await;
            let counts = last.unwrap().counts;
            assert_eq!((counts.created, counts.changed), (0, 0), "cut at {step}");
            if first.is_ok() && calls.load(Ordering::SeqCst) <= step {
                assert!(step > 10, "an apply makes {step} calls");
                break;
            }
        }
    }
}
