//! What is kept of a key.

use std::fs;

use serde_json::json;
use tests::Setting;
use tonic::Code;

use crate::{fault, samples::ordered, world::World};

/// Every file of the databases, those that SQLite writes ahead included.
fn databases(world: &World) -> Vec<Vec<u8>> {
    let folder = fs::read_dir(world.rig.secrets_folder()).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    let stored = paths.filter(|path| path.to_string_lossy().contains(".db"));
    stored.map(|path| fs::read(path).unwrap()).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn k_l_a_key_is_stored_as_a_hash_and_no_other_of_its_id_opens() {
    let world = World::start(Setting::Sqlite).await;
    let (name, secret) = world.account("hashed", json!({})).await;
    let (id, random) = (
        name.rsplit('/').next().unwrap(),
        secret.splitn(3, '_').nth(2).unwrap(),
    );
    let files = databases(&world);
    assert!(files.iter().any(|file| holds(file, id)), "{id} is stored");
    assert!(!files.iter().any(|file| holds(file, random)));
    // As long as the right one, and like it up to any of its characters.
    let sample = &ordered()[0];
    let body = sample.bytes(&world.names("alpha", 1));
    let begin = secret.len() - random.len();
    for at in begin..secret.len() {
        let rest = "-".repeat(secret.len() - at);
        let key = format!("{}{rest}", secret.get(..at).unwrap());
        let refused = world.wire.call(&sample.path, &key, body.clone()).await;
        let refused = refused.unwrap_err();
        fault::expect(&refused, Code::Unauthenticated, "UNAUTHENTICATED", &key);
    }
}
