//! Batches of questions: each question is judged separately.

use api::{
    common::v1::{Consistency, consistency::Requirement},
    entitlement::v1::{
        CheckBatchRequest, CheckStreamRequest, Effect, Question, StreamQuestion,
        stream_answer::Outcome,
    },
};
use tonic::Code;

use crate::{
    refusal::{assert_refused, failed},
    shared::everywhere,
    world::World,
};

/// Returns invalid questions, each with the reason of the refusal.
fn wrong(world: &World) -> Vec<([String; 3], &'static str)> {
    let [subject, permission, resource] = right(world);
    let long = "x".repeat(300);
    vec![
        (
            [String::new(), permission.clone(), resource.clone()],
            "INVALID_REQUEST",
        ),
        (
            [format!("{subject}\0"), permission.clone(), resource.clone()],
            "INVALID_REQUEST",
        ),
        (
            [long.clone(), permission.clone(), resource.clone()],
            "INVALID_REQUEST",
        ),
        (
            [subject.clone(), String::new(), resource.clone()],
            "INVALID_REQUEST",
        ),
        (
            [subject.clone(), long.clone(), resource.clone()],
            "INVALID_REQUEST",
        ),
        (
            [
                subject.clone(),
                "no.such.thing".to_owned(),
                resource.clone(),
            ],
            "PERMISSION_UNKNOWN",
        ),
        (
            [subject.clone(), permission.clone(), String::new()],
            "INVALID_REQUEST",
        ),
        (
            [subject.clone(), permission.clone(), "nonsense".to_owned()],
            "INVALID_REQUEST",
        ),
        ([subject, permission, long], "INVALID_REQUEST"),
    ]
}

/// Returns a question that is allowed.
fn right(world: &World) -> [String; 3] {
    [
        world.user("ann"),
        world.permission("billing.view"),
        world.organization(),
    ]
}

#[test]
fn a_question_that_is_wrong_fails_alone_and_the_others_of_its_batch_are_answered() {
    everywhere(async |rig| {
        let world = World::load(rig, "alone-batch").await;
        let wrong = wrong(&world);
        let question = |[subject, permission, resource]: [String; 3]| Question {
            subject,
            permission,
            resource,
            context: None,
        };
        let mut questions = vec![question(right(&world))];
        for (asked, _) in &wrong {
            questions.push(question(asked.clone()));
            questions.push(question(right(&world)));
        }
        let request = CheckBatchRequest {
            questions,
            consistency: None,
        };
        let answer = rig.root().authorization().check_batch(request).await;
        let answer = answer.unwrap().into_inner();
        assert_eq!(answer.failed.len(), wrong.len());
        for (place, decision) in answer.decisions.iter().enumerate() {
            let effect = if place % 2 == 0 {
                Effect::Allow
            } else {
                Effect::Unspecified
            };
            assert_eq!(decision.effect(), effect, "{place}");
        }
        for (place, (_, reason)) in (0..).zip(&wrong) {
            let refused = failed(&answer.failed[&(2 * place + 1)]);
            assert_refused(refused, Code::InvalidArgument, reason);
        }
    });
}

#[test]
fn a_question_that_is_wrong_is_answered_so_and_its_stream_goes_on() {
    everywhere(async |rig| {
        let world = World::load(rig, "alone-stream").await;
        let question = |id, [subject, permission, resource]: [String; 3]| StreamQuestion {
            id,
            subject,
            permission,
            resource,
            ..StreamQuestion::default()
        };
        let mut asked: Vec<_> = (0..)
            .zip(wrong(&world))
            .map(|(id, (fields, reason))| (question(id, fields), reason))
            .collect();
        for token in ["\0".to_owned(), "x".repeat(1 << 16)] {
            let demand = Requirement::AtLeastAsFresh(token);
            let odd = StreamQuestion {
                consistency: Some(Consistency {
                    requirement: Some(demand),
                }),
                ..question(asked.len() as u64, right(&world))
            };
            asked.push((odd, "INVALID_REQUEST"));
        }
        let last = asked.len() as u64;
        let messages = asked.iter().map(|(question, _)| question.clone());
        let messages = messages.chain([question(last, right(&world))]);
        let messages = messages.map(|question| CheckStreamRequest {
            questions: vec![question],
            cancelled: Vec::new(),
        });
        let messages: Vec<_> = messages.collect();
        let mut client = rig.root().authorization();
        let stream = client.check_stream(tokio_stream::iter(messages)).await;
        let (mut stream, mut told) = (stream.unwrap().into_inner(), 0);
        while let Some(message) = stream.message().await.unwrap() {
            for answer in message.answers {
                told += 1;
                match answer.outcome.unwrap() {
                    Outcome::Decision(decision) => {
                        assert_eq!((answer.id, decision.effect()), (last, Effect::Allow));
                    }
                    Outcome::Error(error) => {
                        let (_, reason) = &asked[usize::try_from(answer.id).unwrap()];
                        assert_refused(failed(&error), Code::InvalidArgument, reason);
                    }
                }
            }
        }
        assert_eq!(told, last + 1);
    });
}
