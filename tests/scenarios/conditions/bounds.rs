//! Bounds that are enforced before any cost arises.

use api::entitlement::v1::{
    CheckBatchRequest, CheckStreamRequest, Grant, GrantChange, ListResourcesRequest,
    ListSubjectsRequest, PreviewRequest, Question, StreamQuestion, grant_change::Change,
    list_subjects_request::Held, stream_answer::Outcome,
};
use prost_types::{ListValue, Struct, Value, value::Kind};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::circumstances::{ask, context, create, load, office, question};
use crate::{
    refusal::{assert_refused, failed},
    shared::everywhere,
    world::World,
};

/// Returns contexts with too many keys, bytes or levels, and the largest valid context.
fn contexts() -> (Vec<Struct>, Struct) {
    let text = |length: usize| Value {
        kind: Some(Kind::StringValue("x".repeat(length))),
    };
    let of = |fields: Vec<(String, Value)>| Struct {
        fields: fields.into_iter().collect(),
    };
    let many = |count: usize| of((0..count).map(|key| (format!("k{key}"), text(1))).collect());
    let nested = |levels: usize| {
        let mut value = text(1);
        for level in 1..levels {
            let kind = if level % 2 == 0 {
                Kind::StructValue(of(vec![("k".to_owned(), value)]))
            } else {
                Kind::ListValue(ListValue {
                    values: vec![value],
                })
            };
            value = Value { kind: Some(kind) };
        }
        of(vec![("k".to_owned(), value)])
    };
    let mut largest = many(60);
    largest.fields.extend(nested(4).fields);
    (
        vec![many(65), of(vec![("k".to_owned(), text(4096))]), nested(5)],
        largest,
    )
}

/// Returns the invalid field of a refusal.
fn field(status: &Status) -> String {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let violations = status.get_details_bad_request().unwrap().field_violations;
    violations[0].field.clone()
}

#[test]
fn k_f_k_n_a_context_out_of_bounds_is_refused_wherever_it_is_said() {
    everywhere(async |rig| {
        let world = load(rig, "if-bounds").await;
        let (too_large, largest) = contexts();
        let answer = ask(&world, "eva", "units/k1", Some(largest)).await;
        assert_eq!(answer.missing_context, ["network"]);
        for context in too_large {
            let context = Some(context);
            let mut client = rig.root().authorization();
            let check = question(&world, "eva", "units/k1", context.clone());
            let batch = CheckBatchRequest {
                questions: [None, context.clone()]
                    .map(|context| Question {
                        subject: check.subject.clone(),
                        permission: check.permission.clone(),
                        resource: check.resource.clone(),
                        context,
                    })
                    .into(),
                consistency: None,
            };
            let places = ListResourcesRequest {
                parent: world.organization(),
                subject: check.subject.clone(),
                permission: check.permission.clone(),
                context: context.clone(),
                ..ListResourcesRequest::default()
            };
            let subjects = ListSubjectsRequest {
                resource: check.resource.clone(),
                held: Some(Held::Permission(check.permission.clone())),
                context: context.clone(),
                ..ListSubjectsRequest::default()
            };
            let streamed = StreamQuestion {
                id: 7,
                subject: check.subject.clone(),
                permission: check.permission.clone(),
                resource: check.resource.clone(),
                context,
                ..StreamQuestion::default()
            };
            assert_eq!(field(&client.check(check).await.unwrap_err()), "context");
            let answered = client.check_batch(batch).await.unwrap().into_inner();
            let refused = failed(&answered.failed[&1]).unwrap_err();
            assert_eq!(field(&refused), "context");
            let refused = client.list_resources(places).await.unwrap_err();
            assert_eq!(field(&refused), "context");
            let refused = client.list_subjects(subjects).await.unwrap_err();
            assert_eq!(field(&refused), "context");
            let message = CheckStreamRequest {
                questions: vec![streamed],
                cancelled: Vec::new(),
            };
            let stream = client.check_stream(tokio_stream::once(message)).await;
            let mut answers = stream.unwrap().into_inner();
            let answer = answers.message().await.unwrap().unwrap().answers.remove(0);
            let Some(Outcome::Error(error)) = answer.outcome else {
                panic!("{answer:?}");
            };
            assert_eq!(field(&failed(&error).unwrap_err()), "context");
        }
    });
}

