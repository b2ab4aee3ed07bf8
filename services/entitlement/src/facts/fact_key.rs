//! Fact keys: the units of loading and of change. Each is an entity in the log of changes.

use freshness::Change;
use types::{Id, OrganizationId};

/// The key of a fact.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum FactKey {
    /// The catalog.
    Catalog,
    /// A key of a service account.
    Key(Box<str>),
    /// The state of a user or service account.
    Subject(Box<str>),
    /// An organization with its entitlements and units, which all its members share.
    Organization(OrganizationId),
    /// The unit and type of a resource.
    Resource(OrganizationId, Box<str>),
    /// The membership and grants of a subject in an organization.
    Member(OrganizationId, Box<str>),
    /// The position up to which a feed has been applied.
    Cursor(Feed),
}

/// A change feed of another service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Feed {
    /// Users, service accounts, keys.
    Identity,
    /// Organizations, units, resources, memberships.
    Membership,
}

impl Feed {
    /// The name in tables and logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Membership => "membership",
        }
    }
}

impl FactKey {
    /// Returns the entity in the log of changes. Ids have no slash, so no two keys share an entity.
    pub(crate) fn entity(&self) -> String {
        match self {
            Self::Catalog => "c".to_owned(),
            Self::Key(id) => format!("k/{id}"),
            Self::Subject(name) => format!("s/{name}"),
            Self::Organization(organization) => format!("o/{organization}"),
            Self::Resource(organization, id) => format!("r/{organization}/{id}"),
            Self::Member(organization, subject) => format!("m/{organization}/{subject}"),
            Self::Cursor(feed) => format!("f/{}", feed.name()),
        }
    }

    /// Returns the change as decisions see it, or `None` if decisions do not depend on it.
    pub(crate) fn change(&self) -> Option<Change<'_>> {
        match self {
            Self::Catalog => Some(Change::Catalog),
            Self::Subject(name) => Some(Change::Subject(name)),
            Self::Organization(organization) => Some(Change::Organization(organization)),
            Self::Resource(organization, id) => Some(Change::Resource(organization, id)),
            Self::Member(organization, subject) => Some(Change::Member(organization, subject)),
            Self::Key(_) | Self::Cursor(_) => None,
        }
    }

    /// Parses an entity of the log.
    pub(crate) fn parse(entity: &str) -> Option<Self> {
        let (kind, rest) = entity.split_once('/').unwrap_or((entity, ""));
        let nested = || {
            let (organization, rest) = rest.split_once('/')?;
            Some((OrganizationId::parse(organization).ok()?, rest.into()))
        };
        match kind {
            "c" => Some(Self::Catalog),
            "k" => Some(Self::Key(rest.into())),
            "s" => Some(Self::Subject(rest.into())),
            "o" => Some(Self::Organization(OrganizationId::parse(rest).ok()?)),
            "r" => nested().map(|(organization, id)| Self::Resource(organization, id)),
            "m" => nested().map(|(organization, subject)| Self::Member(organization, subject)),
            "f" if rest == "identity" => Some(Self::Cursor(Feed::Identity)),
            "f" if rest == "membership" => Some(Self::Cursor(Feed::Membership)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_reads_back_from_the_log() {
        let organization = || OrganizationId::parse("acme").unwrap();
        for piece in [
            FactKey::Catalog,
            FactKey::Key("k1".into()),
            FactKey::Subject("users/jan".into()),
            FactKey::Organization(organization()),
            FactKey::Resource(organization(), "+324".into()),
            FactKey::Member(organization(), "serviceAccounts/portal".into()),
            FactKey::Cursor(Feed::Identity),
            FactKey::Cursor(Feed::Membership),
        ] {
            assert_eq!(FactKey::parse(&piece.entity()), Some(piece));
        }
    }
}
