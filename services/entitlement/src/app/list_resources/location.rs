//! A location in an organization, in the order of the list.

use api::entitlement::v1::PlaceKind;
use types::OrganizationId;

/// A location by its ids. The list has this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Location {
    Organization,
    Unit(String),
    /// The unit first, then the resource.
    Resource(String, String),
}

impl Location {
    /// Returns the kind of the location.
    pub(super) fn kind(&self) -> PlaceKind {
        match self {
            Self::Organization => PlaceKind::Organization,
            Self::Unit(_) => PlaceKind::Unit,
            Self::Resource(..) => PlaceKind::Resource,
        }
    }

    /// Returns the id if the location is a resource.
    pub(super) fn resource(&self) -> Option<&str> {
        match self {
            Self::Resource(_, id) => Some(id),
            Self::Organization | Self::Unit(_) => None,
        }
    }

    /// Returns the resource name.
    pub(super) fn name(&self, organization: &OrganizationId) -> String {
        match self {
            Self::Organization => format!("organizations/{organization}"),
            Self::Unit(id) => format!("organizations/{organization}/units/{id}"),
            Self::Resource(_, id) => format!("organizations/{organization}/resources/{id}"),
        }
    }

    /// Returns the key for a page token. Ids have no slash.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Organization => "o".to_owned(),
            Self::Unit(id) => format!("u/{id}"),
            Self::Resource(unit, id) => format!("r/{unit}/{id}"),
        }
    }

    /// Parses the key of a page token; `None` on the first page.
    pub(super) fn read(key: &str) -> Option<Self> {
        let mut parts = key.split('/').map(str::to_owned);
        match (parts.next()?.as_str(), parts.next(), parts.next()) {
            ("u", Some(id), None) => Some(Self::Unit(id)),
            ("r", Some(unit), Some(id)) => Some(Self::Resource(unit, id)),
            ("o", None, None) => Some(Self::Organization),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spot_reads_back_from_its_key() {
        for location in [
            Location::Organization,
            Location::Unit("k1".to_owned()),
            Location::Resource("k1".to_owned(), "+324".to_owned()),
        ] {
            assert_eq!(Location::read(&location.key()), Some(location));
        }
        assert_eq!(Location::read(""), None);
    }
}
