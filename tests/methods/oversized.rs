//! Messages that are small on the wire but large in memory, and more of them than one caller may
//! send.

use std::time::Duration;

use prost::bytes::Bytes;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::json;
use tests::Setting;
use tokio::sync::mpsc;
use tonic::{Code, Status, body::Body};
use tonic_types::StatusExt;

use crate::{fault, schema, world::World};

const BATCH: &str = "/mandate.entitlement.v1.AuthorizationService/CheckBatch";
/// Maximum size of a message in bytes, rounded down.
const LARGEST: usize = 4_000_000;
/// Maximum memory that refusing may cost a server, in bytes: the messages, and the memory that its
/// allocator keeps.
const CEILING: u64 = 96 * 1024 * 1024;

/// Returns messages that consist of empty items only, one for each list in a message or directly
/// within one.
fn empties(message: &MessageDescriptor, depth: usize) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for field in message.fields() {
        let is_text = matches!(field.kind(), Kind::Message(_) | Kind::String | Kind::Bytes);
        if field.is_list() && !is_text {
            let mut packed = key(&field);
            prost::encoding::encode_varint(LARGEST as u64, &mut packed);
            packed.resize(packed.len() + LARGEST, 0);
            found.push(packed);
        } else if field.is_list() || field.is_map() {
            let item = [key(&field), vec![0]].concat();
            found.push(item.repeat(LARGEST / item.len()));
        } else if let (Kind::Message(inner), true) = (field.kind(), depth > 0) {
            found.extend(empties(&inner, depth - 1).into_iter().map(|inner| {
                let mut whole = key(&field);
                prost::encoding::encode_varint(inner.len() as u64, &mut whole);
                [whole, inner].concat()
            }));
        }
    }
    found
}

/// Waits until entitlement can authenticate a key.
async fn known(world: &World, key: &str) {
    for _ in 0..200 {
        let answer = world.wire.call(BATCH, key, Vec::new()).await;
        if answer.is_err_and(|status| status.code() != Code::Unauthenticated) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the key is not authenticated");
}

/// Returns the encoded key of a length-delimited field.
fn key(field: &FieldDescriptor) -> Vec<u8> {
    let mut key = Vec::new();
    prost::encoding::encode_varint(u64::from(field.number() << 3 | 2), &mut key);
    key
}

#[tokio::test(flavor = "multi_thread")]
async fn k_n_millions_of_empty_items_are_refused_before_they_take_memory() {
    let world = World::start(Setting::Processes).await;
    let (_, stranger) = world.account("stranger", json!({})).await;
    known(&world, &stranger).await;
    let before = world.rig.peak_memory_bytes();
    let mut sent = 0;
    for (path, method) in schema::methods() {
        for body in empties(&method.input(), 2) {
            for key in [stranger.as_str(), world.key_for(&path)] {
                let answer = world.wire.call(&path, key, body.clone()).await;
                fault::reason(&answer.expect_err(&path), &path);
                sent += 1;
            }
        }
    }
    assert!(sent > 50, "only {sent} messages were sent");
    let grown = world.rig.peak_memory_bytes() - before;
    assert!(grown < CEILING, "a server grew by {grown} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn k_p_a_list_has_as_many_items_as_its_rule_says_and_no_more() {
    let world = World::start(Setting::Sqlite).await;
    let question = json!({
        "subject": "users/nobody",
        "permission": "mandate.grants.read",
        "resource": "organizations/alpha",
    });
    let one = schema::encode(BATCH, &json!({"questions": [question]}));
    let at = 1 << 16;
    for count in [999, 1_000, 1_001, at - 1, at, at + 1] {
        let answer = world.wire.call(BATCH, &world.root, one.repeat(count)).await;
        if count <= 1_000 {
            let answers = schema::json(BATCH, &answer.unwrap());
            assert_eq!(answers["decisions"].as_array().unwrap().len(), count);
            continue;
        }
        let status = answer.unwrap_err();
        let violation = status.get_details_bad_request().map(|found| {
            let first = found.field_violations.into_iter().next().unwrap();
            format!("{} {}", first.field, first.description)
        });
        // A message of more than 4 MiB is refused by its size.
        if one.len() * count < LARGEST {
            let said = violation.as_deref();
            assert_eq!(said, Some("questions must have at most 1000 items"));
        } else {
            assert_eq!(fault::reason(&status, BATCH), "INVALID_REQUEST");
        }
    }
}

/// Begins a call with a message of `length` bytes that never ends.
async fn begin(world: &World, key: &str, length: u32) -> mpsc::Sender<Result<Bytes, Status>> {
    let (sender, mut receiver) = mpsc::channel(1);
    let prefix = [&[0], length.to_be_bytes().as_slice()].concat();
    sender.send(Ok(Bytes::from(prefix))).await.unwrap();
    let frames = futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx));
    let frames = futures_util::StreamExt::map(frames, |bytes| bytes.map(http_body::Frame::data));
    let request = http::Request::post(BATCH)
        .header("content-type", "application/grpc")
        .header("authorization", format!("Bearer {key}"))
        .body(Body::new(http_body_util::StreamBody::new(frames)))
        .unwrap();
    let service = world.rig.service();
    tokio::spawn(tower::ServiceExt::oneshot(service, request));
    sender
}

#[tokio::test(flavor = "multi_thread")]
async fn k_n_a_caller_has_only_so_many_bytes_of_messages_on_their_way_in() {
    let world = World::start(Setting::Sqlite).await;
    let (_, other) = world.account("another", json!({})).await;
    known(&world, &other).await;
    let mut begun = Vec::new();
    for _ in 0..8 {
        begun.push(begin(&world, &world.root, 4 << 20).await);
    }
    let question = json!({
        "subject": "users/nobody",
        "permission": "mandate.grants.read",
        "resource": "organizations/alpha",
    });
    let large = schema::encode(BATCH, &json!({"questions": vec![question; 500]}));
    // The server needs a moment to read the calls above.
    let mut refused = None;
    for _ in 0..100 {
        refused = world
            .wire
            .call(BATCH, &world.root, large.clone())
            .await
            .err();
        if refused.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let refused = refused.expect("the caller exceeds its quota");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(fault::reason(&refused, BATCH), "CALLER_LIMIT_REACHED");
    let retry = refused
        .get_details_retry_info()
        .and_then(|info| info.retry_delay);
    assert!(retry.is_some_and(|delay| delay > Duration::ZERO));
    // The quota counts per caller, and is released.
    let answer = world.wire.call(BATCH, &other, large.clone()).await;
    assert_eq!(answer.unwrap_err().code(), Code::PermissionDenied);
    drop(begun);
    for _ in 0..100 {
        if world
            .wire
            .call(BATCH, &world.root, large.clone())
            .await
            .is_ok()
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("ended calls do not release their quota");
}
