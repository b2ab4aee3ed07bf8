//! Answers from the facts: questions, keys, and the callers of every service's methods. There is
//! no second authority.

mod allowance;
mod keys;
mod row;

use std::{sync::Arc, time::Duration};

use ::store::{Store, StoreError};
use api::{
    Access,
    common::v1::{Consistency, consistency::Requirement},
};
use async_trait::async_trait;
use authority::{Account, Caller, Context, Decider, Proof, Reach, Undecided, Verdict};
use base::{GrantId, Id, Millis, OrganizationId};
use clock::Clock;
use entitlement_core::authority::Power;
use seal::{Sealer, Source};

pub(crate) use self::{
    allowance::{AT_ONCE, Allowance},
    row::{Ask, Bearing, Row, allowed},
};
use crate::{
    error::Error,
    facts::{Facts, Piece, Place, World},
    projection::Heard,
    store::grants,
};

/// What answers are given from.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) facts: Arc<Facts>,
    pub(crate) heard: Arc<Heard>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sealer: Sealer,
    pub(crate) store: Store,
    /// The organization of those who run the platform.
    pub(crate) operator: OrganizationId,
    /// Answers say that a feed is behind after so long …
    pub(crate) lease: Duration,
    /// … and are refused after so long.
    pub(crate) max_silence: Duration,
}

/// Feeds say something every second; a word may be under way.
const WORD: Duration = Duration::from_secs(2);

/// When an answer is given, read once for all of it and after its turn has come: to read a clock
/// costs as much as to look up a fact.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: Millis,
    pub(crate) since_boot: Duration,
}

/// How current an answer is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Status {
    pub(crate) revision: i64,
    /// Whether a feed was not heard for longer than the lease.
    pub(crate) feed_behind: bool,
    /// How much is left of the lease.
    pub(crate) lease_left: Duration,
    pub(crate) now: Millis,
}

impl Status {
    /// For how long the answer may be given again: what is left of the lease, and not beyond
    /// the moment at which time alone changes it.
    pub(crate) fn reusable_ms(&self, valid_until: Millis) -> i32 {
        let left = i64::try_from(self.lease_left.as_millis()).unwrap_or(i64::MAX);
        let left = left.min(valid_until.0.saturating_sub(self.now.0));
        i32::try_from(left.max(0)).unwrap_or(i32::MAX)
    }
}

impl Engine {
    /// Waits until the facts are as fresh as a caller demands.
    pub(crate) async fn freshen(
        &self,
        context: &Context,
        consistency: Option<&Consistency>,
    ) -> Result<(), Error> {
        if !self.is_heard(self.moment()) {
            return Err(Error::ProjectionBehind);
        }
        match consistency.and_then(|consistency| consistency.requirement.as_ref()) {
            None | Some(Requirement::MinimizeLatency(_)) => Ok(()),
            Some(Requirement::FullyConsistent(_)) => Ok(self.facts.refresh(Vec::new()).await?),
            Some(Requirement::AtLeastAsFresh(token)) => {
                self.reach(context, token).await?;
                Ok(())
            }
        }
    }

    /// Waits until the facts hold the change that a consistency token names.
    pub(crate) async fn reach(&self, context: &Context, token: &str) -> Result<i64, Error> {
        let position = self
            .sealer
            .open_consistency(token)
            .map_err(|_| Error::ConsistencyTokenInvalid)?;
        if position.source == Source::Entitlement {
            self.store.note_commit(position.epoch, position.at);
        }
        Ok(self.facts.reach(position, context.deadline).await?)
    }

    /// Now, on both clocks.
    pub(crate) fn moment(&self) -> Moment {
        Moment {
            now: self.clock.now(),
            since_boot: self.clock.since_boot(),
        }
    }

    /// Whether the feeds were heard recently enough for answers, and are of one history.
    pub(crate) fn is_heard(&self, at: Moment) -> bool {
        self.heard.silence(at.since_boot) <= self.max_silence && !self.facts.is_replaying()
    }

