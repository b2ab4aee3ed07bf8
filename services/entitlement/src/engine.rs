//! Answers from the facts: questions, keys, and the callers of every service's methods. There is
//! no second authority.

use std::{sync::Arc, time::Duration};

use ::rpc::Authenticator;
use api::common::v1::{Consistency, consistency::Requirement};
use async_trait::async_trait;
use authority::{Context, Decider, Reach, Undecided};
use aws_lc_rs::{constant_time, digest};
use base::{Id, Millis, OrganizationId, Subject};
use clock::Clock;
use entitlement_core::{Facts as Known, PermissionIndex, Target, decide};
use seal::Sealer;

use crate::{
    error::Error,
    facts::{Facts, Piece, Place, World},
    projection::Heard,
};

/// What answers are given from.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) facts: Arc<Facts>,
    pub(crate) heard: Arc<Heard>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sealer: Sealer,
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

impl Engine {
    /// Waits until the facts are as fresh as a caller demands.
    pub(crate) async fn freshen(
        &self,
        context: &Context,
        consistency: Option<&Consistency>,
    ) -> Result<(), Error> {
        if self.heard.silence() > self.max_silence {
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

    /// Whether a feed was not heard for longer than the lease.
    pub(crate) fn is_behind(&self) -> bool {
        self.heard.silence() > self.lease + WORD
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
        let facts = world.facts(ask.subject, ask.organization)?;
        let target = world.target(ask.organization, ask.place)?;
        let Some(permission) = facts.catalog.permission(ask.permission) else {
            return Ok(Err(Error::PermissionUnknown(ask.permission.to_owned())));
        };
        Ok(Ok(Bearing {
            facts,
            permission,
            target,
            now: self.clock.now(),
        }))
    }

    async fn allowed(&self, ask: &Ask<'_>) -> Result<bool, Error> {
        self.facts
            .read(|world| {
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
            })
            .await?
    }

    /// Whether a caller holds a management permission on an organization or on the operator
    /// organization.
    pub(crate) async fn manages(
        &self,
        caller: &str,
        permission: &str,
        reach: Reach<'_>,
    ) -> Result<bool, Error> {
        let operator = OrganizationId::operator();
        let ask = |organization| Ask {
            subject: caller,
            organization,
            permission,
            place: Place::Organization,
        };
        if let Reach::Organization(organization) = reach
            && *organization != operator
            && self.allowed(&ask(organization)).await?
        {
            return Ok(true);
        }
        self.allowed(&ask(&operator)).await
    }
}

#[async_trait]
impl Decider for Engine {
    async fn allows(
        &self,
        _: &Context,
        caller: &Subject,
        permission: &str,
        reach: Reach<'_>,
    ) -> Result<bool, Undecided> {
        self.manages(&caller.to_string(), permission, reach)
            .await
            .map_err(|error| Undecided(error.into()))
    }
}

#[async_trait]
impl Authenticator for Engine {
    async fn authenticate(&self, secret: &str) -> Result<Option<Subject>, Undecided> {
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
            let active = world
                .subject(&key.service_account)?
                .is_some_and(|account| account.active);
            let valid = equal && active && self.clock.now() < key.expire;
            Ok(valid
                .then(|| Subject::parse_name(&key.service_account).ok())
                .flatten())
        });
        owner.await.map_err(|error| Undecided(error.into()))
    }
}

/// The id in the secret of a key, `mk_{key}_{random}`.
fn key_of(secret: &str) -> Option<&str> {
    let (id, _) = secret.strip_prefix("mk_")?.split_once('_')?;
    base::KeyId::is_valid(id).then_some(id)
}
