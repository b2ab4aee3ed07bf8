//! A request body whose messages take room while they arrive.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http_body::Frame;
use http_body_util::{BodyExt, Full};
use pin_project_lite::pin_project;
use prost::bytes::{Bytes, BytesMut};
use tonic::{Status, body::Body};

use super::unread::unread;
use crate::{
    fault::Fault,
    share::{Room, Share},
};

/// Number of bytes before each message: the compression flag, and its length.
/// <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>
const PREFIX_BYTES: usize = 5;
/// Maximum size of a message that needs no room: even the concurrent calls of one caller need
/// little memory for such messages.
const SMALL_BYTES: usize = 16 * 1024;
/// Maximum size of a message; a larger one is refused by its length, before any of it is stored.
const LARGEST_BYTES: usize = 4 * 1024 * 1024;

pin_project! {
    /// Takes room for each message as soon as its length is known, and returns it when the next one
    /// begins or the body is dropped: the message was decoded by then.
    pub(crate) struct Metered {
        #[pin]
        body: Body,
        share: Arc<Share>,
        room: Option<Room>,
        position: Position,
    }
}

/// The position of the next byte in the body.
#[derive(Debug, Clone, Copy)]
enum Position {
    /// In the prefix of a message: the number of bytes read, and the length so far.
    Prefix(usize, usize),
    /// In a message: the number of bytes left.
    Message(usize),
}

impl Metered {
    pub(crate) fn new(body: Body, share: Arc<Share>) -> Self {
        Self {
            body,
            share,
            room: None,
            position: Position::Prefix(0, 0),
        }
    }
}

/// The complete body of a call that waits for a slot. It is read before the wait, so that a slow
/// sender does not occupy the slot of another.
pub(crate) struct Read {
    pub(crate) body: Body,
    /// The size of the body.
    pub(crate) bytes: usize,
    /// The room that it takes until it is decoded.
    pub(crate) room: Option<Room>,
}

impl Metered {
    /// Reads the whole body, up to the maximum size of a message.
    pub(crate) async fn read(self) -> Result<Read, Status> {
        let (mut body, mut read) = (self, BytesMut::new());
        while let Some(frame) = body.frame().await.transpose()? {
            if let Ok(bytes) = frame.into_data() {
                if read.len() + bytes.len() > PREFIX_BYTES + LARGEST_BYTES {
                    return Err(unread(Status::out_of_range("it is larger than 4 MiB")));
                }
                read.extend_from_slice(&bytes);
            }
        }
        Ok(Read {
            bytes: read.len(),
            body: Body::new(Full::new(read.freeze())),
            room: body.room,
        })
    }
}

impl Position {
    /// Advances over bytes; calls `begins` with the length of each message that begins.
    fn advance<E>(
        &mut self,
        mut bytes: &[u8],
        mut begins: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            match self {
                Self::Message(0) => *self = Self::Prefix(0, 0),
                Self::Message(left) => {
                    let here = bytes.len().min(*left);
                    *left -= here;
                    bytes = bytes.get(here..).unwrap_or_default();
                    if *left > 0 {
                        return Ok(());
                    }
                }
                Self::Prefix(PREFIX_BYTES, length) => {
                    begins(*length)?;
                    *self = Self::Message(*length);
                }
                Self::Prefix(known, length) => {
                    let Some((byte, rest)) = bytes.split_first() else {
                        return Ok(());
                    };
                    if *known > 0 {
                        *length = *length << 8 | usize::from(*byte);
                    }
                    *known += 1;
                    bytes = rest;
                }
            }
        }
    }
}

impl http_body::Body for Metered {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        let frame = ready!(this.body.poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(bytes) = frame.data_ref()
        {
            let (share, room) = (this.share, this.room);
            let taken = this.position.advance(bytes, |length| {
                *room = None;
                if (SMALL_BYTES..=LARGEST_BYTES).contains(&length) {
                    *room = Some(share.room(length)?);
                }
                Ok::<_, Fault>(())
            });
            if let Err(fault) = taken {
                return Poll::Ready(Some(Err(fault.into())));
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the reported lengths when a body of these messages arrives in pieces of `size`
    /// bytes.
    fn told(messages: &[usize], size: usize) -> Vec<usize> {
        let mut body = Vec::new();
        for length in messages {
            body.push(0);
            body.extend(u32::try_from(*length).unwrap().to_be_bytes());
            body.extend(vec![7; *length]);
        }
        let (mut position, mut told) = (Position::Prefix(0, 0), Vec::new());
        for piece in body.chunks(size) {
            let noted = position.advance(piece, |length| {
                told.push(length);
                Ok::<_, ()>(())
            });
            noted.unwrap();
        }
        told
    }

    #[test]
    fn k_p_every_message_is_found_whatever_pieces_it_comes_in() {
        let at = 1 << 16;
        let messages = [0, 1, at - 1, 0, at, at + 1, 3];
        for size in [1, 2, 5, 6, at - 1, at, at + 1, 1 << 20] {
            assert_eq!(told(&messages, size), messages, "pieces of {size}");
        }
    }
}
