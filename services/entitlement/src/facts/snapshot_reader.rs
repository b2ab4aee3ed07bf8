//! Facts loaded for one answer, if memory does not hold the facts that it needs.

use std::sync::Arc;

use store::{Store, StoreError};

use super::{FactKey, FactSnapshot, Facts, FactsError, catalog_cache::CatalogCache, load::load};
use crate::store::view::View;

/// Maximum number of load rounds; each continues from the facts loaded so far.
const MAX_LOAD_ROUNDS: usize = 8;

/// A private snapshot of the facts, read in one transaction.
pub(crate) struct SnapshotReader<'a> {
    view: View<'a>,
    catalogs: &'a CatalogCache,
    world: FactSnapshot,
}

impl<'a> SnapshotReader<'a> {
    /// Begins to read in a snapshot or in a write transaction.
    pub(crate) async fn begin(
        store: &Store,
        facts: &'a Facts,
        view: View<'a>,
    ) -> Result<Self, StoreError> {
        let world = FactSnapshot {
            cursor: store.head_in(view.db).await?.cursor,
            ..FactSnapshot::default()
        };
        Ok(Self {
            view,
            catalogs: &facts.catalogs,
            world,
        })
    }

    /// Returns the revision of the snapshot.
    pub(crate) fn revision(&self) -> i64 {
        self.world.revision()
    }

    /// Answers from the facts. Loads the keys that `answer` misses and tries again.
    pub(crate) async fn read<T>(
        &mut self,
        answer: impl Fn(&FactSnapshot) -> Result<T, Vec<FactKey>>,
    ) -> Result<T, FactsError> {
        for _ in 0..MAX_LOAD_ROUNDS {
            match answer(&self.world) {
                Ok(found) => return Ok(found),
                Err(missing) => {
                    // Load no organization completely: it may be large, and is needed only once.
                    let loaded = load(self.view, self.catalogs, missing, |_| None).await;
                    let loaded = loaded.map_err(|error| FactsError::Store(Arc::new(error)))?;
                    let cursor = self.world.cursor;
                    self.world.apply(loaded, cursor, [None, None]);
                }
            }
        }
        Err(FactsError::Memory)
    }
}
