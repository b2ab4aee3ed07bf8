//! What happened, on one clock.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Via {
    /// A replica, to a call.
    Call(usize),
    /// A replica, on a stream.
    Stream(usize),
    /// Redis, read by the contract.
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

/// A question that was answered. Times are since the history began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// Before it was asked.
    pub begin: Duration,
    /// After it was answered.
    pub end: Duration,
    /// Who answered.
    pub via: Via,
    /// Who it is about.
    pub user: usize,
    /// The answer.
    pub allow: bool,
    /// The revision that it says it was given at.
    pub revision: i64,
    /// The position that was demanded; 0 for none.
    pub demanded: i64,
}

/// A grant that was made or revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Write {
    /// Before it was called for the first time.
    pub begin: Duration,
    /// After it returned.
    pub end: Duration,
    /// Whose grant.
    pub user: usize,
    /// Whether it was made; else it was revoked.
    pub allows: bool,
    /// The position of the commit.
    pub at: i64,
}

/// Reads and writes, as they returned. The writes of a user follow one another.
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
    /// The time since it began.
    pub fn now(&self) -> Duration {
        self.begin.elapsed()
    }

    /// Notes an answer.
    pub fn read(&self, read: Read) {
        self.with(|records| records.reads.push(read));
    }

    /// Notes a write.
    pub fn write(&self, write: Write) {
        self.with(|records| records.writes.push(write));
    }

    /// Notes a question that was not answered.
    pub fn error(&self) {
        self.with(|records| records.errors += 1);
    }

    /// The answers since this was asked last, and how many questions had none.
    pub fn take_reads(&self) -> (Vec<Read>, u64) {
        self.with(|records| {
            let errors = std::mem::take(&mut records.errors);
            (std::mem::take(&mut records.reads), errors)
        })
    }

    /// All writes.
    pub fn writes(&self) -> Vec<Write> {
        self.with(|records| records.writes.clone())
    }

    /// Whether there is an answer of each of some after a time.
    pub fn answered_since(&self, time: Duration, by: &[Via]) -> bool {
        self.with(|records| {
            by.iter().all(|via| {
                let mut latest = records.reads.iter().rev();
                latest.any(|read| read.via == *via && read.begin > time)
            })
        })
    }

    /// Whether each of some has allowed and denied.
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
