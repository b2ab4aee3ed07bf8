//! The codec of a lane: questions are already encoded when they are queued.

use api::entitlement::v1::CheckStreamResponse;
use prost::{Message, bytes::BufMut};
use tonic::{
    Status,
    codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

/// Maximum number of bytes that one frame gathers.
const BUFFER: usize = 64 << 10;

/// Sends bytes, receives answers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LaneCodec;

impl Codec for LaneCodec {
    type Encode = Vec<u8>;
    type Decode = CheckStreamResponse;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for LaneCodec {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put_slice(&item);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(BUFFER, BUFFER)
    }
}

impl Decoder for LaneCodec {
    type Item = CheckStreamResponse;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Self::Item>, Status> {
        CheckStreamResponse::decode(from)
            .map(Some)
            .map_err(|_| Status::internal("the answer is not protobuf"))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(BUFFER, BUFFER)
    }
}
