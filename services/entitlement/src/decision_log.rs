//! The decision log: answers, kept for later evidence. It goes to a file of JSON lines, whose size
//! is bounded, or to an OpenTelemetry collector. The subject is masked.
//!
//! A hot answer pays for one copy of its names and one push to a queue. If the queue is full, the
//! decision is dropped and counted; nobody waits. A separate thread does the rest.

mod file;
mod line;
mod otlp;

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use api::entitlement::v1::{Decision, DecisionReason, Effect};
use authz::{Caller, Context};
use clock::Clock;
use tokens::Sealer;
use tokio::sync::mpsc::{self, error::TryRecvError};
use types::{SecretUrl, UnixTime};

pub use self::line::mask;

use self::{
    file::File,
    line::{Dropped, Line, Masking, append},
    otlp::Collector,
};
use crate::app::Question;

/// Maximum number of decisions that wait to be written.
const MAX_QUEUED_DECISIONS: usize = 16_384;
/// Interval between writes. The thread polls, so no answer has to wake it.
const WRITE_INTERVAL: Duration = Duration::from_millis(20);

/// The destination of the decision log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecisionLogTarget {
    /// A file; older files have its name and a number.
    File(PathBuf),
    /// An OpenTelemetry collector, by its URL.
    Otlp(SecretUrl),
}

/// Selection and destination of logged decisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionLogSettings {
    /// The destination.
    pub to: DecisionLogTarget,
    /// True to log denials only.
    pub denials_only: bool,
    /// Logs one of this many decisions.
    pub one_in: u64,
}

/// Accepts decisions. Clones share the queue.
#[derive(Debug, Clone)]
pub(crate) struct DecisionLog {
    queue: mpsc::Sender<Logged>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clock: Arc<dyn Clock>,
    denials_only: bool,
    one_in: u64,
    answered: AtomicU64,
    dropped: AtomicU64,
}

/// A decision to be written.
#[derive(Debug)]
struct Logged {
    time: UnixTime,
    /// Caller, subject, permission, resource and grant in one allocation; none of them has a space.
    names: String,
    reason: DecisionReason,
    revision: i64,
}

impl DecisionLog {
    /// Starts the writer thread.
    ///
    /// # Errors
    /// The file cannot be written, or the URL is invalid.
    pub(crate) fn start(
        settings: &DecisionLogSettings,
        sealer: &Sealer,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let (queue, decisions) = mpsc::channel(MAX_QUEUED_DECISIONS);
        let shared = Arc::new(Shared {
            clock,
            denials_only: settings.denials_only,
            one_in: settings.one_in.max(1),
            answered: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        });
        let writer = Writer {
            sink: match &settings.to {
                DecisionLogTarget::File(path) => Sink::File(File::open(path)?, Vec::new()),
                DecisionLogTarget::Otlp(endpoint) => {
                    Sink::Collector(Box::new(Collector::open(endpoint)?))
                }
            },
            masking: Masking::new(sealer),
            shared: shared.clone(),
        };
        thread::Builder::new()
            .name("decision-log".to_owned())
            .spawn(move || writer.run(decisions))?;
        Ok(Self { queue, shared })
    }

    /// Queues an answer, if it is selected and the queue has room.
    pub(crate) fn log(&self, context: &Context, question: &Question, decision: &Decision) {
        let shared = &self.shared;
        if shared.denials_only && decision.effect() == Effect::Allow {
            return;
        }
        let number = shared.answered.fetch_add(1, Ordering::Relaxed);
        if !number.is_multiple_of(shared.one_in) {
            return;
        }
        let Ok(place) = self.queue.try_reserve() else {
            shared.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let caller = match &context.caller {
            Caller::Subject(account) => &*account.name,
            Caller::Peer(_) => "-",
        };
        place.send(Logged {
            time: shared.clock.now(),
            names: question.log_words(caller, &decision.grant),
            reason: decision.reason(),
            revision: decision.revision,
        });
    }
}

/// The destination of lines.
enum Sink {
    /// A file, and the lines not yet written to it.
    File(File, Vec<u8>),
    Collector(Box<Collector>),
}

struct Writer {
    sink: Sink,
    masking: Masking,
    shared: Arc<Shared>,
}

impl Writer {
    fn run(mut self, mut decisions: mpsc::Receiver<Logged>) {
        loop {
            let ended = loop {
                match decisions.try_recv() {
                    Ok(logged) => check(self.sink.take(&self.masking.line(&logged))),
                    Err(error) => break error == TryRecvError::Disconnected,
                }
            };
            let dropped = self.shared.dropped.swap(0, Ordering::Relaxed);
            if dropped > 0 {
                let time_ms = self.shared.clock.now().0;
                check(self.sink.take_dropped(&Dropped { time_ms, dropped }));
            }
            check(self.sink.flush());
            if ended {
                return;
            }
            thread::sleep(WRITE_INTERVAL);
        }
    }
}

fn check(written: io::Result<()>) {
    if let Err(error) = written {
        tracing::error!(%error, "the decision log cannot be written");
    }
}

impl Sink {
    fn take(&mut self, line: &Line<'_>) -> io::Result<()> {
        match self {
            Self::File(_, lines) => append(line, lines),
            Self::Collector(collector) => return collector.take(line),
        }
        Ok(())
    }

    fn take_dropped(&mut self, dropped: &Dropped) -> io::Result<()> {
        match self {
            Self::File(_, lines) => append(dropped, lines),
            Self::Collector(collector) => return collector.take_dropped(dropped),
        }
        Ok(())
    }

    /// Writes the buffered lines.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file, lines) => {
                let written = file.append(lines);
                lines.clear();
                written
            }
            Self::Collector(collector) => collector.flush(),
        }
    }
}

#[cfg(test)]
mod tests;
