//! The recorded history, with all times on one clock.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The source of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Via {
    /// A replica, to a call.
    Call(usize),
    /// A replica, on a stream.
    Stream(usize),
    /// Redis, read under the documented contract.
    Redis,
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(replica) => write!(f, "replica {replica}"),
            Self::Stream(replica) => write!(f, "replica {replica}, stream"),
            Self::Redis => f.write_str("Redis"),
        }
    }
}

/// A question with its answer. Times are measured from the start of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// The time before the question was sent.
    pub begin: Duration,
    /// The time after the answer arrived.
    pub end: Duration,
    /// The source of the answer.
    pub via: Via,
    /// The user that the question is about.
    pub user: usize,
    /// True if the answer is an allow.
    pub allow: bool,
    /// The revision that the answer names.
    pub revision: i64,
    /// The log position that the question required; 0 if none.
    pub demanded: i64,
}

/// A grant that was created or revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Write {
    /// The time before the first attempt of the call.
    pub begin: Duration,
    /// The time after the call returned.
    pub end: Duration,
    /// The holder of the grant.
    pub user: usize,
    /// True if the grant was created, false if it was revoked.
    pub allows: bool,
    /// The log position of the commit.
    pub at: i64,
}

/// Reads and writes, in the order in which they returned. Writes for one user never overlap.
#[derive(Debug)]
pub struct History {
    begin: Instant,
    records: Mutex<Records>,
}

#[derive(Debug, Default)]
struct Records {
    reads: Vec<Read>,
    writes: Vec<Write>,
    errors: u64,
}

impl Default for History {
    fn default() -> Self {
        Self {
            begin: Instant::now(),
            records: Mutex::default(),
        }
    }
}

impl History {
    /// Returns the time since the history began.
    pub fn now(&self) -> Duration {
        self.begin.elapsed()
    }

    /// Records an answer.
    pub fn read(&self, read: Read) {
        self.with(|records| records.reads.push(read));
    }

    /// Records a write.
    pub fn write(&self, write: Write) {
        self.with(|records| records.writes.push(write));
    }

    /// Records a question that got no answer.
    pub fn error(&self) {
        self.with(|records| records.errors += 1);
    }

    /// Takes the answers recorded since the previous call, and the number of questions without one.
    pub fn take_reads(&self) -> (Vec<Read>, u64) {
        self.with(|records| {
            let errors = std::mem::take(&mut records.errors);
            (std::mem::take(&mut records.reads), errors)
        })
    }

    /// Returns all writes.
    pub fn writes(&self) -> Vec<Write> {
        self.with(|records| records.writes.clone())
    }

    /// Returns true if each of these sources has answered a question asked after `time`.
    pub fn answered_since(&self, time: Duration, by: &[Via]) -> bool {
        self.with(|records| {
            by.iter().all(|via| {
                let mut latest = records.reads.iter().rev();
                latest.any(|read| read.via == *via && read.begin > time)
            })
        })
    }

    /// Returns true if each of these sources has both allowed and denied.
    pub fn has_both(&self, by: &[Via]) -> bool {
        self.with(|records| {
            by.iter().all(|via| {
                let said = |allow: bool| {
                    let mut reads = records.reads.iter();
                    reads.any(|read| read.via == *via && read.allow == allow)
                };
                said(true) && said(false)
            })
        })
    }

    fn with<T>(&self, with: impl FnOnce(&mut Records) -> T) -> T {
        with(&mut self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
