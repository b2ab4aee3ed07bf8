//! Queries, and the facts that they need.

use base::{Millis, OrganizationId};
use entitlement_core::{Decision, Facts as Known, Given, PermissionIndex, Target, decide, missing};
use prost_types::Struct;

use super::{Allowance, Moment, Status};
use crate::{
    error::Error,
    facts::{Piece, Place, World},
};

/// A query: subject, organization, permission, location and context.
#[derive(Debug, Clone)]
pub(crate) struct Ask<'a> {
    pub(crate) subject: &'a str,
    pub(crate) organization: &'a OrganizationId,
    pub(crate) permission: &'a str,
    pub(crate) place: Place<'a>,
    /// Context for conditions.
    pub(crate) context: Option<&'a Struct>,
}

/// A query with the facts that it needs.
pub(crate) struct Bearing<'w, 'q> {
    pub(crate) facts: Known<'w>,
    pub(crate) permission: PermissionIndex,
    pub(crate) target: Target,
    pub(crate) given: Given<'q>,
    pub(crate) now: Millis,
}

impl<'q> Ask<'q> {
    /// Returns the input of conditions.
    fn given(&self) -> Given<'q> {
        Given {
            subject: self.subject,
            resource: self.place.resource(),
            context: self.context,
        }
    }
}

impl<'w> Bearing<'w, '_> {
    /// Decides the query.
    pub(crate) fn decide(&self) -> Decision<'w> {
        decide(
            &self.facts,
            self.permission,
            self.target,
            &self.given,
            self.now,
        )
    }

    /// Returns the context keys that unmet conditions refer to and the caller did not send.
    pub(crate) fn missing(&self) -> Vec<String> {
        let (facts, given) = (&self.facts, &self.given);
        let missing = missing(facts, self.permission, self.target, given, self.now);
        missing.into_iter().map(str::to_owned).collect()
    }
}

/// An evaluation of queries one after the other, on the same facts at the same time. Most
/// evaluations concern one subject, so its facts are looked up once.
pub(crate) struct Row<'w, 'q> {
    pub(crate) world: &'w World,
    pub(crate) at: Moment,
    pub(crate) status: Status,
    /// Condition budget of the evaluation.
    pub(crate) allowance: Allowance,
    pub(super) last: Option<(&'q str, &'q OrganizationId, Known<'w>)>,
}

impl<'w, 'q> Row<'w, 'q> {
    /// Returns the query with its facts.
    ///
    /// # Errors
    /// Fact keys to load first; or, inside, `PermissionUnknown` if no application has the
    /// permission.
    pub(crate) fn bearing(
        &mut self,
        ask: &Ask<'q>,
    ) -> Result<Result<Bearing<'w, 'q>, Error>, Vec<Piece>> {
        let facts = match self.last {
            Some((subject, organization, facts))
                if subject == ask.subject && organization == ask.organization =>
            {
                facts
            }
            _ => self.world.facts(ask.subject, ask.organization)?,
        };
        self.last = Some((ask.subject, ask.organization, facts));
        bearing(self.world, facts, ask, self.at.now)
    }
}

fn bearing<'w, 'q>(
    world: &'w World,
    facts: Known<'w>,
    ask: &Ask<'q>,
    now: Millis,
) -> Result<Result<Bearing<'w, 'q>, Error>, Vec<Piece>> {
    let target = world.target(ask.organization, ask.place)?;
    let Some(permission) = facts.catalog.permission(ask.permission) else {
        return Ok(Err(Error::PermissionUnknown(ask.permission.to_owned())));
    };
    Ok(Ok(Bearing {
        facts,
        permission,
        target,
        given: ask.given(),
        now,
    }))
}

/// Returns true if a query is allowed.
pub(crate) fn allowed(
    world: &World,
    ask: &Ask<'_>,
    now: Millis,
) -> Result<Result<bool, Error>, Vec<Piece>> {
    let facts = world.facts(ask.subject, ask.organization)?;
    let bearing = bearing(world, facts, ask, now)?;
    Ok(bearing.map(|bearing| bearing.decide().outcome.is_ok()))
}
