//! Many questions in one call, grouped by organization.

use std::{collections::HashMap, sync::Arc, time::Instant};

use api::entitlement::v1::{self, CheckBatchRequest};
use tokio::task::JoinSet;

use crate::{
    attempt::{call, demand},
    decision::Decision,
    dispatcher::Dispatcher,
    error::Error,
    failure::Failure,
    lane::nothing,
    measure::count,
    question::{Consistency, Question},
};

/// Maximum number of questions in one call.
const MAX_QUESTIONS_PER_CALL: usize = 1000;

/// Asks the questions, with separate calls for each organization, and returns the answers in the
/// order of the questions.
pub(crate) async fn ask(
    dispatcher: &Arc<Dispatcher>,
    questions: &[Question],
    consistency: &Consistency,
    begin: Instant,
    deadline: Instant,
) -> Vec<Result<Decision, Error>> {
    let mut calls = JoinSet::new();
    for indices in groups(questions) {
        let asked = indices.iter().filter_map(|index| questions.get(*index));
        let request = CheckBatchRequest {
            questions: asked.map(message).collect(),
            consistency: demand(consistency),
        };
        let dispatcher = dispatcher.clone();
        calls.spawn(async move {
            let asked = request.questions.len();
            let answered = one(&dispatcher, request, deadline).await;
            let answered = answered.unwrap_or_else(|failure| vec![Err(failure); asked]);
            (indices, answered)
        });
    }
    // A call that ended without an answer was ended with the runtime.
    let mut outcomes = vec![Err(Failure::Closed); questions.len()];
    while let Some(joined) = calls.join_next().await {
        let (indices, answered) = joined.unwrap_or_default();
        for (index, outcome) in indices.into_iter().zip(answered) {
            if let Some(place) = outcomes.get_mut(index) {
                *place = outcome;
            }
        }
    }
    let told = outcomes.into_iter();
    told.map(|outcome| outcome.map_err(|failure| failure.into_error(begin)))
        .collect()
}

async fn one(
    dispatcher: &Dispatcher,
    request: CheckBatchRequest,
    deadline: Instant,
) -> Result<Vec<Result<Decision, Failure>>, Failure> {
    let asked = request.questions.len();
    let answered = dispatcher
        .call(deadline, |backend| {
            let request = request.clone();
            async move {
                call(
                    &backend,
                    request,
                    deadline,
                    |mut client, request| async move { client.check_batch(request).await },
                )
                .await
            }
        })
        .await?;
    if answered.decisions.len() != asked {
        return Err(nothing());
    }
    dispatcher.budget.deposit();
    let outcomes = (0..).zip(answered.decisions).map(|(place, decision)| {
        count(&dispatcher.measures.unary);
        match answered.failed.get(&place) {
            Some(status) => Err(Failure::of_answer(status)),
            None => Decision::new(decision).ok_or_else(nothing),
        }
    });
    Ok(outcomes.collect())
}

/// Returns the indices of the questions of each call.
fn groups(questions: &[Question]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut current: HashMap<&str, usize> = HashMap::new();
    for (index, question) in questions.iter().enumerate() {
        let organization = organization(&question.resource);
        let known = current.get(organization).and_then(|at| groups.get_mut(*at));
        match known {
            Some(group) if group.len() < MAX_QUESTIONS_PER_CALL => group.push(index),
            _ => {
                current.insert(organization, groups.len());
                groups.push(vec![index]);
            }
        }
    }
    groups
}

/// Returns the group of a question: `organizations/{organization}`, or the whole name if it has
/// another form.
fn organization(resource: &str) -> &str {
    let end = resource.match_indices('/').nth(1);
    end.and_then(|(at, _)| resource.get(..at))
        .unwrap_or(resource)
}

fn message(question: &Question) -> v1::Question {
    v1::Question {
        subject: question.subject.clone(),
        permission: question.permission.clone(),
        resource: question.resource.clone(),
        context: question.context.message(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k_q_questions_of_different_organizations_never_share_a_call() {
        let resources = [
            "organizations/a/units/x",
            "organizations/b",
            "organizations/a",
            "nonsense",
            "organizations/ab/units/x",
        ];
        let asked = resources.map(|resource| Question::new("users/u", "a.b.c", resource));
        assert_eq!(groups(&asked), [vec![0, 2], vec![1], vec![3], vec![4]]);
        let many = vec![Question::new("users/u", "a.b.c", "organizations/a"); 2_001];
        let sizes: Vec<_> = groups(&many).iter().map(Vec::len).collect();
        assert_eq!(sizes, [1000, 1000, 1]);
    }
}
