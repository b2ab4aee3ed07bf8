//! Questions and answers between protobuf and the rules.

use ::rpc::{Fault, parse, timestamp};
use api::entitlement::v1::{Decision, DecisionReason, Effect};
use base::{Id, In, OrganizationId, ResourceId, Subject, UnitId};
use entitlement_core as core;
use entitlement_core::Reason;

use crate::{
    engine::{Ask, Bearing},
    facts::Place,
};

/// A question that follows the grammar of names.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) subject: String,
    pub(super) permission: String,
    pub(super) organization: OrganizationId,
    place: OwnedPlace,
}

#[derive(Debug, Clone)]
enum OwnedPlace {
    Organization,
    Unit(UnitId),
    Resource(ResourceId),
}

impl Question {
    /// Reads the fields of a request; `at` is where in it the question stands.
    pub(super) fn read(
        at: &str,
        subject: String,
        permission: String,
        resource: &str,
    ) -> Result<Self, Fault> {
        parse(&format!("{at}subject"), &subject, Subject::parse_name)?;
        if !core::is_permission(&permission) {
            let field = format!("{at}permission");
            return Err(Fault::field(field, "must be `application.module.verb`"));
        }
        let field = || format!("{at}resource");
        let (organization, place) = if resource.contains("/units/") {
            let name = parse(&field(), resource, In::<UnitId>::parse_name)?;
            (name.organization, OwnedPlace::Unit(name.id))
        } else if resource.contains("/resources/") {
            let name = parse(&field(), resource, In::<ResourceId>::parse_name)?;
            (name.organization, OwnedPlace::Resource(name.id))
        } else {
            let organization = parse(&field(), resource, OrganizationId::parse_name)?;
            (organization, OwnedPlace::Organization)
        };
        Ok(Self {
            subject,
            permission,
            organization,
            place,
        })
    }

    /// The question as the engine takes it.
    pub(super) fn ask(&self) -> Ask<'_> {
        Ask {
            subject: &self.subject,
            organization: &self.organization,
            permission: &self.permission,
            place: match &self.place {
                OwnedPlace::Organization => Place::Organization,
                OwnedPlace::Unit(id) => Place::Unit(id.as_str()),
                OwnedPlace::Resource(id) => Place::Resource(id.as_str()),
            },
        }
    }
}

/// Decides from the facts that bear on a question.
pub(super) fn decide<'a>(bearing: &Bearing<'a>) -> core::Decision<'a> {
    core::decide(
        &bearing.facts,
        bearing.permission,
        bearing.target,
        bearing.now,
    )
}

/// An answer as protobuf has it.
pub(super) fn decision(
    decision: &core::Decision<'_>,
    organization: &OrganizationId,
    revision: i64,
    feed_behind: bool,
) -> Decision {
    let (effect, reason, grant) = match decision.outcome {
        Ok(grant) => (
            Effect::Allow,
            DecisionReason::Allowed,
            format!("organizations/{organization}/grants/{}", grant.id),
        ),
        Err(why) => (Effect::Deny, reason(why), String::new()),
    };
    Decision {
        effect: effect.into(),
        reason: reason.into(),
        grant,
        revision,
        valid_until_time: timestamp(decision.valid_until),
        feed_behind,
    }
}

/// A reason as protobuf has it.
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
    }
}
