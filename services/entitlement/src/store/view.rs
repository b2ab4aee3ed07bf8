//! A view of the facts, now or as of an earlier time, with one interface.

use ::store::{StoreError, WriteTx};
use sea_orm::DatabaseTransaction;
use types::{Id, OrganizationId, RoleName, UnixTime};

use super::{
    applications::Stored,
    custom_roles, entitlements, grants,
    history::{self, Past},
    members, organizations, resources, subjects, units,
};

/// The facts that a transaction sees, now or as of an earlier time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) db: &'a DatabaseTransaction,
    /// The time; `None` for now.
    at: Option<UnixTime>,
    /// The write whose changes are included, if any.
    tx: Option<&'a WriteTx>,
}

impl<'a> View<'a> {
    /// Returns a view of the present.
    pub(crate) fn now(db: &'a DatabaseTransaction) -> Self {
        Self {
            db,
            at: None,
            tx: None,
        }
    }

    /// Returns a view as of a time, or of the present.
    pub(crate) fn at(db: &'a DatabaseTransaction, at: Option<UnixTime>) -> Self {
        Self {
            at,
            ..Self::now(db)
        }
    }

    /// Returns a view of the present, including the changes of a write.
    pub(crate) fn within(tx: &'a WriteTx) -> Self {
        Self {
            tx: Some(tx),
            ..Self::now(tx.connection())
        }
    }

    /// Returns all applications.
    pub(crate) async fn applications(self) -> Result<Stored, StoreError> {
        match self.past(history::APPLICATION, "") {
            Some(past) => Ok(Stored::History(past.stored(self.db).await?)),
            None => Stored::now(self.db).await,
        }
    }

    /// Returns the subjects with these names that exist.
    pub(crate) async fn subjects(self, names: &[String]) -> Result<Vec<subjects::Row>, StoreError> {
        match self.past(history::SUBJECT, "") {
            Some(past) => past.of_ids(self.db, &texts(names)).await,
            None => subjects::find(self.db, names).await,
        }
    }

    /// Returns an organization.
    pub(crate) async fn organization(
        self,
        id: &OrganizationId,
    ) -> Result<Option<organizations::Row>, StoreError> {
        match self.past(history::ORGANIZATION, id.as_str()) {
            Some(past) => Ok(past.all(self.db).await?.pop()),
            None => organizations::find(self.db, id).await,
        }
    }

    /// Returns all entitlements of an organization.
    pub(crate) async fn entitlements(
        self,
        organization: &OrganizationId,
    ) -> Result<Vec<entitlements::Row>, StoreError> {
        match self.past(history::ENTITLEMENT, organization.as_str()) {
            Some(past) => past.all(self.db).await,
            None => entitlements::all(self.db, organization).await,
        }
    }

    /// Returns all custom roles of an organization.
    pub(crate) async fn custom_roles(
        self,
        organization: &OrganizationId,
    ) -> Result<Vec<custom_roles::Row>, StoreError> {
        match self.past(history::CUSTOM_ROLE, organization.as_str()) {
            Some(past) => past.all(self.db).await,
            None => custom_roles::all(self.db, organization).await,
        }
    }

    /// Returns all units of an organization.
    pub(crate) async fn units(
        self,
        organization: &OrganizationId,
    ) -> Result<Vec<units::Row>, StoreError> {
        match self.past(history::UNIT, organization.as_str()) {
            Some(past) => past.all(self.db).await,
            None => units::all(self.db, organization).await,
        }
    }

    /// Returns the memberships of these subjects in an organization.
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

    /// Returns the grants of these subjects in an organization that were not revoked.
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

    /// Returns the resources with these ids that exist in an organization.
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

    /// Returns the resources of an organization after one, in the order of their units and ids.
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

    /// Returns subjects after one, in order, that include all holders of a role in an organization.
    /// As of an earlier time: all members.
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
        // A subject has one membership, and no id is greater than this one.
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
