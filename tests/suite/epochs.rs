//! A log that goes back, on every kind of database. The test restores earlier rows into the same
//! tables, so that only the commits reveal it.

use api::identity::v1::{CreateUserRequest, CreateUserResponse};
use sea_orm::ConnectionTrait;
use store::{Cursor, Store, StoreError, Turn};
use testkit::Postgres;
use tokens::Source;

use crate::contract::{begin, open, request, write};

/// The tables of the log.
const LOG_TABLES: [&str; 3] = ["head", "outbox", "commits"];

/// Returns the URLs of a database of each kind, and the folder of the file.
fn urls() -> ([String; 2], tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}/one.db", folder.path().display());
    (
        [file, Postgres::shared().unwrap().database().unwrap()],
        folder,
    )
}

async fn commit(store: &Store, entities: &[&str]) -> Cursor {
    for entity in entities {
        let mut tx = write(store).await;
        tx.emit((*entity).to_owned(), vec![1]);
        tx.commit().await.unwrap();
    }
    store.head().await.unwrap().cursor
}

async fn run(store: &Store, statement: impl Fn(&str) -> String) {
    for table in LOG_TABLES {
        let statement = statement(table);
        store.writer().execute_unprepared(&statement).await.unwrap();
    }
}

async fn save(store: &Store) {
    run(store, |table| {
        format!("CREATE TABLE saved_{table} AS SELECT * FROM {table}")
    })
    .await;
}

async fn put_back(store: &Store) {
    run(store, |table| format!("DELETE FROM {table}")).await;
    run(store, |table| {
        format!("INSERT INTO {table} SELECT * FROM saved_{table}")
    })
    .await;
}

fn entities(page: &store::Backlog) -> Vec<&str> {
    let entries = page.entries.iter();
    entries.map(|entry| entry.entity.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_lost_commits_restarts_and_other_readers_continue() {
    let (urls, _folder) = urls();
    for url in urls {
        let store = open(&url).await;
        let kept = commit(&store, &["a", "b"]).await;
        save(&store).await;
        let lost = commit(&store, &["c", "d"]).await;
        put_back(&store).await;
        let ended = store.head().await;
        assert!(matches!(ended, Err(StoreError::EpochEnded(epoch)) if epoch == lost.epoch));
        let page = store.backlog(lost).await.unwrap();
        assert!(page.anew && page.caught_up && page.cursor.epoch > lost.epoch);
        assert_eq!(entities(&page), ["a", "b"]);
        let page = store.backlog(kept).await.unwrap();
        assert!(!page.anew && page.caught_up && page.cursor.epoch > kept.epoch);
        assert!(page.entries.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reused_position_is_not_mistaken_for_the_one_that_was_read() {
    let (urls, _folder) = urls();
    for url in urls {
        let store = open(&url).await;
        commit(&store, &["a"]).await;
        save(&store).await;
        let lost = commit(&store, &["b", "c"]).await;
        put_back(&store).await;
        // This process knows nothing of the lost commits.
        let other = open(&url).await;
        let again = commit(&other, &["d", "e"]).await;
        assert_eq!((again.epoch, again.position), (lost.epoch, lost.position));
        let page = other.backlog(lost).await.unwrap();
        assert!(page.anew && page.cursor.epoch > lost.epoch);
        assert_eq!(entities(&page), ["a", "d", "e"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_commit_of_a_process_that_knows_of_a_loss_begins_the_epoch() {
    let (urls, _folder) = urls();
    for url in urls {
        let store = open(&url).await;
        commit(&store, &["a"]).await;
        save(&store).await;
        let lost = commit(&store, &["b", "c"]).await;
        put_back(&store).await;
        let mut tx = write(&store).await;
        tx.emit("d".to_owned(), vec![1]);
        tx.commit().await.unwrap();
        let head = store.head().await.unwrap().cursor;
        assert!(head.epoch > lost.epoch && head.position < lost.position);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_is_answered_with_a_token_of_the_present_epoch() {
    let (urls, _folder) = urls();
    for url in urls {
        let store = open(&url).await;
        let answer = async |request: &CreateUserRequest| {
            let turn = begin(&store, request).await.unwrap();
            let answer = match turn {
                Turn::Repeat(answer) => answer,
                Turn::Write(tx) => {
                    let answer = |consistency_token| CreateUserResponse {
                        consistency_token,
                        ..CreateUserResponse::default()
                    };
                    tx.finish(answer).await.unwrap()
                }
            };
            let token = answer.consistency_token;
            store.sealer().open_consistency(&token).unwrap()
        };
        let first = answer(&request("r")).await;
        store.begin_epoch(first.epoch).await.unwrap();
        let again = answer(&request("r")).await;
        assert_eq!(again.source, Source::Identity);
        assert!(again.epoch > first.epoch && again.at > first.at);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_epoch_ends_once_however_many_notice() {
    let (urls, _folder) = urls();
    for url in urls {
        let store = open(&url).await;
        let before = commit(&store, &["a"]).await;
        let mut noticing = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let store = store.clone();
            noticing.spawn(async move { store.begin_epoch(before.epoch).await });
        }
        for noticed in noticing.join_all().await {
            noticed.unwrap();
        }
        let head = store.head().await.unwrap().cursor;
        assert!(head.epoch > before.epoch);
        assert_eq!(head.position, before.position + 1, "one commit begins it");
    }
}
