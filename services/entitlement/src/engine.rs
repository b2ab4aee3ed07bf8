//! Answers from the facts: access queries, keys, and the permissions of the callers of every
//! service. There is no second authority.

mod condition_budget;
mod evaluation;
mod keys;

use std::{sync::Arc, time::Duration};

use ::store::{Store, StoreError};
use api::{
    Access,
    common::v1::{Consistency, consistency::Requirement},
};
use async_trait::async_trait;
use authz::{Account, Caller, Context, Decider, Proof, Reach, Undecided, Verdict};
use clock::Clock;
use entitlement_core::authority::Granter;
use tokens::{Sealer, Source};
use types::{GrantId, Id, OrganizationId, UnixTime};

pub(crate) use self::{
    condition_budget::{ConditionBudget, MAX_CONDITIONS_UNDER_LOCK},
    evaluation::{Evaluation, Query, QueryFacts, is_allowed},
};
use crate::{
    error::Error,
    facts::{FactKey, FactSnapshot, Facts, Place},
    projection::FeedLiveness,
    store::grants,
};

/// The decision engine.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) facts: Arc<Facts>,
    pub(crate) heard: Arc<FeedLiveness>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sealer: Sealer,
    pub(crate) store: Store,
    /// The organization of the platform's operator.
    pub(crate) operator: OrganizationId,
    /// Time without a feed message after which answers report `feed_behind` …
    pub(crate) lease: Duration,
    /// … and after which they are refused.
    pub(crate) max_silence: Duration,
}

/// Grace for a feed's heartbeat: a feed sends a message every second, and one may be in transit.
const HEARTBEAT_GRACE: Duration = Duration::from_secs(2);

/// The time of an answer, read once per answer and after the lock is taken: reading a clock costs
/// as much as looking up a fact.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: UnixTime,
    pub(crate) since_boot: Duration,
}

/// The freshness of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Status {
    pub(crate) revision: i64,
    /// True if the last message of a feed is older than the lease.
    pub(crate) feed_behind: bool,
    /// Time left on the lease.
    pub(crate) lease_left: Duration,
    pub(crate) now: UnixTime,
}

impl Status {
    /// Returns the time for which the answer may be reused, in milliseconds: the rest of the lease,
    /// but not beyond the time at which the answer changes by time alone.
    pub(crate) fn reusable_ms(&self, valid_until: UnixTime) -> i32 {
        let left = i64::try_from(self.lease_left.as_millis()).unwrap_or(i64::MAX);
        let left = left.min(valid_until.0.saturating_sub(self.now.0));
        i32::try_from(left.max(0)).unwrap_or(i32::MAX)
    }
}

impl Engine {
    /// Waits until the facts are as fresh as the caller demands.
    pub(crate) async fn ensure_fresh(
        &self,
        context: &Context,
        consistency: Option<&Consistency>,
    ) -> Result<(), Error> {
        if !self.feeds_alive(self.moment()) {
            return Err(Error::ProjectionBehind);
        }
        match consistency.and_then(|consistency| consistency.requirement.as_ref()) {
            None | Some(Requirement::MinimizeLatency(_)) => Ok(()),
            Some(Requirement::FullyConsistent(_)) => Ok(self.facts.refresh(Vec::new()).await?),
            Some(Requirement::AtLeastAsFresh(token)) => {
                self.await_token(context, token).await?;
                Ok(())
            }
        }
    }

    /// Waits until the facts include the change that a consistency token names.
    pub(crate) async fn await_token(&self, context: &Context, token: &str) -> Result<i64, Error> {
        let position = self
            .sealer
            .open_consistency(token)
            .map_err(|_| Error::ConsistencyTokenInvalid)?;
        if position.source == Source::Entitlement {
            self.store.note_commit(position.epoch, position.at);
        }
        Ok(self
            .facts
            .await_position(position, context.deadline)
            .await?)
    }

