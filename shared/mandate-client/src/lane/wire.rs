//! Questions as protobuf, written directly from the caller's values.

use prost::encoding::{encode_varint, encoded_len_varint};

use crate::question::{Consistency, Question};

/// Tags of `CheckStreamRequest` and `StreamQuestion`, with their wire types.
const QUESTIONS: u8 = 1 << 3 | 2;
const CANCELLED: u8 = 2 << 3 | 2;
const ID: u8 = 1 << 3;
const SUBJECT: u8 = 2 << 3 | 2;
const PERMISSION: u8 = 3 << 3 | 2;
const RESOURCE: u8 = 4 << 3 | 2;
const CONSISTENCY: u8 = 5 << 3 | 2;
const TIMEOUT: u8 = 6 << 3;
const CONTEXT: u8 = 7 << 3 | 2;
/// Tags of `Consistency`.
const AT_LEAST_AS_FRESH: u8 = 2 << 3 | 2;
const FULLY_CONSISTENT: u8 = 3 << 3;

/// Adds a question to a `CheckStreamRequest`.
pub(crate) fn put_question(
    out: &mut Vec<u8>,
    id: u64,
    question: &Question,
    consistency: &Consistency,
    timeout_ms: u32,
) {
    let Question {
        subject,
        permission,
        resource,
        context,
    } = question;
    let demand = match consistency {
        Consistency::MinimizeLatency => None,
        Consistency::AtLeastAsFresh(token) => Some(text_length(token)),
        Consistency::FullyConsistent => Some(2),
    };
    let said = (!context.is_empty()).then(|| context.length());
    let length = 2
        + encoded_len_varint(id)
        + encoded_len_varint(timeout_ms.into())
        + text_length(subject)
        + text_length(permission)
        + text_length(resource)
        + demand.map_or(0, |demand| 1 + length_length(demand) + demand)
        + said.map_or(0, |said| 1 + length_length(said) + said);
    out.push(QUESTIONS);
    encode_varint(wide(length), out);
    out.push(ID);
    encode_varint(id, out);
    put_text(out, SUBJECT, subject);
    put_text(out, PERMISSION, permission);
    put_text(out, RESOURCE, resource);
    if let Some(demand) = demand {
        out.push(CONSISTENCY);
        encode_varint(wide(demand), out);
        match consistency {
            Consistency::MinimizeLatency => {}
            Consistency::AtLeastAsFresh(token) => put_text(out, AT_LEAST_AS_FRESH, token),
            Consistency::FullyConsistent => out.extend([FULLY_CONSISTENT, 1]),
        }
    }
    out.push(TIMEOUT);
    encode_varint(timeout_ms.into(), out);
    if let Some(said) = said {
        out.push(CONTEXT);
        encode_varint(wide(said), out);
        context.encode(out);
    }
}

/// Returns a `CheckStreamRequest` that cancels questions.
pub(crate) fn cancellation(ids: &[u64]) -> Vec<u8> {
    let length: usize = ids.iter().map(|id| encoded_len_varint(*id)).sum();
    let mut out = Vec::with_capacity(length + 8);
    out.push(CANCELLED);
    encode_varint(wide(length), &mut out);
    for id in ids {
        encode_varint(*id, &mut out);
    }
    out
}

fn put_text(out: &mut Vec<u8>, tag: u8, text: &str) {
    out.push(tag);
    encode_varint(wide(text.len()), out);
    out.extend_from_slice(text.as_bytes());
}

/// Returns the length of a text with its tag.
fn text_length(text: &str) -> usize {
    1 + length_length(text.len()) + text.len()
}

fn length_length(length: usize) -> usize {
    encoded_len_varint(wide(length))
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use api::{
        common::v1::{self, consistency::Requirement},
        entitlement::v1::{CheckStreamRequest, StreamQuestion},
    };
    use prost::Message;

    use super::*;
    use crate::context::Context;

    #[test]
    fn what_is_written_reads_back() {
        let mut out = Vec::new();
        let long = "r".repeat(300);
        let question = Question::new("users/jan", "fleet.billing.view", long.clone());
        let demands = [
            (Consistency::MinimizeLatency, None),
            (
                Consistency::AtLeastAsFresh("t".repeat(200)),
                Some(Requirement::AtLeastAsFresh("t".repeat(200))),
            ),
            (
                Consistency::FullyConsistent,
                Some(Requirement::FullyConsistent(true)),
            ),
        ];
        for (consistency, _) in &demands {
            put_question(&mut out, 1 << 40, &question, consistency, 1_000);
        }
        put_question(
            &mut out,
            1,
            &Question::new("", "", ""),
            &Consistency::default(),
            1,
        );
        let mut expected: Vec<_> = demands
            .into_iter()
            .map(|(_, requirement)| StreamQuestion {
                id: 1 << 40,
                subject: "users/jan".to_owned(),
                permission: "fleet.billing.view".to_owned(),
                resource: long.clone(),
                consistency: requirement.map(|requirement| v1::Consistency {
                    requirement: Some(requirement),
                }),
                timeout_ms: 1_000,
                context: None,
            })
            .collect();
        let context = Context::new()
            .with("network", "office")
            .with("amounts", vec![1.5, 2.0])
            .with("device", Context::new().with("managed", true));
        let question = Question::new("a", "b", "c").given(context.clone());
        put_question(&mut out, 2, &question, &Consistency::default(), 1);
        expected.push(StreamQuestion {
            id: 1,
            timeout_ms: 1,
            ..StreamQuestion::default()
        });
        expected.push(StreamQuestion {
            id: 2,
            subject: "a".to_owned(),
            permission: "b".to_owned(),
            resource: "c".to_owned(),
            timeout_ms: 1,
            context: context.message(),
            ..StreamQuestion::default()
        });
        let read = CheckStreamRequest::decode(out.as_slice()).unwrap();
        assert_eq!(read.questions, expected);

        let ids = [1, 1 << 20, u64::MAX];
        let read = CheckStreamRequest::decode(cancellation(&ids).as_slice()).unwrap();
        assert_eq!((read.questions, read.cancelled), (Vec::new(), ids.to_vec()));
    }
}
