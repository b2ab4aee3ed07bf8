//! Failures, whose only consequence is an error.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use mandate_client::{Client, Error, Options};

use crate::{
    fake::{Fake, echo_of, question},
    network::{Name, Wire, client, eventually},
};

#[tokio::test]
async fn k_b_a_deadline_ends_the_wait_and_nothing_is_kept() {
    let fake = Fake::default();
    fake.set(|settings| &settings.silent, true);
    fake.0.reusable_ms.store(60_000, Ordering::SeqCst);
    let served = fake.serve().await;
    let client = client(served.url()).local_cache(100).build().unwrap();
    let begin = Instant::now();
    let options = Options::default().within(Duration::from_millis(50));
    let answer = client.check_with(&question(1), &options).await;
    assert!(
        matches!(answer, Err(Error::DeadlineExceeded { .. })),
        "{answer:?}"
    );
    assert!(begin.elapsed() >= Duration::from_millis(50));
    assert!(begin.elapsed() < Duration::from_millis(500));
    eventually("the service receives the cancellation", async || {
        fake.0.cancelled.load(Ordering::SeqCst) == 1
    })
    .await;
    fake.set(|settings| &settings.silent, false);
    assert!(client.check(&question(1)).await.unwrap().is_allowed());
    let counts = client.counts();
    assert_eq!((counts.local, counts.stream, counts.errors), (0, 1, 1));
}

#[tokio::test]
async fn k_b_an_error_is_not_kept_and_no_allow() {
    let fake = Fake::default();
    fake.set(|settings| &settings.unavailable, true);
    fake.0.reusable_ms.store(60_000, Ordering::SeqCst);
    let served = fake.serve().await;
    let client = client(served.url()).local_cache(100).build().unwrap();
    let answer = client.check(&question(1)).await;
    assert!(
        matches!(answer, Err(Error::Unavailable { .. })),
        "{answer:?}"
    );
    fake.set(|settings| &settings.unavailable, false);
    assert!(client.check(&question(1)).await.unwrap().is_allowed());
    assert_eq!(client.counts().local, 0);
    assert!(client.check(&question(1)).await.unwrap().is_allowed());
    assert_eq!(client.counts().local, 1);
}

#[tokio::test]
async fn a_server_that_was_killed_is_asked_again_when_it_is_back() {
    let fake = Fake::default();
    let served = fake.serve().await;
    let mut wire = Wire::to(served.address).await;
    let client = client(wire.url()).build().unwrap();
    for _ in 0..3 {
        eventually("the server answers", async || {
            client.check(&question(1)).await.is_ok()
        })
        .await;
        wire.cut().await;
        let begin = Instant::now();
        let answer = client.check(&question(2)).await;
        assert!(
            matches!(answer, Err(Error::Unavailable { .. })),
            "{answer:?}"
        );
        assert!(
            begin.elapsed() < Duration::from_secs(5),
            "the error takes too long"
        );
        wire.mend().await;
    }
    eventually("the server answers", async || {
        client.check(&question(1)).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn what_is_under_way_when_a_stream_breaks_is_asked_elsewhere() {
    let (deaf, good) = (Fake::default(), Fake::default());
    deaf.set(|settings| &settings.silent, true);
    let (of_deaf, of_good) = (deaf.serve().await, good.serve().await);
    let mut wire = Wire::to(of_deaf.address).await;
    let name = Name::of(&[wire.address]);
    let client = name.client().build().unwrap();
    let asked: Vec<_> = (0..50)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move { (number, client.check(&question(number)).await) })
        })
        .collect();
    eventually("all questions have arrived", async || deaf.asked() == 50).await;
    name.set(&[wire.address, of_good.address]);
    eventually("the other backend is asked", async || {
        let quick = Options::default().within(Duration::from_millis(100));
        // The silent backend may be asked first.
        let _ = client.check_with(&question(99), &quick).await;
        good.asked() > 0
    })
    .await;
    wire.cut().await;
    for asked in asked {
        let (number, answer) = asked.await.unwrap();
        assert_eq!(answer.unwrap().grant(), Some(&*echo_of(&question(number))));
    }
    assert!(client.counts().retries >= 50);
}

#[tokio::test]
async fn a_backend_without_streams_is_asked_one_by_one_for_good() {
    let fake = Fake::default();
    fake.set(|settings| &settings.no_streams, true);
    let served = fake.serve().await;
    let client = client(served.url()).retry_budget(0).build().unwrap();
    for number in 0..20 {
        let question = question(number);
        let answer = client.check(&question).await.unwrap();
        assert_eq!(answer.grant(), Some(&*echo_of(&question)));
    }
    fake.set(|settings| &settings.no_streams, false);
    client.check(&question(1)).await.unwrap();
    let counts = client.counts();
    assert_eq!(
        (counts.unary, counts.not_streamed, counts.stream),
        (21, 21, 0)
    );
    assert_eq!(fake.0.unary.load(Ordering::SeqCst), 21);
    let short = Options::default().within(Duration::from_millis(30));
    fake.set(|settings| &settings.silent, true);
    let late = client.check_with(&question(1), &short).await;
    assert!(
        matches!(late, Err(Error::DeadlineExceeded { .. })),
        "{late:?}"
    );
}

#[tokio::test]
async fn retries_end_with_the_budget() {
    let fake = Fake::default();
    fake.set(|settings| &settings.unavailable, true);
    let served = fake.serve().await;
    let client = client(served.url()).retry_budget(5).build().unwrap();
    for number in 0..100 {
        let answer = client.check(&question(number)).await;
        assert!(
            matches!(answer, Err(Error::Unavailable { .. })),
            "{answer:?}"
        );
    }
    assert_eq!((fake.asked(), client.counts().retries), (105, 5));
    // Successful answers refill the retry budget.
    fake.set(|settings| &settings.unavailable, false);
    for number in 0..10 {
        client.check(&question(number)).await.unwrap();
    }
    fake.set(|settings| &settings.unavailable, true);
    assert!(client.check(&question(1)).await.is_err());
    assert_eq!(client.counts().retries, 6);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_an_error_soon() {
    let port = testkit::free_port().unwrap();
    let client = client(format!("http://127.0.0.1:{port}")).build().unwrap();
    let begin = Instant::now();
    let answer = client.check(&question(1)).await;
    assert!(
        matches!(answer, Err(Error::Unavailable { .. })),
        "{answer:?}"
    );
    assert!(begin.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_client_whose_runtime_has_ended_fails_and_does_not_hang() {
    let first = tokio::runtime::Runtime::new().unwrap();
    let (client, served): (Client, _) = first.block_on(async {
        let served = Fake::default().serve().await;
        let client = client(served.url()).build().unwrap();
        client.check(&question(1)).await.unwrap();
        (client, served)
    });
    drop(first);
    let second = tokio::runtime::Runtime::new().unwrap();
    let answer = second.block_on(client.check(&question(1)));
    assert!(
        matches!(answer, Err(Error::Unavailable { .. })),
        "{answer:?}"
    );
    drop(served);
}
