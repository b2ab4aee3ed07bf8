//! What repositories are written with.

use sea_orm::{ActiveModelTrait, IntoActiveModel, UpdateResult};

use crate::error::StoreError;

/// A row to insert, all of its columns set: SeaORM takes a model for one that was read, with
/// nothing to write.
pub fn new_row<A, M>(model: M) -> A
where
    A: ActiveModelTrait,
    M: IntoActiveModel<A>,
{
    model.into_active_model().reset_all()
}

/// That an update which names the version that was read has changed its row: SQLite ignores
/// `FOR UPDATE`, so this is what tells that nobody else came first.
///
/// # Errors
/// [`StoreError::Stale`].
pub fn changed_one(result: &UpdateResult) -> Result<(), StoreError> {
    if result.rows_affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Stale)
    }
}
