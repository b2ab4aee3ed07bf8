//! The current revisions of organizations, as last read.

use std::{collections::HashMap, sync::Arc};

use foldhash::fast::RandomState;
use freshness::Revisions;
use parking_lot::Mutex;
use types::OrganizationId;

/// Maximum number of organizations whose revisions are kept parsed.
const MAX_ORGANIZATIONS: usize = 4096;

/// Parses a text once for as long as it stays the same. The text itself is read with every
/// decision.
#[derive(Default)]
pub(super) struct Parsed(Mutex<HashMap<OrganizationId, (String, Arc<Revisions>), RandomState>>);

impl Parsed {
    /// Returns the parsed text; `None` if it is malformed.
    pub(super) fn read(
        &self,
        organization: &OrganizationId,
        text: String,
    ) -> Option<Arc<Revisions>> {
        let mut parsed = self.0.lock();
        if let Some((known, revisions)) = parsed.get(organization)
            && *known == text
        {
            return Some(revisions.clone());
        }
        let revisions: Arc<Revisions> = Arc::new(text.parse().ok()?);
        if parsed.len() >= MAX_ORGANIZATIONS && !parsed.contains_key(organization) {
            parsed.clear();
        }
        parsed.insert(organization.clone(), (text, revisions.clone()));
        Some(revisions)
    }
}

#[cfg(test)]
mod tests {
    use types::Id;

    use super::*;

    #[test]
    fn the_text_decides_and_each_organization_has_its_own() {
        let parsed = Parsed::default();
        let (acme, other) = (
            OrganizationId::parse("acme").unwrap(),
            OrganizationId::parse("other").unwrap(),
        );
        let read = |of, text: &str| parsed.read(of, text.to_owned());
        let first = read(&acme, "7 5 1 0 0 0").unwrap();
        assert!(Arc::ptr_eq(&first, &read(&acme, "7 5 1 0 0 0").unwrap()));
        assert_eq!(read(&other, "7 7 1 0 0 0").unwrap().at.revision, 7);
        assert_eq!(read(&acme, "7 6 1 0 0 0").unwrap().at.revision, 6);
        assert!(read(&acme, "nothing").is_none());
    }
}
