//! Backups of a database during writes.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use store::Store;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::{done, open, postgres};
use crate::contract;

/// Writes pairs endlessly, and counts the acknowledged ones.
async fn write(store: Store, written: Arc<AtomicUsize>) {
    loop {
        let number = written.load(Ordering::SeqCst);
        let mut tx = contract::write(&store).await;
        tx.emit(format!("one/{number}"), vec![1]);
        tx.emit(format!("other/{number}"), vec![1]);
        tx.commit().await.unwrap();
        written.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_while_it_is_written_to_has_all_that_was_acknowledged_and_no_half() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}/live.db", folder.path().display());
    for (name, url) in [("of-file", file), ("of-server", postgres())] {
        let store = contract::open(&url).await;
        let (written, end) = (Arc::<AtomicUsize>::default(), CancellationToken::new());
        let writing = end.clone();
        let writer = write(store.clone(), written.clone());
        let writer =
            tokio::spawn(async move { Box::pin(writing.run_until_cancelled(writer)).await });
        while written.load(Ordering::SeqCst) < 20 {
            tokio::task::yield_now().await;
        }
        let acknowledged = written.load(Ordering::SeqCst);
        let copy = folder.path().join(name);
        let to = copy.clone();
        let create = move || done("create", &to, &["--store", &url, "--service", "identity"]);
        spawn_blocking(create).await.unwrap();
        let then = written.load(Ordering::SeqCst);
        assert!(then > acknowledged, "writes continue during the backup");
        end.cancel();
        writer.await.unwrap();
        done("verify", &copy, &[]);

        let copied = open(&format!("sqlite:{}/identity.db", copy.display())).await;
        let query = Statement::from_string(DbBackend::Sqlite, "SELECT entity FROM outbox");
        let rows = copied.query_all_raw(query).await.unwrap();
        let found: BTreeSet<String> = rows
            .iter()
            .map(|row| row.try_get("", "entity").unwrap())
            .collect();
        let count = |side: &str| {
            found
                .iter()
                .filter(|entity| entity.starts_with(side))
                .count()
        };
        assert!(count("one/") >= acknowledged);
        assert_eq!(count("one/"), count("other/"), "half a change");
        let all = (0..count("one/")).all(|number| found.contains(&format!("other/{number}")));
        assert!(all, "a later change without an earlier one");
    }
}
