//! Converts queries and decisions between protobuf and the rules.

use ::rpc::Fault;
use api::{
    Inbound,
    entitlement::v1::{Decision, DecisionReason, Effect, StreamQuestion},
};
use entitlement_core as core;
use entitlement_core::{CompactId, Reason};
use prost_types::Struct;
use service::timestamp;
use types::{Id, In, OrganizationId, ResourceId, Subject, UnitId};

use super::context::check_context;
use crate::{
    engine::{Query, QueryFacts, Status},
    facts::Place,
};

/// Initial capacity for the name of a grant, in bytes.
const GRANT_NAME_CAPACITY: usize = 96;

/// One of many queries in a message.
pub(super) trait QuestionFields: Inbound {
    /// Returns subject, permission, resource and context.
    fn fields(&self) -> (&str, &str, &str, Option<&Struct>);
}

impl QuestionFields for api::entitlement::v1::Question {
    fn fields(&self) -> (&str, &str, &str, Option<&Struct>) {
        let context = self.context.as_ref();
        (&self.subject, &self.permission, &self.resource, context)
    }
}

impl QuestionFields for StreamQuestion {
    fn fields(&self) -> (&str, &str, &str, Option<&Struct>) {
        let context = self.context.as_ref();
        (&self.subject, &self.permission, &self.resource, context)
    }
}

/// A query whose names are valid.
#[derive(Debug, Clone)]
pub(crate) struct Question<'a> {
    pub(crate) subject: &'a str,
    pub(crate) permission: &'a str,
    pub(crate) organization: OrganizationId,
    resource: &'a str,
    context: Option<&'a Struct>,
}

impl<'a> Question<'a> {
    /// Parses the fields of a request.
    pub(crate) fn read(
        subject: &'a str,
        permission: &'a str,
        resource: &'a str,
        context: Option<&'a Struct>,
    ) -> Result<Self, Fault> {
        Subject::check_name(subject).map_err(|error| Fault::name("subject", &error))?;
        is_permission("permission", permission)?;
        check_context("context", context)?;
        Ok(Self {
            organization: organization_of("resource", resource)?,
            subject,
            permission,
            resource,
            context,
        })
    }

    /// Parses one of many queries, which the edge leaves to be validated one by one. The fault is
    /// boxed: a message holds many queries, and hardly ever an invalid one.
    pub(super) fn judge(asked: &'a impl QuestionFields) -> Result<Self, Box<Fault>> {
        Fault::inspect(asked)?;
        let (subject, permission, resource, context) = asked.fields();
        Ok(Self::read(subject, permission, resource, context)?)
    }

    /// Returns the query for the engine.
    pub(super) fn query(&self) -> Query<'_> {
        Query {
            subject: self.subject,
            organization: &self.organization,
            permission: self.permission,
            place: place_of(self.resource),
            context: self.context,
        }
    }

    /// Returns the query as shared between replicas. It has no context, because a decision that
    /// depends on a condition is not shared.
    pub(crate) fn shared(&self) -> freshness::Question<'_> {
        freshness::Question {
            organization: &self.organization,
            subject: self.subject,
            permission: self.permission,
            place: within(self.resource),
        }
    }

    /// Returns caller, query and deciding grant as one line of words: no name has a space.
    pub(crate) fn log_words(&self, caller: &str, grant: &str) -> String {
        [caller, self.subject, self.permission, self.resource, grant].join(" ")
    }
}

/// Checks that a field has the form of a permission.
pub(super) fn is_permission(field: &str, permission: &str) -> Result<(), Fault> {
    if core::is_permission(permission) {
        return Ok(());
    }
    Err(Fault::field(field, "must be `application.module.verb`"))
}

/// Returns the organization of the location that a field names: an organization, a unit or a
/// resource.
pub(super) fn organization_of(field: &str, resource: &str) -> Result<OrganizationId, Fault> {
    let place = within(resource);
    let organization = if place.starts_with("units/") {
        In::<UnitId>::parse_organization(resource)
    } else if place.starts_with("resources/") {
        In::<ResourceId>::parse_organization(resource)
    } else {
        OrganizationId::parse_name(resource)
    };
    organization.map_err(|error| Fault::name(field, &error))
}

/// Returns the location within its organization that a name refers to.
pub(super) fn place_of(resource: &str) -> Place<'_> {
    match within(resource).split_once('/') {
        Some(("units", id)) => Place::Unit(id),
        Some((_, id)) => Place::Resource(id),
        None => Place::Organization,
    }
}

/// Returns the part after the organization: `units/…`, `resources/…` or nothing.
fn within(resource: &str) -> &str {
    resource.splitn(3, '/').nth(2).unwrap_or_default()
}

/// Decides a query with its facts. Also returns the decision as protobuf.
pub(super) fn decide<'w>(
    query_facts: &QueryFacts<'w, '_>,
    organization: &OrganizationId,
    status: Status,
) -> (core::Decision<'w>, Decision) {
    let decided = query_facts.decide();
    let mut answer = decision(&decided, organization, status);
    if decided.outcome == Err(Reason::ConditionNotMet) {
        answer.missing_context = query_facts.missing();
    }
    (decided, answer)
}

/// Converts a decision to protobuf. A decision that depends on a condition is not reusable.
pub(super) fn decision(
    decision: &core::Decision<'_>,
    organization: &OrganizationId,
    status: Status,
) -> Decision {
    let (effect, reason, grant) = match decision.outcome {
        Ok(grant) => (
            Effect::Allow,
            DecisionReason::Allowed,
            grant_name(organization, &grant.id),
        ),
        Err(why) => (Effect::Deny, reason(why), String::new()),
    };
    Decision {
        effect: effect.into(),
        reason: reason.into(),
        grant,
        revision: status.revision,
        valid_until_time: timestamp(decision.valid_until),
        feed_behind: status.feed_behind,
        reusable_ms: if decision.is_conditional() {
            0
        } else {
            status.reusable_ms(decision.valid_until)
        },
        missing_context: Vec::new(),
    }
}

/// Converts a reason to protobuf.
pub(super) fn reason(reason: Reason) -> DecisionReason {
    match reason {
        Reason::SubjectNotActive => DecisionReason::SubjectNotActive,
        Reason::OrganizationNotActive => DecisionReason::OrganizationNotActive,
        Reason::NotAMember => DecisionReason::NotAMember,
        Reason::MembershipNotActive => DecisionReason::MembershipNotActive,
        Reason::NotEligible => DecisionReason::NotEligible,
        Reason::ApplicationNotEntitled => DecisionReason::ApplicationNotEntitled,
        Reason::NoGrant => DecisionReason::NoGrant,
        Reason::OutOfScope => DecisionReason::OutOfScope,
        Reason::ConditionNotMet => DecisionReason::ConditionNotMet,
    }
}

/// Runs for every allow, so it builds the string in one allocation and without `format!`.
fn grant_name(organization: &OrganizationId, id: &CompactId) -> String {
    let parts = ["organizations/", organization.as_str(), "/grants/"];
    let mut name = String::with_capacity(GRANT_NAME_CAPACITY);
    for part in parts {
        name.push_str(part);
    }
    id.push_to(&mut name);
    name
}
