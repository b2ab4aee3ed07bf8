//! Questions of many callers on one stream.

use std::{
    future::poll_fn,
    sync::atomic::Ordering,
    task::Poll,
    time::{Duration, Instant},
};

use mandate_client::{Client, Error, Options};
use tokio::{task::JoinSet, time::timeout};

use crate::{
    fake::{Fake, echo_of, question},
    network::{client, eventually},
};

const CALLERS: usize = 3_000;

#[tokio::test(flavor = "multi_thread")]
async fn k_q_every_caller_gets_its_own_answer_in_any_order_and_among_the_gone() {
    let fake = Fake::default();
    fake.set(|settings| &settings.shuffles, true);
    let served = fake.serve().await;
    let client = client(served.url()).build().unwrap();
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let client = client.clone();
        callers.spawn(async move {
            let mut answered = 0;
            for again in 0..4 {
                let question = question(number * 4 + again);
                // Every third caller cancels at a different time: before, with or after the answer.
                let patience = if number % 3 == 0 { number % 17 } else { 60_000 };
                let patience = Duration::from_millis(patience.try_into().unwrap());
                if let Ok(answer) = timeout(patience, client.check(&question)).await {
                    assert_eq!(answer.unwrap().grant(), Some(&*echo_of(&question)));
                    answered += 1;
                }
            }
            answered
        });
    }
    let answered: usize = callers.join_all().await.into_iter().sum();
    assert!(answered >= CALLERS * 4 * 2 / 3, "{answered}");
    assert_eq!(client.counts().errors, 0);
    assert_eq!(fake.0.streams.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn many_questions_travel_in_few_messages() {
    let fake = Fake::default();
    let served = fake.serve().await;
    let client = client(served.url()).build().unwrap();
    client.check(&question(0)).await.unwrap();
    let before = fake.0.messages.load(Ordering::SeqCst);
    let mut callers = JoinSet::new();
    for number in 0..500 {
        let client = client.clone();
        callers.spawn(async move { client.check(&question(number)).await.unwrap() });
    }
    callers.join_all().await;
    let messages = fake.0.messages.load(Ordering::SeqCst) - before;
    assert!(messages <= 5, "{messages} messages");
    assert_eq!(client.counts().stream, 501);
}

#[tokio::test]
async fn a_lone_question_waits_for_no_other() {
    let served = Fake::default().serve().await;
    let client = client(served.url()).build().unwrap();
    client.check(&question(0)).await.unwrap();
    let begin = Instant::now();
    for number in 0..200 {
        client.check(&question(number)).await.unwrap();
    }
    // A batching window of even 5 ms would take a second in total.
    assert!(
        begin.elapsed() < Duration::from_millis(900),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test]
async fn k_q_who_goes_takes_nobodys_answer_along() {
    let fake = Fake::default();
    fake.set(|settings| &settings.silent, true);
    let served = fake.serve().await;
    let client = client(served.url()).build().unwrap();
    // All callers ask the same question; the first, whose message carried it, cancels.
    let ask = |client: Client| tokio::spawn(async move { client.check(&question(1)).await });
    let leader = ask(client.clone());
    eventually("the question has arrived", async || fake.asked() == 1).await;
    leader.abort();
    eventually("the cancellation has arrived", async || {
        fake.0.cancelled.load(Ordering::SeqCst) == 1
    })
    .await;
    fake.set(|settings| &settings.silent, false);
    let others: Vec<_> = (0..20).map(|_| ask(client.clone())).collect();
    for other in others {
        assert!(other.await.unwrap().unwrap().is_allowed());
    }
}

#[tokio::test]
async fn more_than_the_client_may_have_under_way_is_refused_at_once() {
    let fake = Fake::default();
    fake.set(|settings| &settings.silent, true);
    let served = fake.serve().await;
    let client = client(served.url()).build().unwrap();
    let short = Options::default().within(Duration::from_millis(20));
    client.check_with(&question(0), &short).await.unwrap_err();
    let mut waiting = Vec::new();
    let mut refused = None;
    for number in 0..40_000 {
        let client = client.clone();
        let mut call = Box::pin(async move { client.check(&question(number)).await });
        let polled = poll_fn(|context| Poll::Ready(call.as_mut().poll(context)));
        if let Poll::Ready(answer) = polled.await {
            refused = Some(answer);
            break;
        }
        waiting.push(call);
    }
    let count = waiting.len();
    assert!(
        matches!(refused, Some(Err(Error::Overloaded { .. }))),
        "{refused:?}"
    );
    assert!((16_000..40_000).contains(&count), "{count} waited");
    // Cancelled calls free their slots.
    drop(waiting);
    fake.set(|settings| &settings.silent, false);
    eventually("a slot is free", async || {
        client.check(&question(0)).await.is_ok()
    })
    .await;
}
