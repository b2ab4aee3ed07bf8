//! Facts as they are or as they were, read alike.

use ::store::{StoreError, WriteTx};
use base::{Id, Millis, OrganizationId, RoleName};
use sea_orm::DatabaseTransaction;

use super::{
    applications::Stored,
    custom_roles, entitlements, grants,
    history::{self, Past},
    members, organizations, resources, subjects, units,
};

/// The facts that a transaction sees, of now or of a moment that has passed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) db: &'a DatabaseTransaction,
    /// The moment; none for now.
    at: Option<Millis>,
    /// The write whose facts these are, if they are of one.
    tx: Option<&'a WriteTx>,
}

impl<'a> View<'a> {
    /// Now.
    pub(crate) fn now(db: &'a DatabaseTransaction) -> Self {
        Self {
            db,
            at: None,
            tx: None,
        }
    }

    /// A moment that has passed, or now.
    pub(crate) fn at(db: &'a DatabaseTransaction, at: Option<Millis>) -> Self {
        Self {
            at,
            ..Self::now(db)
        }
    }

    /// Now, as a write has made it.
    pub(crate) fn within(tx: &'a WriteTx) -> Self {
        Self {
            tx: Some(tx),
            ..Self::now(tx.connection())
        }
    }

    /// All applications.
    pub(crate) async fn applications(self) -> Result<Stored, StoreError> {
        match self.past(history::APPLICATION, "") {
            Some(past) => Ok(Stored::History(past.stored(self.db).await?)),
            None => Stored::now(self.db).await,
        }
    }

    /// Those of the names that exist.
    pub(crate) async fn subjects(self, names: &[String]) -> Result<Vec<subjects::Row>, StoreError> {
        match self.past(history::SUBJECT, "") {
            Some(past) => past.of_ids(self.db, &texts(names)).await,
            None => subjects::find(self.db, names).await,
        }
    }

    /// An organization.
    pub(crate) async fn organization(
        self,
        id: &OrganizationId,
    ) -> Result<Option<organizations::Row>, StoreError> {
        match self.past(history::ORGANIZATION, id.as_str()) {
            Some(past) => Ok(past.all(self.db).await?.pop()),
            None => organizations::find(self.db, id).await,
        }
    }

    /// All entitlements of an organization.
    pub(crate) async fn entitlements(
        self,
        organization: &OrganizationId,
    ) -> Result<Vec<entitlements::Row>, StoreError> {
        match self.past(history::ENTITLEMENT, organization.as_str()) {
            Some(past) => past.all(self.db).await,
            None => entitlements::all(self.db, organization).await,
        }
    }

    /// All roles that an organization made for itself.
    pub(crate) async fn custom_roles(
        self,
        organization: &OrganizationId,
    ) -> Result<Vec<custom_roles::Row>, StoreError> {
        match self.past(history::CUSTOM_ROLE, organization.as_str()) {
            Some(past) => past.all(self.db).await,
            None => custom_roles::all(self.db, organization).await,
        }
    }

    /// All units of an organization.
    pub(crate) async fn units(
        self,
        organization: &OrganizationId,
    ) -> Result<Vec<units::Row>, StoreError> {
        match self.past(history::UNIT, organization.as_str()) {
            Some(past) => past.all(self.db).await,
            None => units::all(self.db, organization).await,
        }
    }

    /// The memberships of these subjects in an organization.
    pub(crate) async fn members(
        self,
        organization: &OrganizationId,
        subjects: &[&str],
    ) -> Result<Vec<members::Row>, StoreError> {
        match self.past(history::MEMBER, organization.as_str()) {
            Some(past) => past.in_places(self.db, subjects).await,
            None => members::of_subjects(self.db, organization, subjects).await,
        }
    }

    /// The grants of these subjects in an organization that were not revoked.
    pub(crate) async fn grants(
        self,
        organization: &OrganizationId,
        subjects: &[&str],
    ) -> Result<Vec<grants::Row>, StoreError> {
        match self.past(history::GRANT, organization.as_str()) {
            Some(past) => past.in_places(self.db, subjects).await,
            None => match self.tx {
                Some(tx) => grants::of_subjects_in(tx, organization, subjects).await,
                None => grants::of_subjects(self.db, organization, Some(subjects)).await,
            },
        }
    }

    /// Those of the ids that the organization has.
    pub(crate) async fn resources(
        self,
        organization: &OrganizationId,
        ids: &[String],
    ) -> Result<Vec<resources::Row>, StoreError> {
        let ids = texts(ids);
        match self.past(history::RESOURCE, organization.as_str()) {
            Some(past) => past.of_ids(self.db, &ids).await,
            None => resources::find(self.db, organization, &ids).await,
        }
    }

    /// Resources of an organization after one, in the order of their units and ids.
    pub(crate) async fn resources_after(
        self,
        organization: &OrganizationId,
        after: (&str, &str),
        limit: u64,
    ) -> Result<Vec<resources::Row>, StoreError> {
        match self.past(history::RESOURCE, organization.as_str()) {
            Some(past) => past.after(self.db, after, limit).await,
            None => resources::after(self.db, organization, after, limit).await,
        }
    }

    /// Subjects after one that may hold a role in an organization, in order, and among them all
    /// that do: in the past, all members.
    pub(crate) async fn subjects_after(
        self,
        organization: &OrganizationId,
        role: &RoleName,
        after: &str,
        limit: u64,
    ) -> Result<Vec<String>, StoreError> {
        let Some(past) = self.past(history::MEMBER, organization.as_str()) else {
            return grants::subjects_with(self.db, organization, role, after, limit).await;
        };
        // A subject has one membership, so none of the place is after one beyond every id.
        let rows: Vec<members::Row> = past.after(self.db, (after, "\u{7f}"), limit).await?;
        Ok(rows.into_iter().map(|row| row.subject).collect())
    }

    fn past<'o>(self, kind: &'static str, organization: &'o str) -> Option<Past<'o>> {
        let past = |at| Past {
            kind,
            organization,
            at,
        };
        self.at.map(past)
    }
}

fn texts(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}
