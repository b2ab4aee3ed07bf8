//! The cases of `docs/reference/redis-vectors.json`, which a reader in any language must pass.

use clock::ManualClock;
use serde_json::Value;
use types::UnixTime;

use super::*;

const VECTORS: &str = include_str!("../../../../docs/reference/redis-vectors.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).unwrap()
}

fn text<'a>(of: &'a Value, field: &str) -> &'a str {
    of[field].as_str().unwrap()
}

fn reader(namespace: &str, now_ms: i64) -> Arc<Reader> {
    let cache = Cache::open("redis://127.0.0.1:1").unwrap().unwrap();
    Reader::new(
        cache,
        namespace,
        Arc::new(ManualClock::at(UnixTime(now_ms))),
    )
}

fn question(of: &Value) -> Question {
    Question::new(
        text(of, "subject"),
        text(of, "permission"),
        text(of, "resource"),
    )
}

/// Returns the action of the reader for the Redis content of a case.
fn judged(case: &Value) -> String {
    let question = question(case);
    let Some((organization, place)) = key::place(&question) else {
        return "ask".to_owned();
    };
    let reader = reader("5f3a", case["now_ms"].as_i64().unwrap());
    let found = ["revisions", "decision"].map(|field| case[field].as_str().map(str::to_owned));
    let took = Duration::from_millis(case["took_ms"].as_u64().unwrap());
    let waiting = Waiting {
        id: 1,
        subject: question.subject.as_str().into(),
        place: place.into(),
    };
    let judged = reader.judge(&organization, found.into(), took, vec![waiting]);
    let [(1, decision)] = judged.as_slice() else {
        panic!("one answer");
    };
    match decision {
        Some(decision) if decision.is_allowed() => "use ALLOW",
        Some(_) => "use DENY",
        None => "ask",
    }
    .to_owned()
}

#[test]
fn the_cases_of_the_contract_are_judged_as_it_says() {
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() > 50, "{}", cases.len());
    for case in cases {
        assert_eq!(judged(case), text(case, "then"), "{}", text(case, "why"));
    }
}

#[test]
fn the_questions_of_the_contract_have_its_keys() {
    let vectors = vectors();
    let contract = Contract::new(text(&vectors, "namespace"));
    for asked in vectors["keys"].as_array().unwrap() {
        let question = question(asked);
        let (organization, place) = key::place(&question).unwrap();
        let decision = contract.decision_key(&freshness::Question {
            organization: &organization,
            subject: &question.subject,
            permission: &question.permission,
            place,
        });
        let keys = [contract.revisions_key(&organization), decision];
        assert_eq!(serde_json::json!(keys), asked["keys"]);
    }
}
