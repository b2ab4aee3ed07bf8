//! The client against the product.

use api::identity::v1::CreateServiceAccountKeyRequest;
use mandate_client::{Error, Options, Question};
use tests::Setting;

use crate::{
    network::client,
    world::{World, view},
};

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_those_of_the_service() {
    for setting in Setting::IN_PROCESS {
        let world = World::start(setting).await;
        let client = world.client().build().unwrap();
        for _ in 0..3 {
            world.compare(&client).await;
        }
        let counts = client.counts();
        assert_eq!((counts.stream, counts.errors), (96, 0));
        let cached = world.client().local_cache(1000).build().unwrap();
        for _ in 0..3 {
            world.compare(&cached).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_its_token_a_revocation_is_true_at_once() {
    for setting in Setting::IN_PROCESS {
        let world = World::start(setting).await;
        let client = world.client().build().unwrap();
        let question = view("ben", "acme/units/k1");
        let fully = Options::fully_consistent();
        let allowed = client.check_with(&question, &fully).await.unwrap();
        assert!(allowed.is_allowed());
        assert_eq!(allowed.grant(), Some("organizations/acme/grants/ben"));
        let fresh = Options::at_least_as_fresh(world.revoke("ben").await.consistency_token);
        let denied = client.check_with(&question, &fresh).await.unwrap();
        assert!(!denied.is_allowed());
        assert!(denied.revision() > allowed.revision());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_question_is_told_to_its_caller_alone() {
    let world = World::start(Setting::Sqlite).await;
    let client = world.client().build().unwrap();
    let wrong = |subject: &str, permission: &str, resource: &str| {
        let (client, question) = (client.clone(), Question::new(subject, permission, resource));
        tokio::spawn(async move { client.check(&question).await })
    };
    let (view, acme) = ("desk.billing.view", "organizations/acme");
    let cases = [
        (wrong("nobody", view, acme), "subject"),
        (wrong("users/ann", "view", acme), "permission"),
        (wrong("users/ann", view, "acme"), "resource"),
        (wrong(&"x".repeat(5_000_000), view, acme), "subject"),
        (wrong("users/ann", view, &"x".repeat(1_024)), "resource"),
    ];
    world.compare(&client).await;
    for (call, field) in cases {
        let answer = call.await.unwrap();
        let Err(Error::Invalid { violations, .. }) = answer else {
            panic!("{field}: {answer:?}");
        };
        assert_eq!(violations[0].field, field);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_ask_is_told_so() {
    let world = World::start(Setting::Sqlite).await;
    let stranger = client(world.wire.url())
        .key("mk_none_none")
        .build()
        .unwrap();
    let answer = stranger.check(&view("ann", "acme")).await;
    assert!(
        matches!(answer, Err(Error::Unauthenticated { .. })),
        "{answer:?}"
    );
    let nobody = client(world.wire.url()).build().unwrap();
    let answer = nobody.check(&view("ann", "acme")).await;
    assert!(
        matches!(answer, Err(Error::Unauthenticated { .. })),
        "{answer:?}"
    );

    let request = CreateServiceAccountKeyRequest {
        parent: "serviceAccounts/desk-bot".to_owned(),
        ..CreateServiceAccountKeyRequest::default()
    };
    let mut accounts = world.rig.root().service_accounts();
    let key = accounts.create_service_account_key(request).await.unwrap();
    let bot = client(world.wire.url()).key(key.into_inner().secret);
    let bot = bot.build().unwrap();
    crate::network::eventually("the key is authenticated", async || {
        !matches!(
            bot.check(&view("ann", "acme")).await,
            Err(Error::Unauthenticated { .. })
        )
    })
    .await;
    let answer = bot.check(&view("ann", "acme")).await;
    assert!(matches!(answer, Err(Error::Denied { .. })), "{answer:?}");
    let answers = bot.check_batch(&[view("ann", "acme")]).await;
    assert!(
        matches!(*answers, [Err(Error::Denied { .. })]),
        "{answers:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_service_answers_again() {
    let mut world = World::start(Setting::Sqlite).await;
    let client = world.client().build().unwrap();
    world.compare(&client).await;
    world.wire.cut().await;
    assert!(client.check(&view("ann", "acme")).await.is_err());
    world.wire.mend().await;
    crate::network::eventually("the service answers", async || {
        client.check(&view("ann", "acme")).await.is_ok()
    })
    .await;
    world.compare(&client).await;
}
