//! Checks that a caller controls a subject: could grant, or revoke, all of its access.
//!
//! A caller that could grant all access of a subject may create its keys, change the contacts that
//! prove its identity, and reactivate it: each of these amounts to granting that access. A caller
//! that could revoke all its management access may end that access.

use std::collections::BTreeMap;

use ::store::StoreError;
use base::{Id, Millis, OrganizationId};
use entitlement_core::{
    Target,
    authority::{About, Beyond, Gift},
    management,
};
use sea_orm::DatabaseTransaction;

use super::{App, grant_power::ruling, update_grant::Held};
use crate::{
    error::Error,
    facts::{Piece, Reading, World},
    store::{
        grants::{self, NewGrant, Of},
        view::View,
    },
};

/// Organizations per page.
const PAGE: u64 = 50;

/// A check of a caller's control, as a transaction sees the facts.
pub(super) struct Control<'a> {
    pub(super) app: &'a App,
    pub(super) db: &'a DatabaseTransaction,
    pub(super) caller: &'a str,
    /// True to check revoking, false to check granting.
    pub(super) taken: bool,
    pub(super) now: Millis,
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
            return self.over_page(of, std::slice::from_ref(organization)).await;
        }
        let mut after = String::new();
        loop {
            let page = of.organizations(self.db, &after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            last.as_str().clone_into(&mut after);
            self.over_page(of, &page).await?;
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
            let power = self.app.engine.power(world, self.caller, organization)?;
            let known = power.here.roles();
            let roles: Vec<_> = roles.iter().filter_map(|role| known.find(role)).collect();
            let manages = roles.iter().flat_map(|role| known.managed_by(*role));
            let manages: Vec<_> = manages.collect();
            let applications = roles.iter().map(|role| known.application(*role));
            let applications: Vec<_> = applications.collect();
            let gift = Gift {
                manages: &manages,
                about: About {
                    applications: &applications,
                    places: &[Target::Organization],
                },
                until: Millis::MAX,
                is_own: !own.is_empty() && !power.here.is_member(),
                is_owners,
            };
            Ok::<_, Vec<Piece>>(gift.check(&power).err())
        });
        self.refused(&organization.name(), beyond.await?)
    }

    async fn over_page(&self, of: Of<'_>, page: &[OrganizationId]) -> Result<(), Error> {
        let mut held: BTreeMap<&OrganizationId, Vec<NewGrant>> = BTreeMap::new();
        let rows = of.within(self.db, page).await?;
        for organization in page {
            let own = rows
                .iter()
                .filter(|row| row.organization == organization.as_str());
            let own = own.map(|row| Held::read(organization, &grants::grant(row, self.now)?));
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
        world: &World,
        organization: &OrganizationId,
        grants: &[NewGrant],
    ) -> Result<Option<Beyond>, Vec<Piece>> {
        let power = self.app.engine.power(world, self.caller, organization)?;
        for grant in grants {
            let until = if self.taken { Millis::MIN } else { grant.end };
            let ruled = ruling(world, organization, self.caller, &power, grant, until)?;
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
            let power = self.app.engine.power(world, self.caller, &operator)?;
            Ok::<_, Vec<Piece>>(power.gives_everything())
        });
        Ok(unbounded.await?)
    }

    async fn reading(&self) -> Result<Reading<'_>, StoreError> {
        let view = View::now(self.db);
        Reading::begin(&self.app.store, &self.app.engine.facts, view).await
    }

    /// The error does not reveal the grants of the subject.
    fn refused(&self, subject: &str, beyond: Option<Beyond>) -> Result<(), Error> {
        match beyond {
            None => Ok(()),
            Some(Beyond::Own) => Err(Error::SelfEditForbidden),
            Some(Beyond::Owners) => Err(Error::OwnerRoleImmutable(subject.to_owned())),
            Some(_) if self.taken => Err(Error::NotApplicationAdmin(subject.to_owned())),
            Some(_) => Err(Error::ScopeExceedsGrantor(subject.to_owned())),
        }
    }
}
