//! The contract of every store, on every database.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use api::{
    common::v1::AuditOutcome,
    identity::v1::{CreateUserRequest, CreateUserResponse},
};
use audit::Entry;
use authz::Permit;
use clock::SystemClock;
use store::{AuditQuery, Cursor, Store, StoreError, StoreUrl, Turn, WriteTx};
use tempfile::TempDir;
use testkit::Postgres;
use tokens::{Sealer, Source};
use tokio::task::JoinSet;
use types::UnixTime;

/// Opens a store of each kind. Returns each with its folder, which must stay alive.
async fn stores() -> Vec<(Store, Option<TempDir>)> {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}/one.db", folder.path().display());
    let database = Postgres::shared().unwrap().database().unwrap();
    vec![
        (open(&file).await, Some(folder)),
        (open(&database).await, None),
    ]
}

pub async fn open(url: &str) -> Store {
    let sealer = Sealer::new(&vec![7; 32].into());
    let url = StoreUrl::parse(url).unwrap();
    Store::open::<identity::Migrator>(
        &url,
        Source::Identity,
        sealer,
        Arc::new(SystemClock::default()),
    )
    .await
    .unwrap()
}

pub fn request(id: &str) -> CreateUserRequest {
    CreateUserRequest {
        request_id: id.to_owned(),
        ..CreateUserRequest::default()
    }
}

pub async fn begin(
    store: &Store,
    request: &CreateUserRequest,
) -> Result<Turn<CreateUserResponse>, StoreError> {
    store.begin(&Permit::system("test"), request).await
}

