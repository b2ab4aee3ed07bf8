//! Conversion of times between documents, messages and people: RFC 3339, in milliseconds.

use prost_types::Timestamp;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Parses an RFC 3339 time.
pub fn parse(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

/// Parses a time for a message. The services keep milliseconds; a finer time would differ forever.
pub fn timestamp(text: &str) -> Option<Timestamp> {
    let moment = parse(text)?;
    Some(Timestamp {
        seconds: moment.unix_timestamp(),
        nanos: i32::from(moment.millisecond()) * 1_000_000,
    })
}

/// Formats the current time for people, in UTC.
pub fn now() -> String {
    text(&Timestamp::from(std::time::SystemTime::now()))
}

/// Formats a time for people, in UTC.
pub fn text(timestamp: &Timestamp) -> String {
    let nanos = i128::from(timestamp.seconds) * 1_000_000_000 + i128::from(timestamp.nanos);
    OffsetDateTime::from_unix_timestamp_nanos(nanos)
        .ok()
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_else(|| format!("{}s", timestamp.seconds))
}
