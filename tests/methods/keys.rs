//! Storage of keys.

use std::fs;

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, query_scalar};
use tests::Setting;
use tonic::Code;

use crate::{fault, samples::ordered, world::World};

/// Returns all data of the databases: the SQLite files including the write-ahead log, or the rows
/// of PostgreSQL.
async fn stored(world: &World) -> Vec<Vec<u8>> {
    match world.rig.setting {
        Setting::Sqlite => files(world),
        _ => rows(world.rig.database()).await,
    }
}

async fn rows(url: &str) -> Vec<Vec<u8>> {
    let mut db = PgConnection::connect(url).await.unwrap();
    // Shows bytes as text.
    db.execute("SET bytea_output = 'escape'").await.unwrap();
    let tables = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables \
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
    let tables: Vec<String> = query_scalar(tables).fetch_all(&mut db).await.unwrap();
    let mut all = Vec::new();
    for table in tables {
        let rows = AssertSqlSafe(format!("SELECT own::text FROM {table} AS own"));
        let rows: Vec<String> = query_scalar(rows).fetch_all(&mut db).await.unwrap();
        all.extend(rows.into_iter().map(String::into_bytes));
    }
    all
}

fn files(world: &World) -> Vec<Vec<u8>> {
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
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        let (name, secret) = world.account("hashed", json!({})).await;
        let (id, random) = (
            name.rsplit('/').next().unwrap(),
            secret.splitn(3, '_').nth(2).unwrap(),
        );
        let stored = stored(&world).await;
        assert!(stored.iter().any(|file| holds(file, id)), "{id} is stored");
        assert!(!stored.iter().any(|file| holds(file, random)));
        // Each key has the length of the right one, and equals it up to one of its characters.
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
}
