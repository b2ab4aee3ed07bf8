//! `mandate explain`, and `mandate check --explain`.

use api::entitlement::v1::{DecisionReason, ExplainRequest, ExplainResponse, GrantConsideration};
use mandate_documents::clients::{Service, answer, within};
use serde_json::{Value, json};

use super::{
    check::{CALL_TIMEOUT, as_json, as_text, consistency, note_misspelt, outcome, reason_word},
    names::{in_organization, subject},
};
use crate::{
    cli::QuestionArgs, connect::connect, exit::Failure, given::context as context_of, output,
};

/// Sends the question and prints the explanation.
pub(super) async fn explain(
    args: QuestionArgs,
    context: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let connection = connect(context)?;
    let request = ExplainRequest {
        subject: subject(&args.subject),
        permission: args.permission.clone(),
        resource: in_organization(&args.resource),
        consistency: consistency(&args),
        read_time: args.at,
        context: context_of(&args.given),
    };
    let mut client = connection.clients.authorization();
    let call = client.explain(within(CALL_TIMEOUT, request));
    let answer = answer(Service::Entitlement, "explain", call)
        .await
        .map_err(|error| connection.failure(&error))?;
    if json {
        output::json(&explanation(&answer))?;
    } else {
        for line in lines(&answer) {
            output::line(line);
        }
    }
    let decision = answer.decision.unwrap_or_default();
    if decision.reason() == DecisionReason::OrganizationNotActive {
        note_misspelt(&connection, &args.resource).await;
    }
    outcome(&decision, args.error_on_deny)
}

fn lines(answer: &ExplainResponse) -> Vec<String> {
    let mut lines = vec![as_text(&answer.decision.clone().unwrap_or_default())];
    if !answer.conditions.is_empty() {
        lines.push("Conditions:".to_owned());
    }
    for condition in &answer.conditions {
        let reason = reason_word(condition.reason());
        let detail = &condition.detail;
        lines.push(if condition.holds {
            format!("  ✓ {detail}")
        } else {
            format!("  ✗ {detail} ({reason})")
        });
    }
    if !answer.grants.is_empty() {
        lines.push("Grants:".to_owned());
    }
    for grant in &answer.grants {
        let (mark, why) = grant_verdict(grant);
        let condition = match grant.condition.as_str() {
            "" => String::new(),
            condition => format!(" if {condition}"),
        };
        let (grant, role) = (&grant.grant, &grant.role);
        lines.push(format!("  {mark} {grant} ({role}{condition}): {why}"));
    }
    if !answer.missing_roles.is_empty() {
        let roles = answer.missing_roles.join(", ");
        lines.push(format!("Roles that hold the permission: {roles}"));
    }
    if !answer.next_step.is_empty() {
        lines.push(format!("Next step: {}", answer.next_step));
    }
    if !answer.helpers.is_empty() {
        lines.push(format!(
            "People who could help: {}",
            answer.helpers.join(", ")
        ));
    }
    lines
}

/// Returns the mark of a grant, and the reasons why it allows or not.
fn grant_verdict(grant: &GrantConsideration) -> (char, String) {
    let failing: Vec<&str> = [
        (
            grant.holds_permission,
            "its role does not hold the permission",
        ),
        (grant.in_force, "it is not in force now"),
        (
            grant.covers_resource,
            "its scope does not cover the resource",
        ),
        (grant.condition_met, "its condition is not met"),
    ]
    .into_iter()
    .filter_map(|(holds, why)| (!holds).then_some(why))
    .collect();
    if failing.is_empty() {
        let why = "holds the permission, in force, covers the resource";
        ('✓', why.to_owned())
    } else {
        ('✗', failing.join("; "))
    }
}

fn explanation(answer: &ExplainResponse) -> Value {
    let conditions: Vec<Value> = answer
        .conditions
        .iter()
        .map(|condition| {
            json!({
                "reason": reason_word(condition.reason()),
                "holds": condition.holds,
                "detail": condition.detail,
            })
        })
        .collect();
    let grants: Vec<Value> = answer
        .grants
        .iter()
        .map(|grant| {
            json!({
                "grant": grant.grant,
                "role": grant.role,
                "holds_permission": grant.holds_permission,
                "in_force": grant.in_force,
                "covers_resource": grant.covers_resource,
                "condition": grant.condition,
                "condition_met": grant.condition_met,
            })
        })
        .collect();
    json!({
        "decision": as_json(&answer.decision.clone().unwrap_or_default()),
        "conditions": conditions,
        "grants": grants,
        "next_step": answer.next_step,
        "missing_roles": answer.missing_roles,
        "helpers": answer.helpers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_says_everything_that_keeps_it_from_allowing() {
        let mut grant = GrantConsideration {
            holds_permission: true,
            in_force: true,
            covers_resource: true,
            condition_met: true,
            ..GrantConsideration::default()
        };
        assert_eq!(grant_verdict(&grant).0, '✓');
        grant.in_force = false;
        grant.covers_resource = false;
        let (mark, why) = grant_verdict(&grant);
        assert_eq!(mark, '✗');
        assert_eq!(
            why,
            "it is not in force now; its scope does not cover the resource"
        );
    }
}
