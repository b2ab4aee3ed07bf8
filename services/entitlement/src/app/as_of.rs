//! Answers as of an earlier time, by the same functions over the facts of that time. They neither
//! use nor fill the caches of the present.

use prost_types::Timestamp;
use service::moment;
use types::UnixTime;

use super::App;
use crate::{
    error::Error,
    facts::{FactKey, FactSnapshot, SnapshotReader},
    store::view::View,
};

/// Returns the time of a request; `None` for now.
pub(super) fn moment_of(
    app: &App,
    read_time: Option<&Timestamp>,
) -> Result<Option<UnixTime>, Error> {
    read_time.map(|at| passed(app, at)).transpose()
}

/// Checks that a time is in the past and within the retained history.
pub(super) fn passed(app: &App, read_time: &Timestamp) -> Result<UnixTime, Error> {
    let at = moment("read_time", Some(read_time), UnixTime::MAX)?;
    let now = app.engine.clock.now();
    let kept = i64::try_from(app.history.as_millis()).unwrap_or(i64::MAX);
    if at > now {
        Err(Error::ReadTimeInFuture)
    } else if at.0 < now.0.saturating_sub(kept) {
        Err(Error::ReadTimeNotKept)
    } else {
        Ok(at)
    }
}

/// Answers from the facts as of a time.
pub(super) async fn read_at<T>(
    app: &App,
    at: UnixTime,
    answer: impl Fn(&FactSnapshot) -> Result<Result<T, Error>, Vec<FactKey>>,
) -> Result<T, Error> {
    let snapshot = app.store.snapshot().await?;
    let view = View::at(&snapshot, Some(at));
    let mut reading = SnapshotReader::begin(&app.store, &app.engine.facts, view).await?;
    reading.read(answer).await?
}
