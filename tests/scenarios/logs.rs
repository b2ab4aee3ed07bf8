//! The log of changes on both databases: in commit order, without gaps.

use std::{collections::BTreeMap, sync::Arc};

use authz::Permit;
use clock::SystemClock;
use store::{Cursor, Store, StoreUrl};
use tempfile::TempDir;
use testkit::Postgres;
use tests::BoundedWait;
use tokens::{Sealer, Source};
use tokio::task::JoinSet;

use crate::shared::run;

const WRITER_COUNT: u8 = 8;
const WRITES_PER_WRITER: u8 = 25;
const ENTITY_COUNT: u8 = 7;

async fn open(url: &str) -> Store {
    let url = StoreUrl::parse(url).unwrap();
    let sealer = Sealer::new(&vec![1; 32].into());
    let clock = Arc::new(SystemClock::default());
    // Any service's tables will do, because each has a log.
    Store::open::<entitlement::Migrator>(&url, Source::Entitlement, sealer, clock)
        .await
        .unwrap()
}

fn on_both(test: impl AsyncFn(Store)) {
    run(async {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("log.db");
        test(open(&format!("sqlite:{}", path.display())).await).await;
        let postgres = Postgres::shared().unwrap();
        test(open(&postgres.database().unwrap()).await).await;
    });
}

/// Writes states of a few entities. Returns each state with its log position.
async fn write(store: Store, writer: u8) -> Vec<(i64, String, Vec<u8>)> {
    let mut written = Vec::new();
    for turn in 0..WRITES_PER_WRITER {
        let permit = Permit::system("test");
        let mut tx = store.begin_internal(&permit).await.unwrap();
        let entity = format!("e{}", (writer * 3 + turn) % ENTITY_COUNT);
        tx.emit(entity.clone(), vec![writer, turn]);
        // Some writers take longer than others between start and commit.
        for _ in 0..writer {
            tokio::task::yield_now().await;
        }
        written.push((tx.commit().await.unwrap(), entity, vec![writer, turn]));
    }
    written
}

#[test]
fn k_g_a_reader_that_follows_positions_sees_the_last_state_of_everything() {
    on_both(async |store| {
        let begin = store.backlog(Cursor::START).await.unwrap().cursor;
        let mut writers = JoinSet::new();
        for writer in 0..WRITER_COUNT {
            writers.spawn(write(store.clone(), writer));
        }
        let reading = async {
            let mut seen = BTreeMap::new();
            let mut at = begin;
            let total = begin.position + i64::from(WRITER_COUNT) * i64::from(WRITES_PER_WRITER);
            let patience = BoundedWait::with("all written entries");
            while at.position < total {
                patience.pause().await;
                let page = store.backlog(at).await.unwrap();
                let mut last = at.position;
                for entry in page.entries {
                    assert!(entry.position > at.position && entry.position >= last);
                    last = entry.position;
                    seen.insert(entry.entity, entry.payload);
                }
                assert!(page.cursor.position >= last);
                at = page.cursor;
            }
            seen
        };
        let (seen, written) = tokio::join!(reading, writers.join_all());
        let mut written = written.concat();
        written.sort();
        let positions: Vec<i64> = written.iter().map(|(at, ..)| *at).collect();
        let expected: Vec<i64> = (begin.position + 1..).take(written.len()).collect();
        assert_eq!(positions, expected, "one position per commit");
        let last: BTreeMap<String, Vec<u8>> = written
            .into_iter()
            .map(|(_, entity, payload)| (entity, payload))
            .collect();
        assert_eq!(seen, last);
    });
}

/// SQLite serializes its writers, so this situation exists only on PostgreSQL.
#[test]
fn k_g_a_slow_transaction_is_not_skipped() {
    run(async {
        let url = Postgres::shared().unwrap().database().unwrap();
        let (store, other) = (open(&url).await, open(&url).await);
        let permit = Permit::system("test");
        let mut slow = store.begin_internal(&permit).await.unwrap();
        slow.emit("slow".to_owned(), vec![1]);
        let mut at = Cursor::START;
        for turn in 0..5 {
            let mut fast = other.begin_internal(&permit).await.unwrap();
            fast.emit("fast".to_owned(), vec![turn]);
            let position = fast.commit().await.unwrap();
            at = store.backlog(at).await.unwrap().cursor;
            assert_eq!(at.position, position);
        }
        let position = slow.commit().await.unwrap();
        assert!(position > at.position);
        let page = other.backlog(at).await.unwrap();
        let entities: Vec<&str> = page.entries.iter().map(|entry| &*entry.entity).collect();
        assert_eq!((entities, page.cursor.position), (vec!["slow"], position));
    });
}

#[test]
fn a_rolled_back_transaction_leaves_no_gap_and_no_trace() {
    on_both(async |store| {
        let begin = store.backlog(Cursor::START).await.unwrap().cursor;
        let permit = Permit::system("test");
        let mut dropped = store.begin_internal(&permit).await.unwrap();
        dropped.emit("dropped".to_owned(), vec![1]);
        drop(dropped);
        let mut kept = store.begin_internal(&permit).await.unwrap();
        kept.emit("kept".to_owned(), vec![2]);
        assert_eq!(kept.commit().await.unwrap(), begin.position + 1);
        let page = store.backlog(begin).await.unwrap();
        let entities: Vec<&str> = page.entries.iter().map(|entry| &*entry.entity).collect();
        assert_eq!(entities, ["kept"]);
    });
}
