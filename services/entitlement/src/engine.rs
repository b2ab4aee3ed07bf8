//! Answers from the facts: questions, keys, and the callers of every service's methods. There is
//! no second authority.

use std::{sync::Arc, time::Duration};

use ::rpc::Authenticator;
use api::{
    Access,
    common::v1::{Consistency, consistency::Requirement},
};
use async_trait::async_trait;
use authority::{Account, Caller, Context, Decider, Reach, Undecided};
use aws_lc_rs::{constant_time, digest};
use base::{Id, Millis, OrganizationId};
use clock::Clock;
use entitlement_core::{Facts as Known, PermissionIndex, Target, decide};
use seal::Sealer;

use crate::{
    error::Error,
    facts::{Facts, Key, Piece, Place, World},
    projection::Heard,
};

/// What answers are given from.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) facts: Arc<Facts>,
    pub(crate) heard: Arc<Heard>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sealer: Sealer,
    /// The organization of those who run the platform.
    pub(crate) operator: OrganizationId,
    /// Answers say that a feed is behind after so long …
    pub(crate) lease: Duration,
    /// … and are refused after so long.
    pub(crate) max_silence: Duration,
}

/// Feeds say something every second; a word may be under way.
const WORD: Duration = Duration::from_secs(2);

/// A question with everything that it is about.
#[derive(Debug, Clone)]
pub(crate) struct Ask<'a> {
    pub(crate) subject: &'a str,
    pub(crate) organization: &'a OrganizationId,
    pub(crate) permission: &'a str,
    pub(crate) place: Place<'a>,
}

