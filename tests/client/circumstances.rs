//! Questions that differ only by their context.

use std::sync::atomic::Ordering;

use mandate_client::{Client, Context, Error, Question, Reason};
use tests::{Rig, Setting, faults::RedisServer};
use tokio::task::JoinSet;

use crate::{
    fake::{Fake, echo_of, question},
    network::{client, eventually},
    world::{World, view},
};

fn at(network: &str) -> Context {
    Context::new().with("network", network)
}

/// Asks one question with many contexts and without one, concurrently and repeatedly.
async fn ask_in_all(client: &Client) {
    for _ in 0..3 {
        let mut asked = JoinSet::new();
        for number in 0..200 {
            let client = client.clone();
            let question = match number % 4 {
                0 => question(1),
                _ => question(1).given(at(&format!("n{}", number % 7))),
            };
            asked.spawn(async move {
                let answer = client.check(&question).await.unwrap();
                assert_eq!(answer.grant(), Some(echo_of(&question).as_str()));
            });
        }
        asked.join_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k_a_unequal_circumstances_share_no_answer_that_depends_on_them() {
    for no_streams in [false, true] {
        let fake = Fake::default();
        fake.set(|settings| &settings.no_streams, no_streams);
        fake.set(|settings| &settings.shuffles, true);
        let served = fake.serve().await;
        let client = client(served.url()).local_cache(100).build().unwrap();
        ask_in_all(&client).await;
        assert_eq!(client.counts().local, 0);
    }
}

#[tokio::test]
async fn what_no_condition_bore_upon_is_given_again_in_any_circumstances() {
    let world = World::start(Setting::Sqlite).await;
    let client = world.client().local_cache(100).build().unwrap();
    let (ann, fay) = (view("ann", "acme"), view("fay", "acme"));
    eventually("fay is allowed in the office", async || {
        let asked = fay.clone().given(at("office"));
        client.check(&asked).await.unwrap().is_allowed()
    })
    .await;
    let kept = client.counts().local;
    for said in [Context::new(), at("office"), at("home")] {
        assert!(
            client
                .check(&ann.clone().given(said))
                .await
                .unwrap()
                .is_allowed()
        );
    }
    assert!(
        client.counts().local > kept,
        "the answer about ann is reused"
    );
    let kept = client.counts().local;
    for _ in 0..3 {
        for (said, reason) in [
            (at("office"), Reason::Allowed),
            (at("home"), Reason::ConditionNotMet),
            (Context::new(), Reason::ConditionNotMet),
        ] {
            let answer = client
                .check(&fay.clone().given(said.clone()))
                .await
                .unwrap();
            assert_eq!(answer.reason(), reason, "{said:?}");
            let missing = reason != Reason::Allowed && said == Context::new();
            assert_eq!(!answer.missing_context().is_empty(), missing);
        }
    }
    assert_eq!(client.counts().local, kept, "no answer about fay is reused");
    let batch = [
        fay.clone().given(at("home")),
        fay.clone().given(at("office")),
        ann.given(at("home")),
    ];
    let answers = client.check_batch(&batch).await.into_iter();
    let allowed: Vec<bool> = answers.map(|answer| answer.unwrap().is_allowed()).collect();
    assert_eq!(allowed, [false, true, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn k_a_redis_answers_only_what_no_condition_bore_upon() {
    let redis = RedisServer::start();
    let world = World::on(Rig::with_redis(Setting::Postgres, redis.url()).await).await;
    let client = world.reader(&redis.url());
    eventually("the decision about ann is in Redis", async || {
        let before = client.counts().redis;
        let asked = view("ann", "acme").given(at("home"));
        assert!(client.check(&asked).await.unwrap().is_allowed());
        client.counts().redis > before
    })
    .await;
    let before = client.counts().redis;
    for number in 0..100 {
        let network = if number % 2 == 0 { "office" } else { "home" };
        let asked = view("fay", "acme").given(at(network));
        let answer = client.check(&asked).await.unwrap();
        assert_eq!(answer.is_allowed(), number % 2 == 0);
    }
    assert_eq!(client.counts().redis, before);
}

#[tokio::test]
async fn k_f_a_context_that_is_too_long_is_not_sent() {
    let fake = Fake::default();
    let served = fake.serve().await;
    let client = client(served.url()).build().unwrap();
    let asked = question(1).given(at(&"x".repeat(5000)));
    let refused = client.check(&asked).await;
    let Err(Error::Invalid { violations, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(violations[0].field, "context");
    assert_eq!(fake.0.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn values_of_every_kind_arrive_as_they_were_said() {
    let fake = Fake::default();
    let served = fake.serve().await;
    let client = client(served.url()).build().unwrap();
    let said = Context::new()
        .with("text", "a")
        .with("number", 1.5)
        .with("count", 3)
        .with("truth", true)
        .with("list", vec!["a", "b"])
        .with("map", Context::new().with("inner", String::from("b")));
    let asked: Question = question(1).given(said);
    let answer = client.check(&asked).await.unwrap();
    assert_eq!(answer.grant(), Some(echo_of(&asked).as_str()));
}
