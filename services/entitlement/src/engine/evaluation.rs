//! Queries, and the facts that they need.

use entitlement_core::{
    ConditionInput, Decision, Facts as Known, PermissionIndex, Target, decide, missing,
};
use prost_types::Struct;
use types::{OrganizationId, UnixTime};

use super::{ConditionBudget, Moment, Status};
use crate::{
    error::Error,
    facts::{FactKey, FactSnapshot, Place},
};

/// A query: subject, organization, permission, location and context.
#[derive(Debug, Clone)]
pub(crate) struct Query<'a> {
    pub(crate) subject: &'a str,
    pub(crate) organization: &'a OrganizationId,
    pub(crate) permission: &'a str,
    pub(crate) place: Place<'a>,
    /// Context for conditions.
    pub(crate) context: Option<&'a Struct>,
}

/// A query with the facts that it needs.
pub(crate) struct QueryFacts<'w, 'q> {
    pub(crate) facts: Known<'w>,
    pub(crate) permission: PermissionIndex,
    pub(crate) target: Target,
    pub(crate) given: ConditionInput<'q>,
    pub(crate) now: UnixTime,
}

impl<'q> Query<'q> {
    /// Returns the input of conditions.
    fn given(&self) -> ConditionInput<'q> {
        ConditionInput {
            subject: self.subject,
            resource: self.place.resource(),
            context: self.context,
        }
    }
}

impl<'w> QueryFacts<'w, '_> {
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
pub(crate) struct Evaluation<'w, 'q> {
    pub(crate) world: &'w FactSnapshot,
    pub(crate) at: Moment,
    pub(crate) status: Status,
    /// Condition budget of the evaluation.
    pub(crate) budget: ConditionBudget,
    pub(super) last: Option<(&'q str, &'q OrganizationId, Known<'w>)>,
}

impl<'w, 'q> Evaluation<'w, 'q> {
    /// Returns the query with its facts.
    ///
    /// # Errors
    /// Fact keys to load first; or, inside, `PermissionUnknown` if no application has the
    /// permission.
    pub(crate) fn query_facts(
        &mut self,
        query: &Query<'q>,
    ) -> Result<Result<QueryFacts<'w, 'q>, Error>, Vec<FactKey>> {
        let facts = match self.last {
            Some((subject, organization, facts))
                if subject == query.subject && organization == query.organization =>
            {
                facts
            }
            _ => self.world.facts(query.subject, query.organization)?,
        };
        self.last = Some((query.subject, query.organization, facts));
        query_facts(self.world, facts, query, self.at.now)
    }
}

fn query_facts<'w, 'q>(
    world: &'w FactSnapshot,
    facts: Known<'w>,
    query: &Query<'q>,
    now: UnixTime,
) -> Result<Result<QueryFacts<'w, 'q>, Error>, Vec<FactKey>> {
    let target = world.target(query.organization, query.place)?;
    let Some(permission) = facts.catalog.permission(query.permission) else {
        return Ok(Err(Error::PermissionUnknown(query.permission.to_owned())));
    };
    Ok(Ok(QueryFacts {
        facts,
        permission,
        target,
        given: query.given(),
        now,
    }))
}

/// Returns true if a query is allowed.
pub(crate) fn is_allowed(
    world: &FactSnapshot,
    query: &Query<'_>,
    now: UnixTime,
) -> Result<Result<bool, Error>, Vec<FactKey>> {
    let facts = world.facts(query.subject, query.organization)?;
    let query_facts = query_facts(world, facts, query, now)?;
    Ok(query_facts.map(|query_facts| query_facts.decide().outcome.is_ok()))
}
