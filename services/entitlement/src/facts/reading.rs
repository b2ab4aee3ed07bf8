//! Facts read for one answer alone, where memory does not hold all that the answer needs.

use std::sync::Arc;

use sea_orm::DatabaseTransaction;
use store::{Store, StoreError};

use super::{FactsError, Piece, World, load::load};

/// How often an answer may find something missing: each time it goes on from what was loaded.
const ATTEMPTS: usize = 8;

/// Facts of one snapshot of the store, in a world of their own.
pub(crate) struct Reading {
    snapshot: DatabaseTransaction,
    world: World,
}

impl Reading {
    /// Begins a snapshot.
    pub(crate) async fn begin(store: &Store) -> Result<Self, StoreError> {
        let snapshot = store.snapshot().await?;
        let mut world = World::default();
        let head = store.head_in(&snapshot).await?;
        world.revision = head.position;
        Ok(Self { snapshot, world })
    }

    /// The revision that it is of.
    pub(crate) fn revision(&self) -> i64 {
        self.world.revision
    }

    /// The snapshot, for rows that are read beside the facts.
    pub(crate) fn snapshot(&self) -> &DatabaseTransaction {
        &self.snapshot
    }

    /// Answers from the facts; what `answer` misses is loaded first.
    pub(crate) async fn read<T>(
        &mut self,
        answer: impl Fn(&World) -> Result<T, Vec<Piece>>,
    ) -> Result<T, FactsError> {
        for _ in 0..ATTEMPTS {
            match answer(&self.world) {
                Ok(found) => return Ok(found),
                Err(missing) => {
                    // Nothing is loaded whole: these organizations are too large for it.
                    let loaded = load(&self.snapshot, missing, |_| None).await;
                    let loaded = loaded.map_err(|error| FactsError::Store(Arc::new(error)))?;
                    let revision = self.world.revision;
                    self.world.apply(loaded, revision, [None, None]);
                }
            }
        }
        Err(FactsError::Memory)
    }
}
