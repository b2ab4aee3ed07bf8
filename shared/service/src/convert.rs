//! Conversions between protobuf and the types of the rules.

use api::common::v1::ErrorReason;
use prost_types::Timestamp;
use rpc::Fault;
use tonic::Code;
use types::{InvalidName, UnixTime};

/// Converts a time to protobuf; `None` for "never".
pub fn timestamp(at: UnixTime) -> Option<Timestamp> {
    if at == UnixTime::MIN || at == UnixTime::MAX {
        return None;
    }
    Some(Timestamp {
        seconds: at.0.div_euclid(1000),
        nanos: i32::try_from(at.0.rem_euclid(1000) * 1_000_000).unwrap_or_default(),
    })
}

/// Converts a time from protobuf, to the millisecond; returns `absent` if there is none.
///
/// # Errors
/// A time outside the years 1 to 9999.
pub fn moment(field: &str, at: Option<&Timestamp>, absent: UnixTime) -> Result<UnixTime, Fault> {
    const YEARS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
    let Some(at) = at else {
        return Ok(absent);
    };
    if !YEARS.contains(&at.seconds) || !(0..1_000_000_000).contains(&at.nanos) {
        return Err(Fault::field(field, "must be a time in the years 1 to 9999"));
    }
    Ok(UnixTime(
        at.seconds * 1000 + i64::from(at.nanos) / 1_000_000,
    ))
}

/// Parses the name in `field` with `read`.
///
/// # Errors
/// A field violation.
pub fn parse<T>(
    field: &str,
    name: &str,
    read: impl FnOnce(&str) -> Result<T, InvalidName>,
) -> Result<T, Fault> {
    read(name).map_err(|error| Fault::name(field, &error))
}

/// Checks that a required field is set.
///
/// # Errors
/// A field violation.
pub fn required(field: &str, value: &str) -> Result<(), Fault> {
    if value.is_empty() {
        return Err(Fault::field(field, "must be set"));
    }
    Ok(())
}

/// Returns the etag of a row's version.
pub fn etag(version: i64) -> String {
    format!("v{version}")
}

/// Checks that the etag of a request, if it has one, is that of the row.
///
/// # Errors
/// ABORTED with `ETAG_MISMATCH`.
pub fn expect_etag(presented: &str, version: i64) -> Result<(), Fault> {
    if presented.is_empty() || presented == etag(version) {
        return Ok(());
    }
    Err(Fault::common(
        Code::Aborted,
        ErrorReason::EtagMismatch,
        "the resource has changed since the etag was read",
    ))
}