    /// Returns the present time on both clocks.
    pub(crate) fn moment(&self) -> Moment {
        Moment {
            now: self.clock.now(),
            since_boot: self.clock.since_boot(),
        }
    }

    /// True if both feeds are recent enough for answers and neither is being replayed.
    pub(crate) fn feeds_alive(&self, at: Moment) -> bool {
        self.heard.silence(at.since_boot) <= self.max_silence && !self.facts.is_replaying()
    }

    /// True if the last message of a feed is older than the lease.
    pub(crate) fn feeds_lag(&self, at: Moment) -> bool {
        self.heard.silence(at.since_boot) > self.lease + HEARTBEAT_GRACE
    }

    /// Returns the freshness of an answer from memory.
    pub(crate) fn status(&self, world: &FactSnapshot, at: Moment) -> Status {
        Status {
            revision: world.revision(),
            feed_behind: self.feeds_lag(at),
            lease_left: self.facts.lease().left_at(at.since_boot),
            now: at.now,
        }
    }

    /// Starts an evaluation of one or more queries.
    pub(crate) fn evaluation<'w, 'q>(&self, world: &'w FactSnapshot) -> Evaluation<'w, 'q> {
        let at = self.moment();
        Evaluation {
            world,
            at,
            status: self.status(world, at),
            budget: ConditionBudget::under_lock(),
            last: None,
        }
    }

    /// Starts an evaluation as of an earlier time. Its answers may not be reused.
    pub(crate) fn past_row<'w, 'q>(
        &self,
        world: &'w FactSnapshot,
        now: UnixTime,
    ) -> Evaluation<'w, 'q> {
        let evaluation = self.evaluation(world);
        Evaluation {
            at: Moment {
                now,
                ..evaluation.at
            },
            status: Status {
                lease_left: Duration::ZERO,
                now,
                ..evaluation.status
            },
            ..evaluation
        }
    }

