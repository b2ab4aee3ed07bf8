//! The codec of the generated code: prost, and field rules for decoded requests, so that a handler
//! never sees a request that breaks one.

use std::{collections::HashMap, marker::PhantomData};

use prost::{Message, bytes::Buf};
use tonic::{
    Code, Status,
    codec::{Codec, DecodeBuf, Decoder},
};
use tonic_prost::{ProstCodec, ProstDecoder, ProstEncoder};
use tonic_types::{ErrorDetails, StatusExt};

use crate::{
    common::v1::ErrorReason,
    help::reason_url,
    inbound::{Inbound, Path, Violations},
    shape::{TooLarge, weigh},
};

/// The `google.rpc.ErrorInfo.reason` of a request that breaks a field rule.
pub const INVALID_REQUEST: ErrorReason = ErrorReason::InvalidRequest;

/// Encodes `T`; decodes and validates `U`.
#[derive(Debug)]
pub struct ValidatingCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for ValidatingCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for ValidatingCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Inbound + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = ValidatingDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::default().encoder()
    }

    fn decoder(&mut self) -> Self::Decoder {
        ValidatingDecoder(ProstCodec::<T, U>::default().decoder())
    }
}

/// Decodes `U` and refuses it if it breaks a rule.
#[derive(Debug)]
pub struct ValidatingDecoder<U>(ProstDecoder<U>);

impl<U: Message + Default + Inbound> Decoder for ValidatingDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, src: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        weigh(U::shape(), src.chunk()).map_err(|found| too_large(&found))?;
        let Some(message) = self.0.decode(src).map_err(|_| malformed())? else {
            return Ok(None);
        };
        let mut violations = Violations::default();
        message.inspect(&Path::ROOT, &mut violations);
        if violations.as_slice().is_empty() {
            Ok(Some(message))
        } else {
            Err(refusal(&violations))
        }
    }
}

fn too_large(found: &TooLarge) -> Status {
    broken(&[(&found.field, &found.description)])
}

fn malformed() -> Status {
    Status::with_error_details(
        Code::InvalidArgument,
        "the request is not protobuf",
        details([]),
    )
}

fn refusal(violations: &Violations) -> Status {
    let all = violations.as_slice().iter();
    let all: Vec<_> = all
        .map(|violation| (violation.field.as_str(), violation.description))
        .collect();
    broken(&all)
}

fn broken(violations: &[(&str, &str)]) -> Status {
    let first = violations.first();
    let named = first.map(|(field, _)| ("field".to_owned(), (*field).to_owned()));
    let mut details = details(named);
    for (field, description) in violations {
        details.add_bad_request_violation(*field, *description);
    }
    let message = first.map(|(field, description)| broken_rule(field, description));
    Status::with_error_details(Code::InvalidArgument, message.unwrap_or_default(), details)
}

/// Returns the message for a request with a field that breaks a rule.
pub fn broken_rule(field: &str, description: &str) -> String {
    format!("`{field}`: {description}")
}

fn details(metadata: impl IntoIterator<Item = (String, String)>) -> ErrorDetails {
    let reason = INVALID_REQUEST
        .as_str_name()
        .trim_start_matches("ERROR_REASON_");
    let metadata: HashMap<String, String> = metadata.into_iter().collect();
    let mut details = ErrorDetails::with_error_info(reason, "mandate", metadata);
    details.add_help_link("meaning and remedy of this error", reason_url(reason));
    details
}
