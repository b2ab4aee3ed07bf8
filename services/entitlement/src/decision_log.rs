//! The decision log: what was answered, for those who must show it later. A file of its own, a JSON
//! object a line, bounded, or a collector of OpenTelemetry; the subject is masked.
//!
//! A hot answer pays for one copy of its names and a place in a queue. Where there is no place, it
//! is counted and not waited for; the rest is done by a thread of its own.

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
use authority::{Caller, Context};
use base::{Millis, SecretUrl};
use clock::Clock;
use seal::Sealer;
use tokio::sync::mpsc::{self, error::TryRecvError};

pub use self::line::mask;

use self::{
    file::File,
    line::{Dropped, Line, Masking, append},
    otlp::Collector,
};
use crate::app::Question;

/// Decisions that wait to be written.
const QUEUE: usize = 16_384;
/// How often they are written. The thread looks for itself, so that nobody has to wake it.
const PAUSE: Duration = Duration::from_millis(20);

/// Where decisions are logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecisionLogTarget {
    /// A file; those before it have its name and a number.
    File(PathBuf),
    /// A collector of OpenTelemetry, by its URL.
    Otlp(SecretUrl),
}

/// Which decisions are logged, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionLogSettings {
    /// Where.
    pub to: DecisionLogTarget,
    /// Only denials.
    pub denials_only: bool,
    /// One in so many.
    pub one_in: u64,
}

/// Takes decisions. Clones share the queue.
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
    time: Millis,
    /// Caller, subject, permission, resource and grant, none of which has a space: one allocation.
    names: String,
    reason: DecisionReason,
    revision: i64,
}

impl DecisionLog {
    /// Begins to write.
    ///
    /// # Errors
    /// The file cannot be written, or the URL is none.
    pub(crate) fn start(
        settings: &DecisionLogSettings,
        sealer: &Sealer,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let (queue, decisions) = mpsc::channel(QUEUE);
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

    /// Takes an answer, if it is one that is logged and there is a place for it.
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
            names: question.in_words(caller, &decision.grant),
            reason: decision.reason(),
            revision: decision.revision,
        });
    }
}

/// Where decisions go.
enum Sink {
    /// A file, and the lines that it does not have yet.
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
            thread::sleep(PAUSE);
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

    /// Hands on what was taken.
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