    /// Returns the facts about a caller in an organization and in the operator organization.
    ///
    /// # Errors
    /// Fact keys to load first.
    pub(crate) fn granter_facts<'w>(
        &self,
        world: &'w FactSnapshot,
        caller: &str,
        organization: &OrganizationId,
    ) -> Result<Granter<'w>, Vec<FactKey>> {
        let here = world.facts(caller, organization);
        match (here, world.facts(caller, &self.operator)) {
            (Ok(here), Ok(operator)) => Ok(Granter {
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

    /// Returns true if a caller holds a management permission on an organization or on the operator
    /// organization, using only facts in memory. Checks the operator organization first: it is in
    /// memory wherever its staff and backends call, so their queries load no other organization.
    pub(crate) fn manages_in_memory(
        &self,
        world: &FactSnapshot,
        caller: &str,
        permission: &str,
        await_token: Reach<'_>,
        now: UnixTime,
    ) -> Result<Result<bool, Error>, Vec<FactKey>> {
        let query = |organization| Query {
            subject: caller,
            organization,
            permission,
            place: Place::Organization,
            context: None,
        };
        let operator = is_allowed(world, &query(&self.operator), now)?;
        if !matches!(operator, Ok(false)) {
            return Ok(operator);
        }
        match await_token {
            Reach::Organization(organization) if *organization != self.operator => {
                is_allowed(world, &query(organization), now)
            }
            Reach::Within(organization) => {
                let granter_facts = self.granter_facts(world, caller, organization)?;
                let permission = granter_facts.here.catalog.permission(permission);
                Ok(Ok(permission.is_some_and(|permission| {
                    granter_facts.anywhere(permission).is_some()
                })))
            }
            Reach::Operator | Reach::Organization(_) => Ok(operator),
        }
    }

    /// Returns true if the caller holds the permission of the method's policy, using only facts in
    /// memory.
    pub(crate) fn permits_in_memory(
        &self,
        world: &FactSnapshot,
        context: &Context,
        organization: &OrganizationId,
        now: UnixTime,
    ) -> Result<Result<bool, Error>, Vec<FactKey>> {
        match (&context.caller, context.policy.access) {
            (Caller::Subject(caller), Access::Permission(permission)) => {
                let await_token = Reach::Organization(organization);
                self.manages_in_memory(world, &caller.name, permission, await_token, now)
            }
            _ => Ok(Ok(false)),
        }
    }

    /// Returns true if the caller holds the permission of the method's policy on the operator
    /// organization, and so on every organization. Also false when the facts are not in memory.
    pub(crate) fn permits_everywhere(
        &self,
        world: &FactSnapshot,
        context: &Context,
        now: UnixTime,
    ) -> bool {
        let (Caller::Subject(caller), Access::Permission(permission)) =
            (&context.caller, context.policy.access)
        else {
            return false;
        };
        let permits = self.manages_in_memory(world, &caller.name, permission, Reach::Operator, now);
        matches!(permits, Ok(Ok(true)))
    }

    /// Returns true if a caller holds a management permission on an organization or on the operator
    /// organization.
    pub(crate) async fn manages(
        &self,
        caller: &str,
        permission: &str,
        await_token: Reach<'_>,
    ) -> Result<bool, Error> {
        self.facts
            .read(|world| {
                self.manages_in_memory(world, caller, permission, await_token, self.clock.now())
            })
            .await?
    }

    /// Returns the grant by which a caller holds a management permission, and its author.
    pub(crate) async fn verdict(
        &self,
        caller: &str,
        permission: &str,
        await_token: Reach<'_>,
    ) -> Result<Verdict, Error> {
        let found = self.facts.read(|world| {
            let operator = self.grant_in(world, caller, permission, &self.operator)?;
            match await_token {
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

    /// Returns the grant by which a caller holds a permission on an organization; otherwise,
    /// whether the caller is a member of it.
    #[expect(
        clippy::type_complexity,
        reason = "what is to be loaded, what is wrong, the answer"
    )]
    fn grant_in(
        &self,
        world: &FactSnapshot,
        caller: &str,
        permission: &str,
        organization: &OrganizationId,
    ) -> Result<Result<Result<(OrganizationId, GrantId), bool>, Error>, Vec<FactKey>> {
        let query = Query {
            subject: caller,
            organization,
            permission,
            place: Place::Organization,
            context: None,
        };
        let mut evaluation = self.evaluation(world);
        Ok(evaluation.query_facts(&query)?.and_then(|query_facts| {
            match query_facts.decide().outcome {
                Ok(grant) => {
                    let id = GrantId::parse(&grant.id.to_string()).map_err(StoreError::from)?;
                    Ok(Ok((organization.clone(), id)))
                }
                Err(_) => Ok(Err(query_facts.facts.member.is_some())),
            }
        }))
    }

    /// Like `grant_in`, for a permission that the caller may hold anywhere in the organization.
    #[expect(
        clippy::type_complexity,
        reason = "what is to be loaded, what is wrong, the answer"
    )]
    fn grant_within(
        &self,
        world: &FactSnapshot,
        caller: &str,
        permission: &str,
        organization: &OrganizationId,
    ) -> Result<Result<Result<(OrganizationId, GrantId), bool>, Error>, Vec<FactKey>> {
        let granter_facts = self.granter_facts(world, caller, organization)?;
        let permission = granter_facts.here.catalog.permission(permission);
        let Some(grant) = permission.and_then(|permission| granter_facts.anywhere(permission))
        else {
            return Ok(Ok(Err(granter_facts.here.member.is_some())));
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
        await_token: Reach<'_>,
    ) -> Result<Verdict, Undecided> {
        let verdict = if context.trail.is_some() {
            self.verdict(&caller.name, permission, await_token).await
        } else {
            let is_allowed = self.manages(&caller.name, permission, await_token).await;
            is_allowed.map(Verdict::without_proof)
        };
        verdict.map_err(|error| Undecided(error.into()))
    }
}
