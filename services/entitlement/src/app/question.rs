//! Questions and answers between protobuf and the rules.

use ::rpc::{Fault, timestamp};
use api::entitlement::v1::{Decision, DecisionReason, Effect};
use base::{Id, In, OrganizationId, ResourceId, Subject, UnitId};
use entitlement_core as core;
use entitlement_core::Reason;

use crate::{
    engine::{Ask, Bearing, Status},
    facts::Place,
};

/// A question that follows the grammar of names.
#[derive(Debug, Clone)]
pub(crate) struct Question<'a> {
    pub(crate) subject: &'a str,
    pub(crate) permission: &'a str,
    pub(crate) organization: OrganizationId,
    /// What follows the organization: `units/…`, `resources/…` or nothing.
    place: &'a str,
}

impl<'a> Question<'a> {
    /// Reads the fields of a request; `index` is that of the question in a batch.
    pub(super) fn read(
        index: Option<usize>,
        subject: &'a str,
        permission: &'a str,
        resource: &'a str,
    ) -> Result<Self, Fault> {
        // Only what is wrong has to be found by the caller.
        let field = |name: &str| match index {
            Some(index) => format!("questions[{index}].{name}"),
            None => name.to_owned(),
        };
        Subject::check_name(subject).map_err(|error| Fault::name(&field("subject"), &error))?;
        if !core::is_permission(permission) {
            let what = "must be `application.module.verb`";
            return Err(Fault::field(field("permission"), what));
        }
        let place = resource.splitn(3, '/').nth(2).unwrap_or_default();
        let organization = if place.starts_with("units/") {
            In::<UnitId>::parse_organization(resource)
        } else if place.starts_with("resources/") {
            In::<ResourceId>::parse_organization(resource)
        } else {
            OrganizationId::parse_name(resource)
        };
        Ok(Self {
            organization: organization.map_err(|error| Fault::name(&field("resource"), &error))?,
            subject,
            permission,
            place,
        })
    }

    /// The question as the engine takes it.
    pub(super) fn ask(&self) -> Ask<'_> {
        Ask {
            subject: self.subject,
            organization: &self.organization,
            permission: self.permission,
            place: match self.place.split_once('/') {
                Some(("units", id)) => Place::Unit(id),
                Some((_, id)) => Place::Resource(id),
                None => Place::Organization,
            },
        }
    }

    /// The question as it is shared.
    pub(crate) fn shared(&self) -> freshness::Question<'_> {
        freshness::Question {
            organization: &self.organization,
            subject: self.subject,
            permission: self.permission,
            place: self.place,
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
    status: Status,
) -> Decision {
    let (effect, reason, grant) = match decision.outcome {
        Ok(grant) => (
            Effect::Allow,
            DecisionReason::Allowed,
            [
                "organizations/",
                organization.as_str(),
                "/grants/",
                &grant.id,
            ]
            .concat(),
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
        reusable_ms: status.reusable_ms(decision.valid_until),
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
