//! Hedging: a second backend is asked if the first is slow.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use crate::{
    fake::{Fake, echo_of, question},
    network::{Name, eventually},
};

const SLOW: Duration = Duration::from_secs(5);

async fn ask_a_slow_and_a_quick_one(no_streams: bool) {
    let (slow, quick) = (Fake::default(), Fake::default());
    for fake in [&slow, &quick] {
        fake.set(|settings| &settings.no_streams, no_streams);
    }
    let millis = SLOW.as_millis().try_into().unwrap();
    slow.0.delay_ms.store(millis, Ordering::SeqCst);
    let (of_slow, of_quick) = (slow.serve().await, quick.serve().await);
    let name = Name::of(&[of_slow.address, of_quick.address]);
    let hedge = Duration::from_millis(10);
    let client = name.client().hedge_after(hedge).build().unwrap();
    let begin = Instant::now();
    for number in 0..30 {
        let question = question(number);
        let answer = client.check(&question).await.unwrap();
        assert_eq!(answer.grant(), Some(&*echo_of(&question)));
    }
    assert!(begin.elapsed() < SLOW, "{:?}", begin.elapsed());
    let hedges = client.counts().hedges;
    assert!((1..30).contains(&hedges), "{hedges} hedges");
    if !no_streams {
        eventually("the slow backend receives the cancellations", async || {
            slow.0.cancelled.load(Ordering::SeqCst) as u64 == hedges
        })
        .await;
    }
}

#[tokio::test]
async fn the_first_answer_is_taken_and_the_other_question_cancelled() {
    ask_a_slow_and_a_quick_one(false).await;
}

#[tokio::test]
async fn unary_calls_are_hedged_too() {
    ask_a_slow_and_a_quick_one(true).await;
}

#[tokio::test]
async fn without_a_budget_nothing_is_asked_twice() {
    let (one, other) = (Fake::default(), Fake::default());
    for fake in [&one, &other] {
        fake.0.delay_ms.store(60, Ordering::SeqCst);
    }
    let (of_one, of_other) = (one.serve().await, other.serve().await);
    let name = Name::of(&[of_one.address, of_other.address]);
    let client = name.client().hedge_after(Duration::from_millis(5));
    let client = client.retry_budget(2).build().unwrap();
    for number in 0..5 {
        client.check(&question(number)).await.unwrap();
    }
    assert_eq!(client.counts().hedges, 2);
    assert_eq!(one.asked() + other.asked(), 7);
}
