//! The choice of backend.

use std::sync::atomic::Ordering;

use tokio::task::JoinSet;

use crate::{
    fake::{Fake, question},
    network::{Name, eventually},
};

#[tokio::test]
async fn what_the_name_gains_is_asked_and_what_it_loses_is_asked_no_more() {
    let (first, second) = (Fake::default(), Fake::default());
    let (of_first, of_second) = (first.serve().await, second.serve().await);
    let name = Name::of(&[of_first.address]);
    let client = name.client().build().unwrap();
    client.check(&question(1)).await.unwrap();
    assert_eq!(first.asked(), 1);
    name.set(&[of_first.address, of_second.address]);
    eventually("the second backend is asked", async || {
        client.check(&question(1)).await.unwrap();
        second.asked() > 0
    })
    .await;
    name.set(&[of_second.address]);
    eventually("the first backend is not asked", async || {
        let before = first.asked();
        for number in 0..50 {
            client.check(&question(number)).await.unwrap();
        }
        first.asked() == before
    })
    .await;
    // A name without addresses indicates trouble with the name server, not with the backends.
    name.set(&[]);
    for number in 0..50 {
        client.check(&question(number)).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_retired_backend_was_asked_is_still_answered() {
    let (slow, other) = (Fake::default(), Fake::default());
    slow.0.delay_ms.store(400, Ordering::SeqCst);
    let (of_slow, of_other) = (slow.serve().await, other.serve().await);
    let name = Name::of(&[of_slow.address]);
    let client = name.client().retry_budget(0).build().unwrap();
    let asked = client.clone();
    let asked = tokio::spawn(async move { asked.check(&question(1)).await });
    eventually("the question has arrived", async || slow.asked() == 1).await;
    name.set(&[of_other.address]);
    eventually("the other backend is asked", async || {
        client.check(&question(2)).await.unwrap();
        other.asked() > 0
    })
    .await;
    assert!(asked.await.unwrap().unwrap().is_allowed());
}

#[tokio::test]
async fn the_less_loaded_backend_is_asked() {
    let (slow, quick) = (Fake::default(), Fake::default());
    slow.0.delay_ms.store(50, Ordering::SeqCst);
    let (of_slow, of_quick) = (slow.serve().await, quick.serve().await);
    let client = Name::of(&[of_slow.address, of_quick.address]).client();
    let client = client.build().unwrap();
    let mut callers = JoinSet::new();
    for _ in 0..20 {
        let client = client.clone();
        callers.spawn(async move {
            for number in 0..50 {
                client.check(&question(number)).await.unwrap();
            }
        });
    }
    callers.join_all().await;
    let (by_slow, by_quick) = (slow.asked(), quick.asked());
    assert_eq!(by_slow + by_quick, 1000);
    assert!(by_slow * 3 < by_quick, "{by_slow} and {by_quick}");
}

#[tokio::test]
async fn a_backend_that_is_not_there_costs_no_answer() {
    let fake = Fake::default();
    let served = fake.serve().await;
    let port = testkit::free_port().unwrap();
    let absent = ([127, 0, 0, 1], port).into();
    let client = Name::of(&[absent, served.address])
        .client()
        .build()
        .unwrap();
    for number in 0..300 {
        client.check(&question(number)).await.unwrap();
    }
    // The client retries the backend now and then, not for every question.
    assert!(client.counts().retries < 30, "{:?}", client.counts());
}
