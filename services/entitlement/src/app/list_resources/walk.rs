//! The resources of units, from the store.

use ::store::StoreError;
use base::OrganizationId;

use super::Spot;
use crate::store::view::View;

/// The units whose resources are listed.
#[derive(Debug)]
pub(super) enum Covered {
    All,
    /// By id, in order.
    Units(Vec<String>),
}

impl Covered {
    /// The first of them that is this one or comes after it.
    fn next(&self, unit: &str) -> Option<&str> {
        let Self::Units(units) = self else {
            return None;
        };
        let at = units.partition_point(|own| own.as_str() < unit);
        units.get(at).map(String::as_str)
    }

    fn has(&self, unit: &str) -> bool {
        matches!(self, Self::All) || self.next(unit) == Some(unit)
    }
}

/// At most `limit` resources of these units after one, in the order of their units and ids.
///
/// Costs what it returns: each read goes on at the next of the units, so it either finds a
/// resource or passes over as many units without any as there are before the next that has one.
pub(super) async fn walk(
    view: View<'_>,
    organization: &OrganizationId,
    covered: &Covered,
    after: (String, String),
    limit: usize,
) -> Result<Vec<Spot>, StoreError> {
    let mut found = Vec::new();
    let mut at = after;
    while found.len() < limit {
        if !covered.has(&at.0) {
            let Some(next) = covered.next(&at.0) else {
                break;
            };
            at = (next.to_owned(), String::new());
        }
        let wanted = limit - found.len();
        let after = (at.0.as_str(), at.1.as_str());
        let rows = view
            .resources_after(organization, after, wanted as u64)
            .await?;
        let all = rows.len() < wanted;
        let mut outside = None;
        for row in rows {
            if !covered.has(&row.unit) {
                outside = Some(row.unit);
                break;
            }
            at = (row.unit.clone(), row.id.clone());
            found.push(Spot::Resource(row.unit, row.id));
        }
        match outside {
            Some(unit) => at = (unit, String::new()),
            None if all => break,
            None => {}
        }
    }
    Ok(found)
}
