//! The decision log, as written by the methods.

use std::{fs, path::Path, time::Duration};

use api::entitlement::v1::{CheckBatchRequest, Question};
use entitlement::{DecisionLogSettings, DecisionLogTarget};
use fake_opentelemetry_collector::{ExportedLog, FakeCollectorServer};
use serde_json::Value;
use tests::{Patience, Rig, Setting};

use crate::{shared::run, world::World};

/// Returns the log lines about the permissions of a world, once there are `count` of them.
async fn lines(path: &Path, world: &World<'_>, count: usize) -> Vec<Value> {
    let patience = Patience::with("lines of the log");
    loop {
        let text = fs::read_to_string(path).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let asked = world.permission("billing.view");
        let lines = lines.filter(|line: &Value| line["permission"] == *asked);
        let lines: Vec<Value> = lines.collect();
        if lines.len() >= count {
            return lines;
        }
        patience.pause().await;
    }
}

/// Checks two allowed questions and a denied one, then a batch with one of each.
async fn ask(world: &World<'_>) {
    for (user, allowed) in [("ann", true), ("ben", true), ("eva", false)] {
        assert_eq!(world.allows(user, "units/k1").await, allowed);
    }
    let questions = ["ann", "eva"].map(|user| {
        let asked = world.question(user, "units/k2");
        Question {
            subject: asked.subject,
            permission: asked.permission,
            resource: asked.resource,
            context: None,
        }
    });
    let request = CheckBatchRequest {
        questions: questions.to_vec(),
        consistency: None,
    };
    world
        .rig
        .root()
        .authorization()
        .check_batch(request)
        .await
        .unwrap();
}

#[test]
fn k_v_answers_are_logged_with_masked_subjects() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.jsonl");
        let settings = DecisionLogSettings {
            to: DecisionLogTarget::File(path.clone()),
            denials_only: false,
            one_in: 1,
        };
        let rig = Rig::logging(Setting::Sqlite, settings).await;
        let world = World::load(&rig, "logged").await;
        ask(&world).await;
        let masked = |user: &str| entitlement::mask(&rig.secrets().sealer, &world.user(user));
        let found = lines(&path, &world, 5).await;
        let of = |user: &str| {
            let masked = masked(user);
            let own = found.iter().filter(|line| line["subject"] == *masked);
            own.map(|line| line["reason"].as_str().unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(of("ann"), ["ALLOWED", "ALLOWED"]);
        assert_eq!(of("ben"), ["ALLOWED"]);
        assert_eq!(of("eva"), ["NO_GRANT", "NO_GRANT"]);
        assert_eq!(found[0]["caller"], "serviceAccounts/root");
        assert_eq!(found[0]["grant"], "organizations/logged/grants/ann");
        assert!(!fs::read_to_string(&path).unwrap().contains("users/"));
    });
}

#[test]
fn denials_alone_can_be_logged() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("denials.jsonl");
        let settings = DecisionLogSettings {
            to: DecisionLogTarget::File(path.clone()),
            denials_only: true,
            one_in: 1,
        };
        let rig = Rig::logging(Setting::Sqlite, settings).await;
        let world = World::load(&rig, "denied").await;
        ask(&world).await;
        let found = lines(&path, &world, 2).await;
        assert!(
            found.iter().all(|line| line["effect"] == "DENY"),
            "{found:?}"
        );
    });
}

#[test]
fn k_v_a_collector_is_sent_answers_with_masked_subjects() {
    run(async {
        let mut collector = FakeCollectorServer::start().await.unwrap();
        let settings = DecisionLogSettings {
            to: DecisionLogTarget::Otlp(collector.endpoint().into()),
            denials_only: false,
            one_in: 1,
        };
        let rig = Rig::logging(Setting::Sqlite, settings).await;
        let world = World::load(&rig, "collected").await;
        ask(&world).await;
        let (mut found, mut asked) = (Vec::new(), 0);
        let patience = Patience::with("answers at the collector");
        while asked < 5 {
            patience.pause().await;
            found.extend(collector.exported_logs(1, Duration::from_secs(1)).await);
            let own = found
                .iter()
                .filter(|log: &&ExportedLog| format!("{log:?}").contains("collected.billing.view"));
            asked = own.count();
        }
        let told = format!("{found:?}");
        let eva = entitlement::mask(&rig.secrets().sealer, &world.user("eva"));
        assert!(told.contains(&eva) && told.contains("NO_GRANT"), "{told}");
        assert!(!told.contains("users/"), "{told}");
    });
}
