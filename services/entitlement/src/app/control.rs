//! Checks that a caller controls a subject: could grant, or revoke, all of its access.
//!
//! A caller that could grant all access of a subject may create its keys, change the contacts that
//! prove its identity, and reactivate it: each of these amounts to granting that access. A caller
//! that could revoke all its management access may end that access.

use std::collections::BTreeMap;

use ::store::{StoreError, Transaction};
use entitlement_core::{
    Target,
    authority::{DelegationError, GrantTarget, ProposedGrant},
    management,
};
use types::{Id, OrganizationId, UnixTime};

use super::{App, delegation::evaluate, update_grant::ExistingGrant};
use crate::{
    error::Error,
    facts::{FactKey, FactSnapshot, SnapshotReader},
    store::{
        grants::{self, NewGrant, Of},
        view::View,
    },
};

/// Organizations per page.
const ORGANIZATIONS_PER_PAGE: u64 = 50;

/// A check of a caller's control, as a transaction sees the facts.
pub(super) struct Control<'a> {
    pub(super) app: &'a App,
    pub(super) db: &'a Transaction,
    pub(super) caller: &'a str,
    /// True to check revoking, false to check granting.
    pub(super) taken: bool,
    pub(super) now: UnixTime,
}

impl Control<'_> {
    /// Checks control over all access of a subject, in one organization or in all.
    pub(super) async fn over(
        &self,
        subject: &str,
        organization: Option<&OrganizationId>,
    ) -> Result<(), Error> {
        if subject == self.caller {
            return Err(Error::SelfEditForbidden);
        }
        if self.is_unbounded().await? {
            return Ok(());
        }
        let of = Of {
            subject,
            application: self.taken.then_some(management::APPLICATION),
            roles: &[],
            now: self.now,
        };
        if let Some(organization) = organization {
            return self
                .check_page(of, std::slice::from_ref(organization))
                .await;
        }
        let mut after = String::new();
        loop {
            let page = of
                .organizations(self.db, &after, ORGANIZATIONS_PER_PAGE)
                .await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            last.as_str().clone_into(&mut after);
            self.check_page(of, &page).await?;
        }
    }

    /// Checks that the caller could grant all access of the organization's members, because
    /// reactivation gives it back to all of them.
    pub(super) async fn over_all(&self, organization: &OrganizationId) -> Result<(), Error> {
        let roles = grants::roles(self.db, organization, self.now).await?;
        let own = Of {
            subject: self.caller,
            application: None,
            roles: &[],
            now: self.now,
        };
        let own = own
            .within(self.db, std::slice::from_ref(organization))
            .await?;
        let is_owners = roles.iter().any(|role| role == management::OWNER_ROLE);
        let mut reading = self.reading().await?;
        let beyond = reading.read(|world| {
            let granter_facts = self
                .app
                .engine
                .granter_facts(world, self.caller, organization)?;
            let known = granter_facts.here.roles();
            let roles: Vec<_> = roles.iter().filter_map(|role| known.find(role)).collect();
            let manages = roles.iter().flat_map(|role| known.managed_by(*role));
            let manages: Vec<_> = manages.collect();
            let applications = roles.iter().map(|role| known.application(*role));
            let applications: Vec<_> = applications.collect();
            let gift = ProposedGrant {
                manages: &manages,
                about: GrantTarget {
                    applications: &applications,
                    places: &[Target::Organization],
                },
                until: UnixTime::MAX,
                is_own: !own.is_empty() && !granter_facts.here.is_member(),
                is_owners,
            };
            Ok::<_, Vec<FactKey>>(gift.check(&granter_facts).err())
        });
        self.refused(&organization.name(), beyond.await?)
    }

    async fn check_page(&self, of: Of<'_>, page: &[OrganizationId]) -> Result<(), Error> {
        let mut held: BTreeMap<&OrganizationId, Vec<NewGrant>> = BTreeMap::new();
        let rows = of.within(self.db, page).await?;
        for organization in page {
            let own = rows
                .iter()
                .filter(|row| row.organization == organization.as_str());
            let own =
                own.map(|row| ExistingGrant::read(organization, &grants::grant(row, self.now)?));
            held.insert(organization, own.collect::<Result<_, Error>>()?);
        }
        let mut reading = self.reading().await?;
        let beyond = reading.read(|world| {
            let mut missing = Vec::new();
            for (organization, grants) in &held {
                match self.beyond(world, organization, grants) {
                    Ok(None) => {}
                    Ok(beyond) => return Ok(beyond),
                    Err(pieces) => missing.extend(pieces),
                }
            }
            if missing.is_empty() {
                Ok(None)
            } else {
                Err(missing)
            }
        });
        self.refused(of.subject, beyond.await?)
    }

    fn beyond(
        &self,
        world: &FactSnapshot,
        organization: &OrganizationId,
        grants: &[NewGrant],
    ) -> Result<Option<DelegationError>, Vec<FactKey>> {
        let granter_facts = self
            .app
            .engine
            .granter_facts(world, self.caller, organization)?;
        for grant in grants {
            let until = if self.taken { UnixTime::MIN } else { grant.end };
            let ruled = evaluate(
                world,
                organization,
                self.caller,
                &granter_facts,
                grant,
                until,
            )?;
            if let Err((beyond, _)) = ruled {
                return Ok(Some(beyond));
            }
        }
        Ok(None)
    }

    /// True if the caller may delegate everything; then no grant needs to be checked.
    async fn is_unbounded(&self) -> Result<bool, Error> {
        let operator = OrganizationId::operator();
        let mut reading = self.reading().await?;
        let unbounded = reading.read(|world| {
            let granter_facts = self
                .app
                .engine
                .granter_facts(world, self.caller, &operator)?;
            Ok::<_, Vec<FactKey>>(granter_facts.gives_everything())
        });
        Ok(unbounded.await?)
    }

    async fn reading(&self) -> Result<SnapshotReader<'_>, StoreError> {
        let view = View::now(self.db);
        SnapshotReader::begin(&self.app.store, &self.app.engine.facts, view).await
    }

    /// The error does not reveal the grants of the subject.
    fn refused(&self, subject: &str, beyond: Option<DelegationError>) -> Result<(), Error> {
        match beyond {
            None => Ok(()),
            Some(DelegationError::Own) => Err(Error::SelfEditForbidden),
            Some(DelegationError::Owners) => Err(Error::OwnerRoleImmutable(subject.to_owned())),
            Some(_) if self.taken => Err(Error::NotApplicationAdmin(subject.to_owned())),
            Some(_) => Err(Error::ScopeExceedsGrantor(subject.to_owned())),
        }
    }
}