pub async fn write(store: &Store) -> WriteTx {
    store.begin_internal(&Permit::system("test")).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_is_answered_without_a_second_effect() {
    for (store, _folder) in stores().await {
        let Turn::Write(mut tx) = begin(&store, &request("r")).await.unwrap() else {
            panic!("the request was not executed before");
        };
        tx.emit("one".to_owned(), vec![1]);
        let answer = |consistency_token| CreateUserResponse {
            consistency_token,
            ..CreateUserResponse::default()
        };
        let first = tx.finish(answer).await.unwrap();
        let Turn::Repeat(second) = begin(&store, &request("r")).await.unwrap() else {
            panic!("the request was executed before");
        };
        assert_eq!(first, second);
        let other = CreateUserRequest {
            user_id: "x".to_owned(),
            ..request("r")
        };
        assert!(matches!(
            begin(&store, &other).await,
            Err(StoreError::RequestReused)
        ));
        // The same id from another caller is another request.
        let theirs: Turn<CreateUserResponse> = store
            .begin(&Permit::system("other"), &request("s"))
            .await
            .unwrap();
        assert!(matches!(theirs, Turn::Write(_)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_or_dropped_transaction_leaves_nothing() {
    for (store, _folder) in stores().await {
        let only = CreateUserRequest {
            validate_only: true,
            ..request("v")
        };
        let Turn::Write(mut tx) = begin(&store, &only).await.unwrap() else {
            panic!("the request was not executed before");
        };
        tx.emit("one".to_owned(), vec![1]);
        let response = tx.finish(|token| CreateUserResponse {
            consistency_token: token,
            ..CreateUserResponse::default()
        });
        assert_eq!(response.await.unwrap().consistency_token, "");
        let mut dropped = write(&store).await;
        dropped.emit("two".to_owned(), vec![2]);
        drop(dropped);
        let backlog = store.backlog(Cursor::START).await.unwrap();
        assert!(backlog.entries.is_empty() && backlog.caught_up);
        // The connection of the dropped transaction serves the next one.
        write(&store).await.commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outbox_keeps_the_latest_state_at_the_position_of_its_commit() {
    for (store, _folder) in stores().await {
        let (mut positions, mut cursors) = (Vec::new(), Vec::new());
        for (entity, state) in [("a", 1), ("b", 1), ("a", 2)] {
            let mut tx = write(&store).await;
            tx.emit(entity.to_owned(), vec![state]);
            positions.push(tx.commit().await.unwrap());
            cursors.push(store.head().await.unwrap().cursor);
        }
        assert!(positions.is_sorted_by(|one, other| one < other));
        let backlog = store.backlog(Cursor::START).await.unwrap();
        let entries: Vec<_> = backlog
            .entries
            .iter()
            .map(|entry| (entry.entity.as_str(), entry.payload[0], entry.position))
            .collect();
        assert_eq!(entries, [("b", 1, positions[1]), ("a", 2, positions[2])]);
        assert_eq!(store.backlog(cursors[1]).await.unwrap().entries.len(), 1);
        assert_eq!(store.head().await.unwrap().cursor.position, positions[2]);
        let snapshot = store.snapshot().await.unwrap();
        for (limit, latest) in [(5, vec![1, 2]), (1, vec![2])] {
            let found = Store::latest_in(&snapshot, limit).await.unwrap();
            let found: Vec<_> = found.into_iter().map(|(_, at)| at).collect();
            let latest: Vec<_> = latest.into_iter().map(|at| positions[at]).collect();
            assert_eq!(found, latest, "the last {limit}, oldest first");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k_p_a_page_of_the_outbox_never_splits_a_commit() {
    for (store, _folder) in stores().await {
        let sizes = [1, 999, 1, 1500, 3];
        for (commit, size) in sizes.into_iter().enumerate() {
            let mut tx = write(&store).await;
            for index in 0..size {
                tx.emit(format!("{commit}/{index:04}"), Vec::new());
            }
            tx.commit().await.unwrap();
        }
        let (mut cursor, mut seen, mut caught_up) = (Cursor::START, Vec::new(), false);
        while !caught_up {
            let page = store.backlog(cursor).await.unwrap();
            let last = page.entries.last().unwrap().position;
            assert_eq!(last, page.cursor.position);
            let of_last = page
                .entries
                .iter()
                .filter(|entry| entry.position == last)
                .count();
            seen.extend(page.entries.into_iter().map(|entry| entry.entity));
            let commit: usize = seen
                .last()
                .unwrap()
                .split('/')
                .next()
                .unwrap()
                .parse()
                .unwrap();
            assert_eq!(of_last, sizes[commit]);
            (cursor, caught_up) = (page.cursor, page.caught_up);
        }
        let total = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((total, seen.len()), (2504, 2504));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_follows_misses_no_concurrent_commit() {
    for (store, _folder) in stores().await {
        let writers = (0..8).map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..20 {
                    let mut tx = write(&store).await;
                    tx.emit(format!("{writer}/{number}"), Vec::new());
                    // Transactions end in a different order than they begin.
                    tokio::task::yield_now().await;
                    tx.commit().await.unwrap();
                }
            })
        });
        let writers: Vec<_> = writers.collect();
        let (mut cursor, mut seen) = (Cursor::START, Vec::new());
        loop {
            let done = writers.iter().all(tokio::task::JoinHandle::is_finished);
            let page = store.backlog(cursor).await.unwrap();
            cursor = page.cursor;
            seen.extend(page.entries.into_iter().map(|entry| entry.entity));
            if done && page.caught_up {
                break;
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 160);
    }
}

/// J2: the log counts a flood of entries by one caller, does not fill up with them, and hides no
/// other caller.
#[tokio::test(flavor = "multi_thread")]
async fn j2_a_flood_is_counted_in_the_log() {
    for (store, _folder) in stores().await {
        let call = |actor: &str, outcome| Entry {
            organization: "operator".to_owned(),
            method: "m".to_owned(),
            outcome,
            actor: actor.to_owned(),
            ..Entry::default()
        };
        let mut flood = JoinSet::new();
        for _ in 0..130 {
            let (store, entry) = (store.clone(), call("users/mallory", AuditOutcome::Read));
            flood.spawn(async move { store.record(entry).await });
        }
        flood.join_all().await;
        let refused = AuditOutcome::Refused;
        store.record(call("users/mallory", refused)).await;
        store.record(call("users/jan", refused)).await;
        let list = async |actor| {
            let query = AuditQuery {
                organization: "operator",
                actor,
                method: "",
                start: UnixTime::MIN,
                end: UnixTime::MAX,
                before: i64::MAX,
                limit: 1000,
            };
            store.audit(query).await.unwrap()
        };
        let begin = Instant::now();
        let found = loop {
            let found = list("users/mallory").await;
            if found.iter().any(|entry| entry.record.dropped > 0) {
                break found;
            }
            assert!(
                begin.elapsed() < Duration::from_secs(30),
                "no counting entry appears"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        // One window and the start of the next, because the machine may be slow.
        let dropped: i64 = found.iter().map(|entry| entry.record.dropped).sum();
        let of = |outcome| {
            found
                .iter()
                .filter(move |entry| entry.record.outcome() == outcome)
        };
        let recorded = of(AuditOutcome::Read);
        let recorded = i64::try_from(recorded.count()).unwrap();
        assert_eq!((recorded + dropped, recorded >= 100), (130, true));
        // The counting entry may precede the refusal, but never the entries after which it counts.
        let said = found.iter().filter(|entry| entry.record.dropped > 0);
        for entry in said {
            assert_eq!(entry.record.outcome(), AuditOutcome::Dropped);
        }
        let oldest = found.iter().rev();
        let before = oldest.take_while(|entry| entry.record.dropped == 0);
        let read = before.filter(|entry| entry.record.outcome() == AuditOutcome::Read);
        assert!(read.count() >= 100, "a window is full before it is counted");
        assert_eq!(of(refused).count(), 1, "the flood hides the refusal");
        assert_eq!(list("users/jan").await.len(), 1);
    }
}