/// The facts that bear on a question.
pub(crate) struct Bearing<'a> {
    pub(crate) facts: Known<'a>,
    pub(crate) permission: PermissionIndex,
    pub(crate) target: Target,
    pub(crate) now: Millis,
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
        if !self.is_heard() {
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
        Ok(self.facts.reach(position, context.deadline).await?)
    }

    /// Whether the feeds were heard recently enough for answers.
    pub(crate) fn is_heard(&self) -> bool {
        self.heard.silence() <= self.max_silence
    }

    /// Whether a feed was not heard for longer than the lease.
    pub(crate) fn is_behind(&self) -> bool {
        self.heard.silence() > self.lease + WORD
    }

    /// How current an answer is that is given from memory now.
    pub(crate) fn status(&self, world: &World, now: Millis) -> Status {
        Status {
            revision: world.revision(),
            feed_behind: self.is_behind(),
            lease_left: self.facts.lease_left(),
            now,
        }
    }

    /// How current an answer is that is about the past: nobody gives it again.
    pub(crate) fn past_status(&self, world: &World, at: Millis) -> Status {
        Status {
            lease_left: Duration::ZERO,
            ..self.status(world, at)
        }
    }

    /// The facts that bear on a question, all of one revision.
    ///
    /// # Errors
    /// What is to be loaded first; or, inside, that no application has the permission.
    pub(crate) fn bearing<'w>(
        &self,
        world: &'w World,
        ask: &Ask<'_>,
    ) -> Result<Result<Bearing<'w>, Error>, Vec<Piece>> {
        Self::bearing_at(world, ask, self.clock.now())
    }

    /// The facts that bear on a question about a moment, which they are of.
    ///
    /// # Errors
    /// As of [`bearing`](Engine::bearing).
    pub(crate) fn bearing_at<'w>(
        world: &'w World,
        ask: &Ask<'_>,
        now: Millis,
    ) -> Result<Result<Bearing<'w>, Error>, Vec<Piece>> {
        let facts = world.facts(ask.subject, ask.organization)?;
        let target = world.target(ask.organization, ask.place)?;
        let Some(permission) = facts.catalog.permission(ask.permission) else {
            return Ok(Err(Error::PermissionUnknown(ask.permission.to_owned())));
        };
        Ok(Ok(Bearing {
            facts,
            permission,
            target,
            now,
        }))
    }

    /// Whether a question is answered with allow.
    pub(crate) fn allowed(
        &self,
        world: &World,
        ask: &Ask<'_>,
    ) -> Result<Result<bool, Error>, Vec<Piece>> {
        let bearing = self.bearing(world, ask)?;
        Ok(bearing.map(|bearing| {
            let Bearing {
                facts,
                permission,
                target,
                now,
            } = bearing;
            decide(&facts, permission, target, now).outcome.is_ok()
        }))
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
    ) -> Result<Result<bool, Error>, Vec<Piece>> {
        let ask = |organization| Ask {
            subject: caller,
            organization,
            permission,
            place: Place::Organization,
        };
        let operator = self.allowed(world, &ask(&self.operator))?;
        match reach {
            Reach::Organization(organization)
                if matches!(operator, Ok(false)) && *organization != self.operator =>
            {
                self.allowed(world, &ask(organization))
            }
            _ => Ok(operator),
        }
    }

    /// Whether the caller of a method holds the permission of its policy, from what is in memory.
    pub(crate) fn permits_in(
        &self,
        world: &World,
        context: &Context,
        organization: &OrganizationId,
    ) -> Result<Result<bool, Error>, Vec<Piece>> {
        match (&context.caller, context.policy.access) {
            (Caller::Subject(caller), Access::Permission(permission)) => {
                let reach = Reach::Organization(organization);
                self.manages_in(world, &caller.name, permission, reach)
            }
            _ => Ok(Ok(false)),
        }
    }

    /// Whether the caller of a method holds the permission of its policy on the operator
    /// organization, and so on every other, from what is in memory. No is not known, too.
    pub(crate) fn permits_everywhere(&self, world: &World, context: &Context) -> bool {
        let (Caller::Subject(caller), Access::Permission(permission)) =
            (&context.caller, context.policy.access)
        else {
            return false;
        };
        let permits = self.manages_in(world, &caller.name, permission, Reach::Operator);
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
            .read(|world| self.manages_in(world, caller, permission, reach))
            .await?
    }

    /// Whether the credential of a call is still valid: a stream outlives the moment at which
    /// it was presented.
    pub(crate) async fn still_valid(&self, context: &Context) -> Result<bool, Error> {
        let Caller::Subject(caller) = &context.caller else {
            return Ok(true);
        };
        if caller.credential.is_empty() {
            return Ok(true);
        }
        let valid = self.facts.read(|world| {
            let Some(key) = world.key(&caller.credential) else {
                return Ok(false);
            };
            self.is_valid(world, key)
        });
        Ok(valid.await?)
    }

    fn is_valid(&self, world: &World, key: &Key) -> Result<bool, Vec<Piece>> {
        let account = world.subject(&key.account.name)?;
        let active = account.is_some_and(|account| account.active);
        Ok(active && self.clock.now() < key.expire)
    }
}

#[async_trait]
impl Decider for Engine {
    async fn allows(
        &self,
        _: &Context,
        caller: &Account,
        permission: &str,
        reach: Reach<'_>,
    ) -> Result<bool, Undecided> {
        self.manages(&caller.name, permission, reach)
            .await
            .map_err(|error| Undecided(error.into()))
    }
}

#[async_trait]
impl Authenticator for Engine {
    async fn authenticate(&self, secret: &str) -> Result<Option<Arc<Account>>, Undecided> {
        let Some(id) = key_of(secret) else {
            return Ok(None);
        };
        let presented = digest::digest(&digest::SHA256, secret.as_bytes());
        let owner = self.facts.read(|world| {
            let Some(key) = world.key(id) else {
                return Ok(None);
            };
            let (own, presented) = (&key.secret_sha256, presented.as_ref());
            let equal = constant_time::verify_slices_are_equal(own, presented).is_ok();
            let valid = equal && self.is_valid(world, key)?;
            Ok(valid.then(|| key.account.clone()))
        });
        owner.await.map_err(|error| Undecided(error.into()))
    }
}

/// The id in the secret of a key, `mk_{key}_{random}`.
fn key_of(secret: &str) -> Option<&str> {
    let (id, _) = secret.strip_prefix("mk_")?.split_once('_')?;
    base::KeyId::is_valid(id).then_some(id)
}
