//! What changes as one: each piece is an entity in the log of changes.

use base::{Id, OrganizationId};
use freshness::Change;

/// A part of the facts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Piece {
    /// The catalogue.
    Catalog,
    /// A key of a service account.
    Key(Box<str>),
    /// Whether a user or service account is active.
    Subject(Box<str>),
    /// An organization with its entitlements and units: what all its members share.
    Organization(OrganizationId),
    /// The unit of a resource.
    Resource(OrganizationId, Box<str>),
    /// A subject's membership and grants in an organization.
    Member(OrganizationId, Box<str>),
    /// How far a feed has been applied.
    Cursor(Feed),
}

/// A feed of changes of another service.
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

impl Piece {
    /// The entity in the log of changes. Ids have no slash, so no two pieces have the same.
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

    /// What a change of it is to the answers; nothing if they do not depend on it.
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

    /// Reads an entity of the log.
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
            Piece::Catalog,
            Piece::Key("k1".into()),
            Piece::Subject("users/jan".into()),
            Piece::Organization(organization()),
            Piece::Resource(organization(), "+324".into()),
            Piece::Member(organization(), "serviceAccounts/portal".into()),
            Piece::Cursor(Feed::Identity),
            Piece::Cursor(Feed::Membership),
        ] {
            assert_eq!(Piece::parse(&piece.entity()), Some(piece));
        }
    }
}
