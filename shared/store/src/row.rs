//! Helpers for repositories.

use sea_orm::{ActiveModelTrait, IntoActiveModel, UpdateResult};

use crate::error::StoreError;

/// Returns a row to insert, with all of its columns set: SeaORM assumes that a model was read, and
/// so would write nothing.
pub fn new_row<A, M>(model: M) -> A
where
    A: ActiveModelTrait,
    M: IntoActiveModel<A>,
{
    model.into_active_model().reset_all()
}

/// Checks that an update which names the read version has changed its row. SQLite ignores
/// `FOR UPDATE`, so this is the check that no other transaction came first.
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
