use prost::Message;

use super::*;
use crate::{
    entitlement::v1::{CheckBatchRequest, CheckRequest, Question},
    inbound::Inbound,
};

fn refused<M: Message + Inbound>(message: &M) -> Option<String> {
    let found = weigh(M::shape(), &message.encode_to_vec()).err()?;
    Some(format!("{} {}", found.field, found.description))
}

/// Returns a batch of `count` copies of a question.
fn batch(count: usize, question: &Question) -> CheckBatchRequest {
    CheckBatchRequest {
        questions: vec![question.clone(); count],
        ..CheckBatchRequest::default()
    }
}

#[test]
fn items_are_counted_before_they_are_decoded() {
    let question = Question {
        subject: "users/u".into(),
        ..Question::default()
    };
    assert_eq!(refused(&batch(1000, &question)), None);
    assert_eq!(
        refused(&batch(1001, &question)).as_deref(),
        Some("questions must have at most 1000 items")
    );
    let empty = batch((1 << 16) + 1, &Question::default());
    assert!(refused(&empty).is_some());
}

#[test]
fn what_values_within_values_take_is_bounded_in_all() {
    let value = |count| CheckRequest {
        context: Some(prost_types::Struct {
            fields: [(
                "list".to_owned(),
                prost_types::Value {
                    kind: Some(prost_types::value::Kind::ListValue(
                        prost_types::ListValue {
                            values: vec![prost_types::Value::default(); count],
                        },
                    )),
                },
            )]
            .into(),
        }),
        ..CheckRequest::default()
    };
    assert_eq!(refused(&value(10_000)), None);
    let found = refused(&value(1_000_000)).unwrap();
    assert!(found.contains("bytes of memory"), "{found}");
}

#[test]
fn what_is_cut_short_or_malformed_is_left_to_the_decoder() {
    let whole = batch(100, &Question::default()).encode_to_vec();
    for end in 0..whole.len() {
        let mut memory = MAX_MEMORY_BYTES;
        let cut = whole.get(..end).unwrap();
        let shape = CheckBatchRequest::shape();
        assert_eq!(
            shape.weigh(cut, &Path::ROOT, MAX_DEPTH, &mut memory),
            Ok(())
        );
    }
    let endless = [0xff; SMALL_BYTES + 1];
    assert_eq!(weigh(CheckBatchRequest::shape(), &endless), Ok(()));
}
