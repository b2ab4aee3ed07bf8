//! Keys in files, which other programs replace.

use std::{fs, path::Path, time::Duration};

use api::identity::v1::{CreateServiceAccountKeyRequest, DeleteServiceAccountKeyRequest};
use mandate_client::{BuildError, Error};
use tests::Setting;

use crate::{
    network::{client, eventually},
    world::{World, view},
};

/// Creates a key of the first service account. Returns its name and its secret.
async fn key(world: &World) -> (String, String) {
    let request = CreateServiceAccountKeyRequest {
        parent: "serviceAccounts/root".to_owned(),
        ..CreateServiceAccountKeyRequest::default()
    };
    let mut accounts = world.rig.root().service_accounts();
    let made = accounts.create_service_account_key(request).await.unwrap();
    let made = made.into_inner();
    (made.key.unwrap_or_default().name, made.secret)
}

/// Replaces a file atomically, as kubelets do.
fn write(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, format!("{text}\n")).unwrap();
    fs::rename(&new, path).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_written_anew_takes_the_place_of_the_one_before_and_no_question_fails() {
    let world = World::start(Setting::Sqlite).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let builder = || {
        let builder = client(world.wire.url()).key_file(&path);
        builder.resolve_every(Duration::from_millis(5))
    };
    assert!(matches!(builder().build(), Err(BuildError::KeyFile { .. })));
    let ((first, secret), (_, second)) = (key(&world).await, key(&world).await);
    write(&path, &secret);
    let client = builder().build().unwrap();
    world.compare(&client).await;
    assert_eq!(world.wire.connections(), 1);

    let asking = tokio::spawn({
        let client = client.clone();
        async move {
            loop {
                client.check(&view("ann", "acme")).await.unwrap();
            }
        }
    });
    write(&path, &second);
    eventually("the new key is presented", async || {
        // A question makes the client present the key.
        client.check(&view("ann", "acme")).await.unwrap();
        world.wire.connections() == 2
    })
    .await;
    let request = DeleteServiceAccountKeyRequest {
        name: first,
        ..DeleteServiceAccountKeyRequest::default()
    };
    let mut accounts = world.rig.root().service_accounts();
    accounts.delete_service_account_key(request).await.unwrap();
    for _ in 0..20 {
        world.compare(&client).await;
    }
    // Without the file, the client keeps presenting the last key. An invalid key is rejected.
    fs::remove_file(&path).unwrap();
    world.compare(&client).await;
    assert!(!asking.is_finished());
    asking.abort();
    write(&path, "mk_none_none");
    eventually("the new key is presented", async || {
        let answer = client.check(&view("ann", "acme")).await;
        matches!(answer, Err(Error::Unauthenticated { .. }))
    })
    .await;
}
