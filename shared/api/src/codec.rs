//! The codec of the generated code: prost, and on the way in the rules of the fields, so that
//! no handler ever sees a request that breaks one.

use std::marker::PhantomData;

use prost::{Message, bytes::Buf};
use tonic::{
    Code, Status,
    codec::{Codec, DecodeBuf, Decoder},
};
use tonic_prost::{ProstCodec, ProstDecoder, ProstEncoder};
use tonic_types::{ErrorDetails, StatusExt};

use crate::{
    common::v1::ErrorReason,
    inbound::{Inbound, Path, Violations},
    shape::{TooLarge, weigh},
};

/// The `google.rpc.ErrorInfo.reason` of a request that breaks a rule of a field.
pub const INVALID_REQUEST: ErrorReason = ErrorReason::InvalidRequest;

/// Where the reasons of errors are explained; a page of the documentation of this version.
pub const ERRORS: &str = "docs/reference/errors.md";

/// Encodes `T`, decodes and inspects `U`.
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
        weigh(U::shape(), src.chunk()).map_err(too_large)?;
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

fn too_large(found: TooLarge) -> Status {
    let mut details = details();
    details.add_bad_request_violation(found.field, found.description);
    broken(details)
}

fn malformed() -> Status {
    let details = details();
    Status::with_error_details(
        Code::InvalidArgument,
        "the request is not protobuf",
        details,
    )
}

fn refusal(violations: &Violations) -> Status {
    let mut details = details();
    for violation in violations.as_slice() {
        details.add_bad_request_violation(violation.field.as_str(), violation.description);
    }
    broken(details)
}

fn broken(details: ErrorDetails) -> Status {
    Status::with_error_details(Code::InvalidArgument, "a field breaks a rule", details)
}

fn details() -> ErrorDetails {
    let reason = INVALID_REQUEST
        .as_str_name()
        .trim_start_matches("ERROR_REASON_");
    let mut details = ErrorDetails::with_error_info(reason, "mandate", []);
    let url = format!("{ERRORS}#{}", reason.to_ascii_lowercase());
    details.add_help_link("what this means and what to do", url);
    details
}
