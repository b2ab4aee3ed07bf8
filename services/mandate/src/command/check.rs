//! `mandate check`.

use std::time::Duration;

use api::{
    common::v1::{Consistency, consistency::Requirement},
    entitlement::v1::{CheckRequest, Decision, DecisionReason, Effect},
};
use mandate_documents::{
    clients::{Service, answer, within},
    moment,
};
use serde_json::{Value, json};

use super::{
    names::{in_organization, subject, word},
    organization::misspelt,
};
use crate::{
    cli::QuestionArgs,
    connect::{Connection, connect},
    exit::Failure,
    given::context as context_of,
    output,
};

/// Deadline of a call.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Sends the question and prints the answer.
pub(super) async fn check(
    args: QuestionArgs,
    context: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let connection = connect(context)?;
    let request = CheckRequest {
        subject: subject(&args.subject),
        permission: args.permission.clone(),
        resource: in_organization(&args.resource),
        consistency: consistency(&args),
        read_time: args.at,
        context: context_of(&args.given),
    };
    let mut client = connection.clients.authorization();
    let call = client.check(within(CALL_TIMEOUT, request));
    let answer = answer(Service::Entitlement, "check", call)
        .await
        .map_err(|error| connection.failure(&error))?;
    let decision = answer.decision.unwrap_or_default();
    if json {
        output::json(&as_json(&decision))?;
    } else {
        output::line(as_text(&decision));
    }
    if decision.reason() == DecisionReason::OrganizationNotActive {
        note_misspelt(&connection, &args.resource).await;
    }
    outcome(&decision, args.error_on_deny)
}

/// Prints that there is no such organization, if the caller may know.
pub(super) async fn note_misspelt(connection: &Connection, resource: &str) {
    let id = resource.strip_prefix("organizations/").unwrap_or(resource);
    let id = id.split('/').next().unwrap_or_default();
    if let Some(told) = misspelt(connection, id).await {
        output::note(told);
    }
}

/// Returns the freshness that the answer needs.
pub(super) fn consistency(args: &QuestionArgs) -> Option<Consistency> {
    let requirement = match &args.at_least_as_fresh {
        Some(token) => Requirement::AtLeastAsFresh(token.clone()),
        None if args.consistent => Requirement::FullyConsistent(true),
        None => return None,
    };
    Some(Consistency {
        requirement: Some(requirement),
    })
}

/// Returns the result of the command.
pub(super) fn outcome(decision: &Decision, error_on_deny: bool) -> Result<(), Failure> {
    match decision.effect() {
        Effect::Deny if error_on_deny => Err(Failure::denied()),
        Effect::Allow | Effect::Deny => Ok(()),
        Effect::Unspecified => Err(Failure::failed("the service gave no answer")),
    }
}

/// Formats a decision on one line.
pub(super) fn as_text(decision: &Decision) -> String {
    let answer = if decision.effect() == Effect::Allow {
        format!("ALLOW  grant {}", decision.grant)
    } else {
        let reason = decision.reason();
        let missing = missing(&decision.missing_context);
        format!(
            "DENY  {}  {}{missing}",
            reason_word(reason),
            sentence(reason)
        )
    };
    let until = match &decision.valid_until_time {
        Some(until) => format!("  valid until {}", moment::text(until)),
        None => String::new(),
    };
    let behind = if decision.feed_behind {
        "  (the facts may be behind)"
    } else {
        ""
    };
    format!("{answer}  revision {}{until}{behind}", decision.revision)
}

/// Formats the context keys that conditions need and the question lacks.
fn missing(keys: &[String]) -> String {
    if keys.is_empty() {
        return String::new();
    }
    format!("  missing context: {}", keys.join(", "))
}

/// Formats a decision as JSON.
pub(super) fn as_json(decision: &Decision) -> Value {
    json!({
        "effect": word(decision.effect().as_str_name(), "EFFECT_"),
        "reason": reason_word(decision.reason()),
        "grant": (!decision.grant.is_empty()).then_some(&decision.grant),
        "revision": decision.revision,
        "valid_until_time": decision.valid_until_time.as_ref().map(moment::text),
        "feed_behind": decision.feed_behind,
        "missing_context": decision.missing_context,
    })
}

/// Returns the name of a reason, such as `OUT_OF_SCOPE`.
pub(super) fn reason_word(reason: DecisionReason) -> String {
    word(reason.as_str_name(), "DECISION_REASON_")
}

fn sentence(reason: DecisionReason) -> &'static str {
    match reason {
        DecisionReason::Unspecified => "The service gave no reason.",
        DecisionReason::Allowed => "Every condition holds.",
        DecisionReason::SubjectNotActive => {
            "The member is not active as a user or service account."
        }
        DecisionReason::OrganizationNotActive => {
            "The organization does not exist or is not active."
        }
        DecisionReason::NotAMember => {
            "The subject has no membership in the organization, or does not exist."
        }
        DecisionReason::MembershipNotActive => "The membership is not active.",
        DecisionReason::NotEligible => {
            "The organization demands an active subscription and the member has none."
        }
        DecisionReason::ApplicationNotEntitled => {
            "The organization does not have the application now."
        }
        DecisionReason::NoGrant => "No grant in force holds a role with the permission.",
        DecisionReason::OutOfScope => {
            "No such grant covers the resource, or the resource does not exist."
        }
        DecisionReason::ConditionNotMet => {
            "Every such grant has a condition, and none of these conditions is met."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    fn denied() -> Decision {
        Decision {
            effect: Effect::Deny.into(),
            reason: DecisionReason::OutOfScope.into(),
            revision: 42,
            ..Decision::default()
        }
    }

    #[test]
    fn a_denial_says_why_in_a_sentence() {
        assert_eq!(
            as_text(&denied()),
            "DENY  OUT_OF_SCOPE  No such grant covers the resource, or the resource does not \
             exist.  revision 42"
        );
    }

    #[test]
    fn an_allow_names_its_grant_and_how_long_it_holds() {
        let decision = Decision {
            effect: Effect::Allow.into(),
            reason: DecisionReason::Allowed.into(),
            grant: "organizations/acme/grants/g".to_owned(),
            revision: 7,
            valid_until_time: moment::timestamp("2030-01-01T00:00:00Z"),
            ..Decision::default()
        };
        assert_eq!(
            as_text(&decision),
            "ALLOW  grant organizations/acme/grants/g  revision 7  valid until \
             2030-01-01T00:00:00Z"
        );
        assert_eq!(outcome(&decision, true), Ok(()));
    }

    #[test]
    fn a_denial_is_a_failure_only_when_asked_for() {
        assert_eq!(outcome(&denied(), false), Ok(()));
        assert_eq!(outcome(&denied(), true).unwrap_err().exit, Exit::Denied);
        // A missing answer is neither an allow nor a denial.
        for error_on_deny in [false, true] {
            let unanswered = outcome(&Decision::default(), error_on_deny);
            assert_eq!(unanswered.unwrap_err().exit, Exit::Failed);
        }
    }
}
