//! A call that involves three services forms one trace. This test needs a separate process, because
//! it traces everything in the process.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{collections::HashSet, time::Duration};

use api::membership::v1::{CreateMembershipRequest, Membership};
use fake_opentelemetry_collector::{FakeCollectorServer, setup_tracer_provider};
use opentelemetry::{global, trace::TracerProvider};
use tests::{Rig, Setting};
use tracing::Instrument;
use tracing_subscriber::{Layer, filter::LevelFilter, layer::SubscriberExt};

const DOCUMENT: &str = "
users:
  - {id: jan, login: jan, given_name: Jan}
organizations:
  - {id: acme, display_name: Acme, entitlements: [], units: [], resources: [], memberships: []}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_call_through_three_services_is_one_trace() {
    let mut collector = FakeCollectorServer::start().await.unwrap();
    let provider = setup_tracer_provider(&collector).await;
    global::set_text_map_propagator(opentelemetry_sdk::propagation::TraceContextPropagator::new());
    // The exporter creates its own spans, at lower levels.
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("test"))
        .with_filter(LevelFilter::INFO);
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let rig = Rig::start(Setting::Sqlite).await;
    rig.apply(DOCUMENT).await;
    let request = CreateMembershipRequest {
        parent: "organizations/acme".to_owned(),
        membership: Some(Membership {
            subject: "users/jan".to_owned(),
            ..Membership::default()
        }),
        ..CreateMembershipRequest::default()
    };
    let mut client = rig.root().members();
    client
        .create_membership(request)
        .instrument(tracing::info_span!("caller"))
        .await
        .unwrap();

    // A span ends when all work of its call has ended, which may be after the answer.
    let method = "mandate.membership.v1.MemberService/CreateMembership";
    let mut spans = Vec::new();
    for _ in 0..20 {
        provider.force_flush().unwrap();
        let more = collector.exported_spans(10_000, Duration::from_millis(250));
        spans.extend(more.await);
        if spans.iter().any(|span| span.name == method) {
            break;
        }
    }
    let call = spans.iter().find(|span| span.name == method).unwrap();
    let trace: HashSet<&str> = spans
        .iter()
        .filter(|span| span.trace_id == call.trace_id)
        .map(|span| span.name.as_str())
        .collect();
    for expected in [
        method,
        "mandate.identity.v1.PeerService/VerifyServiceAccountKey",
        "mandate.entitlement.v1.PeerService/Authorize",
        "mandate.identity.v1.PeerService/DescribeSubjects",
    ] {
        assert!(trace.contains(expected), "{expected} is not in {trace:?}");
    }
}
