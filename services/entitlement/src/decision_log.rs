//! The decision log: what was answered, for those who must show it later. A file of its own, a JSON
//! object a line, bounded; the subject is masked.
//!
//! A hot answer pays for one copy of its names and a place in a queue. Where there is no place, it
//! is counted and not waited for; the rest is done by a thread of its own.

mod file;
mod line;

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
use base::Millis;
use clock::Clock;
use seal::Sealer;
use tokio::sync::mpsc::{self, error::TryRecvError};

pub use self::line::mask;

use self::{file::File, line::Masking};
use crate::app::Question;

/// Decisions that wait to be written.
const QUEUE: usize = 16_384;
/// How often they are written. The thread looks for itself, so that nobody has to wake it.
const PAUSE: Duration = Duration::from_millis(20);

/// Which decisions are logged, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionLogSettings {
    /// The file; those before it have its name and a number.
    pub path: PathBuf,
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
    /// The file cannot be written.
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
            file: File::open(&settings.path)?,
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
            Caller::Peer => "-",
        };
        place.send(Logged {
            time: shared.clock.now(),
            names: question.in_words(caller, &decision.grant),
            reason: decision.reason(),
            revision: decision.revision,
        });
    }
}

struct Writer {
    file: File,
    masking: Masking,
    shared: Arc<Shared>,
}

impl Writer {
    fn run(mut self, mut decisions: mpsc::Receiver<Logged>) {
        let mut lines = Vec::new();
        loop {
            let ended = loop {
                match decisions.try_recv() {
                    Ok(logged) => self.masking.write(&logged, &mut lines),
                    Err(error) => break error == TryRecvError::Disconnected,
                }
            };
            let dropped = self.shared.dropped.swap(0, Ordering::Relaxed);
            if dropped > 0 {
                line::write_dropped(self.shared.clock.now(), dropped, &mut lines);
            }
            if let Err(error) = self.file.append(&lines) {
                tracing::error!(%error, "the decision log cannot be written");
            }
            lines.clear();
            if ended {
                return;
            }
            thread::sleep(PAUSE);
        }
    }
}

#[cfg(test)]
mod tests;
