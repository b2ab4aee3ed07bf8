//! Authentication by tokens, and its end.

use std::time::Duration;

use api::{
    entitlement::v1::{CheckStreamRequest, StreamQuestion},
    identity::v1::{
        DeleteServiceAccountKeyRequest, DisableServiceAccountRequest, ListServiceAccountKeysRequest,
    },
};
use serde_json::json;
use tests::Setting;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;
use tonic_types::StatusExt;

use super::{NOW_SECONDS, SUBJECT, World, code, issuer::Issuer, prove, signer::Signer};

const NOBODY: [Code; 3] = [Code::Unauthenticated; 3];
const KNOWN: [Code; 3] = [Code::Ok; 3];

#[tokio::test(flavor = "multi_thread")]
async fn k_k_a_token_proves_the_service_account_whose_key_names_its_subject() {
    for setting in Setting::IN_PROCESS {
        let signers = [Signer::rsa("a"), Signer::ec("b"), Signer::ed("c")];
        let world = World::start(setting, &signers.each_ref()).await;
        for signer in &signers {
            let token = signer.sign(&world.claims());
            assert_eq!(world.say(&token).await, KNOWN, "{}", signer.id);
            let mut claims = world.claims();
            claims["aud"] = json!(["other", "mandate"]);
            assert_eq!(
                world.say(&signer.sign(&claims)).await,
                KNOWN,
                "{}",
                signer.id
            );
            claims["sub"] = json!("system:serviceaccount:shop:web");
            assert_eq!(
                world.say(&signer.sign(&claims)).await,
                NOBODY,
                "{}",
                signer.id
            );
        }
        // Keys still authenticate their accounts.
        let root = world.rig.secrets().root.clone();
        assert_eq!(
            code(super::check(&world.rig.clients(&root)).await),
            Code::Ok
        );

        let token = signers[0].sign(&world.claims());
        let request = DeleteServiceAccountKeyRequest {
            name: world.key.clone(),
            ..DeleteServiceAccountKeyRequest::default()
        };
        let mut accounts = world.rig.root().service_accounts();
        accounts.delete_service_account_key(request).await.unwrap();
        assert_eq!(world.say(&token).await, NOBODY);
        world.rig.end();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_proves_one_service_account_for_as_long_as_that_is_active() {
    let signer = Signer::ec("a");
    let world = World::start(Setting::Sqlite, &[&signer]).await;
    world.rig.apply("service_accounts: [{id: bot}]").await;
    let url = &world.issuer.url;
    let taken = prove(&world.rig, "bot", url, SUBJECT).await;
    assert_eq!(code(taken), Code::AlreadyExists);
    for (issuer, subject, field) in [
        (url.as_str(), "", "key.oidc.subject"),
        (url, "a b", "key.oidc.subject"),
        ("http://a", "a", "key.oidc.issuer"),
        ("", "a", "key.oidc.issuer"),
    ] {
        let refused = prove(&world.rig, "bot", issuer, subject).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
        let details = refused.get_details_bad_request().unwrap();
        let violated = details.field_violations.iter().map(|found| &found.field);
        assert_eq!(violated.collect::<Vec<_>>(), [field]);
    }

    let key = prove(&world.rig, "bot", url, "bot").await.unwrap();
    let mut claims = world.claims();
    claims["sub"] = json!("bot");
    let token = signer.sign(&claims);
    // The account is authenticated, but has no permissions.
    assert_eq!(world.say(&token).await, [Code::PermissionDenied; 3]);
    let mut accounts = world.rig.root().service_accounts();
    let listed = accounts.list_service_account_keys(ListServiceAccountKeysRequest {
        parent: "serviceAccounts/bot".to_owned(),
        ..ListServiceAccountKeysRequest::default()
    });
    let listed = listed.await.unwrap().into_inner().keys;
    let identity = listed[0].oidc.clone().unwrap();
    assert_eq!(
        (identity.issuer.as_str(), identity.subject.as_str()),
        (url.as_str(), "bot")
    );

    // The id of the key is part of its name; no secret belongs to it.
    let id = key.rsplit_once('/').unwrap().1;
    for random in ["", &"_".repeat(43)] {
        assert_eq!(world.say(&format!("mk_{id}_{random}")).await, NOBODY);
    }

    let request = DisableServiceAccountRequest {
        name: "serviceAccounts/bot".to_owned(),
        ..DisableServiceAccountRequest::default()
    };
    accounts.disable_service_account(request).await.unwrap();
    assert_eq!(world.say(&token).await, NOBODY);
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_say_whom_tokens_prove() {
    let signer = Signer::ec("a");
    let world = World::start(Setting::Sqlite, &[&signer]).await;
    let document = |account: &str, subject: &str| {
        let identity = format!("{{issuer: '{}', subject: {subject}}}", world.issuer.url);
        format!("service_accounts: [{{id: {account}, oidc: [{identity}]}}]")
    };
    let counts = world.rig.apply(&document("bot", "bot")).await.counts;
    assert_eq!((counts.created, counts.unchanged), (2, 0));
    let mut claims = world.claims();
    claims["sub"] = json!("bot");
    let token = signer.sign(&claims);
    assert_eq!(world.say(&token).await, [Code::PermissionDenied; 3]);
    let counts = world.rig.apply(&document("bot", "bot")).await.counts;
    assert_eq!((counts.created, counts.unchanged), (0, 2));
    // Another document adds an identity and leaves the existing ones of the account in place.
    let counts = world.rig.apply(&document("bot", "more")).await.counts;
    assert_eq!((counts.created, counts.unchanged), (1, 1));
    assert_eq!(world.say(&token).await, [Code::PermissionDenied; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_proves_nothing_from_its_end_on_streams_neither() {
    let signer = Signer::ec("a");
    let world = World::start(Setting::Sqlite, &[&signer]).await;
    let mut claims = world.claims();
    claims["exp"] = json!(NOW_SECONDS + 2);
    let token = signer.sign(&claims);
    let clients = world.rig.clients(&token.as_str().into());
    let (sender, receiver) = mpsc::channel(1);
    let question = || CheckStreamRequest {
        questions: vec![StreamQuestion {
            subject: "serviceAccounts/root".to_owned(),
            permission: "mandate.users.read".to_owned(),
            resource: "organizations/operator".to_owned(),
            ..StreamQuestion::default()
        }],
        cancelled: Vec::new(),
    };
    sender.send(question()).await.unwrap();
    let mut client = clients.authorization();
    let answers = client.check_stream(ReceiverStream::new(receiver)).await;
    let mut answers = answers.unwrap().into_inner();
    assert!(answers.message().await.unwrap().is_some());

    let clock = world.rig.clock.as_ref().unwrap();
    clock.advance(Duration::from_secs(1));
    assert_eq!(world.say(&token).await, KNOWN);
    clock.advance(Duration::from_secs(1));
    assert_eq!(world.say(&token).await, NOBODY);
    sender.send(question()).await.unwrap();
    assert_eq!(code(answers.message().await), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_and_go_with_their_issuer_and_nobody_makes_it_read_more() {
    let (old, new) = (Signer::ec("old"), Signer::ec("new"));
    let world = World::start(Setting::Sqlite, &[&old]).await;
    let (by_old, by_new) = (old.sign(&world.claims()), new.sign(&world.claims()));
    let clock = world.rig.clock.as_ref().unwrap();
    let reads = || world.issuer.says.lock().unwrap().reads;
    assert_eq!(world.say(&by_old).await, KNOWN);
    clock.advance(Duration::from_secs(10));
    assert_eq!(world.say(&by_old).await, KNOWN);
    assert_eq!(reads(), 1, "known keys are not read again");
    // A token with an unknown key id makes the service read the keys again, but not often.
    for _ in 0..20 {
        assert_eq!(world.say(&by_new).await, NOBODY);
    }
    assert_eq!(reads(), 2);
    world.issuer.say(|says| says.keys = vec![new.published()]);
    clock.advance(Duration::from_secs(10));
    assert_eq!(world.say(&by_new).await, KNOWN);
    assert_eq!(world.say(&by_old).await, NOBODY, "the removed key");
    assert_eq!(reads(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn until_the_issuer_can_be_believed_tokens_are_refused_and_keys_taken() {
    let signer = Signer::ec("a");
    let issuer = Issuer::start(vec![signer.published()]).await;
    issuer.say(|says| says.describes = Some("https://other".to_owned()));
    let world = World::with(Setting::Sqlite, issuer).await;
    let token = signer.sign(&world.claims());
    let clock = world.rig.clock.as_ref().unwrap();
    // Keys still work: one of them created the binding.
    assert_eq!(
        world.say(&token).await,
        [Code::Unavailable; 3],
        "another issuer"
    );
    world.issuer.say(|says| {
        says.describes = None;
        says.demands = Some("Bearer of-the-service".to_owned());
    });
    clock.advance(Duration::from_secs(10));
    assert_eq!(
        world.say(&token).await,
        [Code::Unavailable; 3],
        "the issuer requires a token"
    );
    world.issuer.say(|says| says.demands = None);
    clock.advance(Duration::from_secs(10));
    assert_eq!(world.say(&token).await, KNOWN);
}
