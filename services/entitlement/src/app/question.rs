//! Questions and answers between protobuf and the rules.

use ::rpc::{Fault, timestamp};
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
    /// Reads the fields of a request; `index` is that of the question in a batch.
    pub(super) fn read(
        index: Option<usize>,
        subject: String,
        permission: String,
        resource: &str,
    ) -> Result<Self, Fault> {
        // Only what is wrong has to be found by the caller.
        let field = |name: &str| match index {
            Some(index) => format!("questions[{index}].{name}"),
            None => name.to_owned(),
        };
        Subject::parse_name(&subject).map_err(|error| Fault::name(&field("subject"), &error))?;
        if !core::is_permission(&permission) {
            let what = "must be `application.module.verb`";
            return Err(Fault::field(field("permission"), what));
        }
        let wrong = |error| Fault::name(&field("resource"), &error);
        let (organization, place) = if resource.contains("/units/") {
            let name = In::<UnitId>::parse_name(resource).map_err(wrong)?;
            (name.organization, OwnedPlace::Unit(name.id))
        } else if resource.contains("/resources/") {
            let name = In::<ResourceId>::parse_name(resource).map_err(wrong)?;
            (name.organization, OwnedPlace::Resource(name.id))
        } else {
            let organization = OrganizationId::parse_name(resource).map_err(wrong)?;
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
