//! Facts read for one answer alone, where memory does not hold what the answer needs.

use std::sync::Arc;

use store::{Store, StoreError};

use super::{Facts, FactsError, Piece, World, catalogs::Catalogs, load::load};
use crate::store::view::View;

/// How often an answer may find something missing: each time it goes on from what was loaded.
const ATTEMPTS: usize = 8;

/// Facts of one transaction, in a world of their own.
pub(crate) struct Reading<'a> {
    view: View<'a>,
    catalogs: &'a Catalogs,
    world: World,
}

impl<'a> Reading<'a> {
    /// Begins to read in a snapshot or in a transaction that writes.
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

    /// The revision that it is of.
    pub(crate) fn revision(&self) -> i64 {
        self.world.revision()
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
                    // Nothing is loaded whole: it may be too large, and is asked about once.
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
