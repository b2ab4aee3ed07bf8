//! Calls with arbitrary bytes as their request, over the channels of clients.

use std::time::Duration;

use api::{
    Access, Peer,
    entitlement::v1::{CheckBatchResponse, CheckStreamResponse, stream_answer::Outcome},
    policy_of,
};
use prost::{
    Message,
    bytes::{Buf, BufMut},
};
use rpc::Channel;
use tests::Rig;
use tokio::time::timeout;
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::{Ascii, MetadataKey, MetadataValue},
};
use tower::ServiceExt;

use crate::schema;

/// Maximum wait for the first message of a stream. A stream without a message until then has been
/// accepted.
const FIRST: Duration = Duration::from_millis(1500);

/// The result of a call, as bytes.
pub type Answer = Result<Vec<u8>, Status>;

/// A codec that passes bytes through, whether or not they are a message.
#[derive(Debug, Clone, Copy)]
pub struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut item = vec![0; buffer.remaining()];
        buffer.copy_to_slice(&mut item);
        Ok(Some(item))
    }
}

/// Converts the first answer of a stream or batch of checks. An error inside the answer becomes the
/// error of the call.
fn answered(path: &str, message: Vec<u8>) -> Answer {
    let error = match path.rsplit_once('/') {
        Some((_, "CheckStream")) => {
            let response = CheckStreamResponse::decode(message.as_slice()).unwrap();
            let first = response.answers.into_iter().next();
            match first.and_then(|answer| answer.outcome) {
                Some(Outcome::Error(error)) => Some(error),
                _ => None,
            }
        }
        Some((_, "CheckBatch")) => {
            let response = CheckBatchResponse::decode(message.as_slice()).unwrap();
            response.failed.into_values().next()
        }
        _ => None,
    };
    match error {
        Some(error) => Err(Status::with_details(
            Code::from_i32(error.code),
            error.message.clone(),
            error.encode_to_vec().into(),
        )),
        None => Ok(message),
    }
}

/// A value in place of a key: the call comes from the first service that may call the method, or
/// else from membership, on the port for services.
pub const PEER: &str = "a service";

/// The public channels to the three services, and the channels of each service to them.
pub struct Wire {
    public: [Channel; 3],
    peers: [[Channel; 3]; 3],
}

impl Wire {
    /// Connects to a rig.
    pub fn to(rig: &Rig) -> Self {
        Self {
            public: rig.channels(),
            peers: Peer::ALL.map(|peer| rig.channels_as(peer)),
        }
    }

    /// Calls a method with a key.
    pub async fn call(&self, path: &str, key: &str, body: Vec<u8>) -> Answer {
        let bearer = format!("Bearer {key}");
        self.send(path, &[("authorization", bearer.as_bytes())], body)
            .await
    }

    /// Calls a method with arbitrary headers. The answer of a stream is its first message.
    pub async fn send(&self, path: &str, headers: &[(&str, &[u8])], body: Vec<u8>) -> Answer {
        let peer = format!("Bearer {PEER}");
        let bearer = ("authorization", peer.as_bytes());
        if !headers.contains(&bearer) {
            return self.through(&self.public, path, headers, body).await;
        }
        let by = match policy_of(path).map(|policy| policy.access) {
            Some(Access::Peer(peers)) => peers[0],
            _ => Peer::Membership,
        };
        let headers: Vec<_> = headers
            .iter()
            .copied()
            .filter(|own| *own != bearer)
            .collect();
        self.through(self.door(by), path, &headers, body).await
    }

    /// Calls a method as one of the services.
    pub async fn call_as(&self, peer: Peer, path: &str, body: Vec<u8>) -> Answer {
        self.through(self.door(peer), path, &[], body).await
    }

    fn door(&self, peer: Peer) -> &[Channel; 3] {
        let at = Peer::ALL.iter().position(|own| *own == peer).unwrap();
        &self.peers[at]
    }

    async fn through(
        &self,
        channels: &[Channel; 3],
        path: &str,
        headers: &[(&str, &[u8])],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::new(body);
        for (name, value) in headers {
            let name = MetadataKey::<Ascii>::from_bytes(name.as_bytes()).unwrap();
            let value = MetadataValue::try_from(*value).unwrap();
            request.metadata_mut().append(name, value);
        }
        let mut grpc = Grpc::new(
            channel(channels, path)
                .clone()
                .ready_oneshot()
                .await
                .unwrap(),
        )
        .max_encoding_message_size(usize::MAX)
        .max_decoding_message_size(usize::MAX);
        let uri = path.parse().unwrap();
        let streams = schema::find(path).is_some_and(|method| method.is_server_streaming());
        if !streams {
            let answer = grpc.unary(request, uri, Raw).await?;
            return answered(path, answer.into_inner());
        }
        let mut stream = grpc.server_streaming(request, uri, Raw).await?.into_inner();
        match timeout(FIRST, stream.message()).await {
            Ok(first) => answered(path, first?.unwrap_or_default()),
            Err(_) => Ok(Vec::new()),
        }
    }
}

fn channel<'c>([identity, membership, entitlement]: &'c [Channel; 3], path: &str) -> &'c Channel {
    if path.starts_with("/mandate.identity.") {
        identity
    } else if path.starts_with("/mandate.membership.") {
        membership
    } else {
        entitlement
    }
}