    /// Whether a feed was not heard for longer than the lease.
    pub(crate) fn is_behind(&self, at: Moment) -> bool {
        self.heard.silence(at.since_boot) > self.lease + WORD
    }

    /// How current an answer is that is given from memory.
    pub(crate) fn status(&self, world: &World, at: Moment) -> Status {
        Status {
            revision: world.revision(),
            feed_behind: self.is_behind(at),
            lease_left: self.facts.lease().left_at(at.since_boot),
            now: at.now,
        }
    }

    /// Questions that are answered one after the other.
    pub(crate) fn row<'w, 'q>(&self, world: &'w World) -> Row<'w, 'q> {
        let at = self.moment();
        Row {
            world,
            at,
            status: self.status(world, at),
            allowance: Allowance::at_once(),
            last: None,
        }
    }

    /// Questions about a moment that has passed, from facts of it: nobody gives the answers again.
    pub(crate) fn past_row<'w, 'q>(&self, world: &'w World, now: Millis) -> Row<'w, 'q> {
        let row = self.row(world);
        Row {
            at: Moment { now, ..row.at },
            status: Status {
                lease_left: Duration::ZERO,
                now,
                ..row.status
            },
            ..row
        }
    }

    /// What a caller holds in an organization and in that of the operator.
    ///
    /// # Errors
    /// What is to be loaded first.
    pub(crate) fn power<'w>(
        &self,
        world: &'w World,
        caller: &str,
        organization: &OrganizationId,
    ) -> Result<Power<'w>, Vec<Piece>> {
        let here = world.facts(caller, organization);
        match (here, world.facts(caller, &self.operator)) {
            (Ok(here), Ok(operator)) => Ok(Power {
                here,
                operator,
                now: self.clock.now(),
            }),
            (here, operator) => Err([here.err(), operator.err()]
                .into_iter()
                .flatten()
                .flatten()
                .collect()),
        }
    }

    /// Whether a caller holds a management permission on an organization or on the operator
    /// organization, from what is in memory. The operator's comes first: it is in memory
    /// wherever its staff and backends ask, so their questions load no organization for that.
    pub(crate) fn manages_in(
        &self,
        world: &World,
        caller: &str,
        permission: &str,
        reach: Reach<'_>,
        now: Millis,
    ) -> Result<Result<bool, Error>, Vec<Piece>> {
        let ask = |organization| Ask {
            subject: caller,
            organization,
            permission,
            place: Place::Organization,
            context: None,
        };
        let operator = allowed(world, &ask(&self.operator), now)?;
        if !matches!(operator, Ok(false)) {
            return Ok(operator);
        }
        match reach {
            Reach::Organization(organization) if *organization != self.operator => {
                allowed(world, &ask(organization), now)
            }
            Reach::Within(organization) => {
                let power = self.power(world, caller, organization)?;
                let permission = power.here.catalog.permission(permission);
                Ok(Ok(permission.is_some_and(|permission| {
                    power.anywhere(permission).is_some()
                })))
            }
            Reach::Operator | Reach::Organization(_) => Ok(operator),
        }
    }

    /// Whether the caller of a method holds the permission of its policy, from what is in memory.
    pub(crate) fn permits_in(
        &self,
        world: &World,
        context: &Context,
        organization: &OrganizationId,
        now: Millis,
    ) -> Result<Result<bool, Error>, Vec<Piece>> {
        match (&context.caller, context.policy.access) {
            (Caller::Subject(caller), Access::Permission(permission)) => {
                let reach = Reach::Organization(organization);
                self.manages_in(world, &caller.name, permission, reach, now)
            }
            _ => Ok(Ok(false)),
        }
    }

    /// Whether the caller of a method holds the permission of its policy on the operator
    /// organization, and so on every other, from what is in memory. No is not known, too.
    pub(crate) fn permits_everywhere(&self, world: &World, context: &Context, now: Millis) -> bool {
        let (Caller::Subject(caller), Access::Permission(permission)) =
            (&context.caller, context.policy.access)
        else {
            return false;
        };
        let permits = self.manages_in(world, &caller.name, permission, Reach::Operator, now);
        matches!(permits, Ok(Ok(true)))
    }

    /// Whether a caller holds a management permission on an organization or on the operator
    /// organization.
    pub(crate) async fn manages(
        &self,
        caller: &str,
        permission: &str,
        reach: Reach<'_>,
    ) -> Result<bool, Error> {
        self.facts
            .read(|world| self.manages_in(world, caller, permission, reach, self.clock.now()))
            .await?
    }

    /// By which grant a caller holds a management permission, and who gave it.
    pub(crate) async fn verdict(
        &self,
        caller: &str,
        permission: &str,
        reach: Reach<'_>,
    ) -> Result<Verdict, Error> {
        let found = self.facts.read(|world| {
            let operator = self.grant_in(world, caller, permission, &self.operator)?;
            match reach {
                Reach::Organization(organization)
                    if matches!(operator, Ok(Err(_))) && *organization != self.operator =>
                {
                    self.grant_in(world, caller, permission, organization)
                }
                Reach::Within(organization) if matches!(operator, Ok(Err(_))) => {
                    self.grant_within(world, caller, permission, organization)
                }
                _ => Ok(operator),
            }
        });
        let (organization, id) = match found.await?? {
            Ok(grant) => grant,
            Err(member) => return Ok(Verdict::Denied { member }),
        };
        let grant = grants::find(self.store.reader(), &organization, &id, self.clock.now()).await?;
        let grant = grant.map(|(grant, _)| grant).unwrap_or_default();
        Ok(Verdict::Allowed(Proof {
            grant: grant.name,
            granted_by: grant.granted_by,
        }))
    }

    /// The grant by which a caller holds a permission on an organization; else whether the caller
    /// is a member of it.
    #[expect(
        clippy::type_complexity,
        reason = "what is to be loaded, what is wrong, the answer"
    )]
    fn grant_in(
        &self,
        world: &World,
        caller: &str,
        permission: &str,
        organization: &OrganizationId,
    ) -> Result<Result<Result<(OrganizationId, GrantId), bool>, Error>, Vec<Piece>> {
        let ask = Ask {
            subject: caller,
            organization,
            permission,
            place: Place::Organization,
            context: None,
        };
        let mut row = self.row(world);
        Ok(row
            .bearing(&ask)?
            .and_then(|bearing| match bearing.decide().outcome {
                Ok(grant) => {
                    let id = GrantId::parse(&grant.id.to_string()).map_err(StoreError::from)?;
                    Ok(Ok((organization.clone(), id)))
                }
                Err(_) => Ok(Err(bearing.facts.member.is_some())),
            }))
    }

    /// The same, of a permission that is held anywhere in an organization.
    #[expect(
        clippy::type_complexity,
        reason = "what is to be loaded, what is wrong, the answer"
    )]
    fn grant_within(
        &self,
        world: &World,
        caller: &str,
        permission: &str,
        organization: &OrganizationId,
    ) -> Result<Result<Result<(OrganizationId, GrantId), bool>, Error>, Vec<Piece>> {
        let power = self.power(world, caller, organization)?;
        let permission = power.here.catalog.permission(permission);
        let Some(grant) = permission.and_then(|permission| power.anywhere(permission)) else {
            return Ok(Ok(Err(power.here.member.is_some())));
        };
        let id = GrantId::parse(&grant.id.to_string()).map_err(StoreError::from);
        Ok(id
            .map(|id| Ok((organization.clone(), id)))
            .map_err(Error::from))
    }
}

#[async_trait]
impl Decider for Engine {
    async fn allows(
        &self,
        context: &Context,
        caller: &Account,
        permission: &str,
        reach: Reach<'_>,
    ) -> Result<Verdict, Undecided> {
        let verdict = if context.trail.is_some() {
            self.verdict(&caller.name, permission, reach).await
        } else {
            let allowed = self.manages(&caller.name, permission, reach).await;
            allowed.map(Verdict::unrecorded)
        };
        verdict.map_err(|error| Undecided(error.into()))
    }
}
