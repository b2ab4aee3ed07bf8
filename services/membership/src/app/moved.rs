//! A move, as entitlement checks it: the old and the new location of an entity.

use ::store::WriteTx;
use types::{In, OrganizationId, UnitId};

use crate::{error::Error, store::units::tree};

/// The names of a unit or resource and of the units above it, before and after a move.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) before: Vec<String>,
    pub(super) after: Vec<String>,
}

impl Moved {
    /// Returns the move of an entity from one unit to another, or `None` if they are the same. Call
    /// it before the move is made.
    pub(super) async fn of(
        tx: &WriteTx,
        organization: &OrganizationId,
        place: String,
        (from, to): (Option<&UnitId>, Option<&UnitId>),
    ) -> Result<Option<Self>, Error> {
        if from == to {
            return Ok(None);
        }
        let ends = from.into_iter().chain(to).collect();
        let tree = tree::above(tx.connection(), organization, &ends).await?;
        let names = |unit| {
            let above = tree.path(unit).map(|id| {
                let (organization, id) = (organization.clone(), id.clone());
                In { organization, id }.to_string()
            });
            std::iter::once(place.clone()).chain(above).collect()
        };
        Ok(Some(Self {
            before: names(from),
            after: names(to),
        }))
    }
}
