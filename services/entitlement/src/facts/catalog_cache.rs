//! The catalogs compiled last. Reads that memory cannot serve, reads as of an earlier time, and
//! writes each need a catalog, and few of these catalogs differ.

use std::{collections::VecDeque, sync::Arc};

use api::entitlement::v1::Application;
use entitlement_core::{Catalog, Map};
use parking_lot::Mutex;
use store::StoreError;

use crate::{catalog, store::applications::Stored};

/// Number of cached catalogs: the current one as rows and as history, and two more.
const MAX_CATALOGS: usize = 4;

/// A catalog as declared and as compiled.
#[derive(Debug, Default)]
pub(super) struct Declared {
    pub(super) catalog: Catalog,
    pub(super) applications: Map<Box<str>, Application>,
}

/// Compiled catalogs keyed by their stored form, most recently used first.
#[derive(Debug, Default)]
pub(super) struct CatalogCache(Mutex<VecDeque<(Stored, Arc<Declared>)>>);

impl CatalogCache {
    /// Returns the compiled catalog; equal stored forms share one.
    pub(super) fn of(&self, stored: Stored) -> Result<Arc<Declared>, StoreError> {
        if let Some(known) = self.known(&stored) {
            return Ok(known);
        }
        // Compile outside the lock: two callers may compile the same catalog, but nobody waits.
        let declared = Arc::new(declared(stored.decode()?));
        let mut kept = self.0.lock();
        kept.push_front((stored, declared.clone()));
        kept.truncate(MAX_CATALOGS);
        Ok(declared)
    }

    fn known(&self, stored: &Stored) -> Option<Arc<Declared>> {
        let mut kept = self.0.lock();
        let at = kept.iter().position(|(own, _)| own == stored)?;
        let found = kept.remove(at)?;
        let declared = found.1.clone();
        kept.push_front(found);
        Some(declared)
    }
}

fn declared(applications: Vec<Application>) -> Declared {
    let definitions: Vec<_> = applications
        .iter()
        .filter_map(|application| catalog::definition(application).ok())
        .collect();
    let catalog = Catalog::compile(&definitions).unwrap_or_else(|error| {
        // A catalog is compiled before it is stored, so this cannot happen. An empty catalog denies
        // everything, and the log says why.
        tracing::error!(%error, "the stored catalog does not compile");
        Catalog::default()
    });
    let named = applications.into_iter().map(|application| {
        let id = application.name.trim_start_matches("applications/");
        (id.into(), application)
    });
    Declared {
        catalog,
        applications: named.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::applications::Row;

    fn stored(version: i64) -> Stored {
        let application = Application::default();
        Stored::Rows(vec![Row {
            id: "crm".to_owned(),
            body: prost::Message::encode_to_vec(&application),
            create_ms: 1,
            update_ms: version,
            version,
        }])
    }

    #[test]
    fn what_is_stored_alike_is_compiled_once() {
        let catalogs = CatalogCache::default();
        let of = |version| catalogs.of(stored(version)).unwrap();
        let first = of(1);
        let other = of(2);
        assert!(Arc::ptr_eq(&first, &of(1)));
        assert!(!Arc::ptr_eq(&first, &other));
        assert_eq!(other.applications["crm"].version, 2);
    }

    #[test]
    fn the_one_that_was_not_asked_for_longest_is_forgotten() {
        let catalogs = CatalogCache::default();
        let of = |version| catalogs.of(stored(version)).unwrap();
        let (first, second) = (of(1), of(2));
        for version in 3..=i64::try_from(MAX_CATALOGS).unwrap() {
            of(version);
        }
        of(1);
        of(100);
        assert!(Arc::ptr_eq(&first, &of(1)));
        assert!(!Arc::ptr_eq(&second, &of(2)));
        assert_eq!(catalogs.0.lock().len(), MAX_CATALOGS);
    }
}
