//! Scans the resources of units in the store.

use ::store::StoreError;
use types::OrganizationId;

use super::Location;
use crate::store::view::View;

/// A filter on the units of the resources.
#[derive(Debug)]
pub(super) enum UnitFilter {
    All,
    /// Sorted ids.
    Units(Vec<String>),
}

impl UnitFilter {
    /// Returns the first unit of the filter at or after `unit`.
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

/// Returns at most `limit` resources of these units after `after`, in the order of their units and
/// ids.
///
/// The cost is proportional to the result: each read continues at the next unit of the filter. So
/// it either finds a resource, or skips all units without resources before the next one that has
/// some.
pub(super) async fn scan_units(
    view: View<'_>,
    organization: &OrganizationId,
    unit_filter: &UnitFilter,
    after: (String, String),
    limit: usize,
) -> Result<Vec<Location>, StoreError> {
    let mut found = Vec::new();
    let mut at = after;
    while found.len() < limit {
        if !unit_filter.has(&at.0) {
            let Some(next) = unit_filter.next(&at.0) else {
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
            if !unit_filter.has(&row.unit) {
                outside = Some(row.unit);
                break;
            }
            at = (row.unit.clone(), row.id.clone());
            found.push(Location::Resource(row.unit, row.id));
        }
        match outside {
            Some(unit) => at = (unit, String::new()),
            None if all => break,
            None => {}
        }
    }
    Ok(found)
}