#[test]
fn k_n_a_condition_that_is_not_allowed_is_refused_and_nothing_is_written() {
    everywhere(async |rig| {
        let world = World::load(rig, "if-invalid").await;
        for condition in [
            "context.network ==",
            "network == 'office'",
            "context.tags.exists(tag, tag == 'a')",
            "context.network.matches('(a+)+$')",
            "subject.email == 'a'",
            "1",
            "'office'",
            "resource.id",
            "resource.id == 3",
            "context.id == 9007199254740993",
            &"(".repeat(1000),
            &format!("context.a in [{}]", vec!["1"; 300].join(",")),
        ] {
            let grant = Grant {
                condition: condition.to_owned(),
                ..world.grant("eva", "viewer", crate::managed::all())
            };
            let refused = create(&world, "if", grant.clone()).await;
            assert_eq!(
                field(&refused.as_ref().unwrap_err().clone()),
                "grant.condition"
            );
            assert_refused(refused, Code::InvalidArgument, "CONDITION_INVALID");
            let change = api::entitlement::v1::CreateGrantRequest {
                grant: Some(grant),
                ..api::entitlement::v1::CreateGrantRequest::default()
            };
            let request = PreviewRequest {
                parent: world.organization(),
                changes: vec![GrantChange {
                    change: Some(Change::Create(change)),
                }],
                ..PreviewRequest::default()
            };
            let refused = rig
                .root()
                .authorization()
                .preview(request)
                .await
                .unwrap_err();
            assert_eq!(field(&refused), "changes[0].create.grant.condition");
        }
        let answer = ask(&world, "eva", "units/k1", office()).await;
        assert!(answer.missing_context.is_empty() && answer.grant.is_empty());
    });
}

#[test]
fn what_manages_has_no_condition() {
    everywhere(async |rig| {
        let grant = Grant {
            subject: "users/rita-deprez".to_owned(),
            role: "applications/mandate/roles/delegated-owner".to_owned(),
            scope: crate::managed::all(),
            condition: "context.network == 'office'".to_owned(),
            ..Grant::default()
        };
        let world = World::named(rig, "bakkerij-deprez");
        let refused = create(&world, "if-manages", grant).await.unwrap_err();
        assert_eq!(field(&refused), "grant.condition");
    });
}

#[test]
fn k_n_a_member_has_no_more_conditions_than_a_question_may_ask() {
    everywhere(async |rig| {
        let world = World::load(rig, "if-many").await;
        let grant = |condition: &str| Grant {
            condition: condition.to_owned(),
            ..world.grant("eva", "viewer", crate::managed::all())
        };
        for number in 0..16 {
            let id = format!("if-{number}");
            let condition = format!("context.number == {number}");
            create(&world, &id, grant(&condition)).await.unwrap();
        }
        let refused = create(&world, "if-more", grant("true")).await;
        assert_refused(refused, Code::ResourceExhausted, "TOO_MANY_CONDITIONS");
        create(&world, "always", grant("")).await.unwrap();
        world.revoke("always").await;
        let answer = ask(&world, "eva", "units/k1", context(&[("number", "15")])).await;
        assert_eq!(answer.grant, world.at("grants/if-15"));
        world.revoke("if-7").await;
        create(&world, "if-more", grant("true")).await.unwrap();
        // A batch has one condition budget for all its questions.
        let question = Question {
            subject: world.user("eva"),
            permission: world.permission("billing.view"),
            resource: world.at("units/k1"),
            context: None,
        };
        let batch = async |count: usize| {
            let request = CheckBatchRequest {
                questions: vec![question.clone(); count],
                consistency: None,
            };
            rig.root().authorization().check_batch(request).await
        };
        assert_eq!(batch(60).await.unwrap().into_inner().decisions.len(), 60);
        let answered = batch(70).await.unwrap().into_inner();
        assert!((1..10).contains(&answered.failed.len()));
        assert_refused(
            failed(&answered.failed[&69]),
            Code::ResourceExhausted,
            "TOO_MANY_CONDITIONS",
        );
        // A stream answers all questions, some of them later.
        let message = CheckStreamRequest {
            questions: (0..200)
                .map(|id| StreamQuestion {
                    id,
                    subject: question.subject.clone(),
                    permission: question.permission.clone(),
                    resource: question.resource.clone(),
                    ..StreamQuestion::default()
                })
                .collect(),
            cancelled: Vec::new(),
        };
        let mut client = rig.root().authorization();
        let stream = client.check_stream(tokio_stream::once(message)).await;
        let (mut answers, mut count) = (stream.unwrap().into_inner(), 0);
        while let Some(message) = answers.message().await.unwrap() {
            for answer in message.answers {
                assert!(matches!(answer.outcome, Some(Outcome::Decision(_))));
                count += 1;
            }
        }
        assert_eq!(count, 200);
    });
}
