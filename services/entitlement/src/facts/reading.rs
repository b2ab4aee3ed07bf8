//! Facts loaded for one answer, if memory does not hold the facts that it needs.

use std::sync::Arc;

use store::{Store, StoreError};

use super::{Facts, FactsError, Piece, World, catalogs::Catalogs, load::load};
use crate::store::view::View;

/// Maximum number of load rounds; each continues from the facts loaded so far.
const ATTEMPTS: usize = 8;

/// A private snapshot of the facts, read in one transaction.
pub(crate) struct Reading<'a> {
    view: View<'a>,
    catalogs: &'a Catalogs,
    world: World,
}

impl<'a> Reading<'a> {
    /// Begins to read in a snapshot or in a write transaction.
    pub(crate) async fn begin(
        store: &Store,
        facts: &'a Facts,
        view: View<'a>,
    ) -> Result<Self, StoreError> {
        let world = World {
            cursor: store.head_in(view.db).await?.cursor,
            ..World::default()
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
        answer: impl Fn(&World) -> Result<T, Vec<Piece>>,
    ) -> Result<T, FactsError> {
        for _ in 0..ATTEMPTS {
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
