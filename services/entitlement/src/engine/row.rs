//! Questions, and the facts that bear on them.

use base::{Millis, OrganizationId};
use entitlement_core::{Decision, Facts as Known, Given, PermissionIndex, Target, decide, missing};
use prost_types::Struct;

use super::{Allowance, Moment, Status};
use crate::{
    error::Error,
    facts::{Piece, Place, World},
};

/// A question with everything that it is about.
#[derive(Debug, Clone)]
pub(crate) struct Ask<'a> {
    pub(crate) subject: &'a str,
    pub(crate) organization: &'a OrganizationId,
    pub(crate) permission: &'a str,
    pub(crate) place: Place<'a>,
    /// What conditions are asked about.
    pub(crate) context: Option<&'a Struct>,
}

/// The facts that bear on a question.
pub(crate) struct Bearing<'w, 'q> {
    pub(crate) facts: Known<'w>,
    pub(crate) permission: PermissionIndex,
    pub(crate) target: Target,
    pub(crate) given: Given<'q>,
    pub(crate) now: Millis,
}

impl<'q> Ask<'q> {
    /// What conditions see of it.
    fn given(&self) -> Given<'q> {
        Given {
            subject: self.subject,
            resource: self.place.resource(),
            context: self.context,
        }
    }
}

impl<'w> Bearing<'w, '_> {
    /// The decision.
    pub(crate) fn decide(&self) -> Decision<'w> {
        decide(
            &self.facts,
            self.permission,
            self.target,
            &self.given,
            self.now,
        )
    }

    /// What conditions ask of the context and what is not there.
    pub(crate) fn missing(&self) -> Vec<String> {
        let (facts, given) = (&self.facts, &self.given);
        let missing = missing(facts, self.permission, self.target, given, self.now);
        missing.into_iter().map(str::to_owned).collect()
    }
}

/// Questions that are answered one after the other, from the same facts at the same moment. Mostly
/// they are about one subject, whose facts are then looked up once.
pub(crate) struct Row<'w, 'q> {
    pub(crate) world: &'w World,
    pub(crate) at: Moment,
    pub(crate) status: Status,
    /// Of the conditions of its questions.
    pub(crate) allowance: Allowance,
    pub(super) last: Option<(&'q str, &'q OrganizationId, Known<'w>)>,
}

impl<'w, 'q> Row<'w, 'q> {
    /// The facts that bear on a question.
    ///
    /// # Errors
    /// What is to be loaded first; or, inside, that no application has the permission.
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

/// Whether a question is answered with allow.
pub(crate) fn allowed(
    world: &World,
    ask: &Ask<'_>,
    now: Millis,
) -> Result<Result<bool, Error>, Vec<Piece>> {
    let facts = world.facts(ask.subject, ask.organization)?;
    let bearing = bearing(world, facts, ask, now)?;
    Ok(bearing.map(|bearing| bearing.decide().outcome.is_ok()))
}
