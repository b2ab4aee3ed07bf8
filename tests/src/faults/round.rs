//! A round: load, a fault under the load, and the result.

use std::time::Duration;

use super::{
    Load, Violation,
    actions::VICTIM,
    ask::{Token, ask},
    checker::{Check, LEASE},
    fleet::REPLICAS,
    history::{Read, Via},
    kind::{Fault, Trial},
    random::Random,
    report::Report,
    world::{NEVER, USERS, question},
};

/// Maximum time from the end of a fault until every source answers again.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);
/// Time in which every source is asked about every user.
const SEEN: Duration = Duration::from_millis(50);

/// The times between which a fault was in effect, measured from the start of the history.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// A time at which the fault had begun.
    pub begin: Duration,
    /// A time at which the fault was still in effect.
    pub end: Duration,
}

impl Trial {
    /// Applies a fault under load, and judges the answers.
    ///
    /// # Panics
    /// Panics if a source does not answer again after the fault.
    pub async fn run(&self, fault: Fault) -> Report {
        let make = async |random: &mut Random| self.fleet.suffer(fault, self.hold, random).await;
        self.run_with(fault, make).await
    }

    /// Like [`Self::run`], with a fault that `make` applies. `fault` is the kind to report.
    ///
    /// # Panics
    /// Panics if a source does not answer again after the fault.
    pub async fn run_with(
        &self,
        fault: Fault,
        make: impl AsyncFnOnce(&mut Random) -> Times,
    ) -> Report {
        let (fleet, history) = (&self.fleet, &self.fleet.history);
        let mut random = Random::new(self.seed);
        let load = Load::start(fleet, self.pace, &mut random);
        self.all_answer_since(history.now()).await;
        let times = make(&mut random).await;
        self.all_answer_since(times.end).await;
        let recovered = history.now().saturating_sub(times.end);
        self.something_was_revoked_since(times.begin).await;
        self.all_have_said_both().await;
        load.stop().await;
        self.ask_all(&mut random).await;
        let (reads, errors) = history.take_reads();
        let mut check = Check::of(&reads, &history.writes());
        check.violations.extend(unproven(fault, times, &reads));
        Report {
            fault,
            seed: self.seed,
            check,
            errors,
            recovered,
        }
    }

    /// Waits until every source has answered a question asked after `time`.
    async fn all_answer_since(&self, time: Duration) {
        let history = &self.fleet.history;
        let all = everybody();
        let begin = history.now();
        while !history.answered_since(time, &all) {
            let silent: Vec<_> = all
                .iter()
                .filter(|via| !history.answered_since(time, &[**via]))
                .collect();
            assert!(history.now() < begin + PATIENCE, "no answers of {silent:?}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until every source has both allowed and denied. Without both, the round tests nothing.
    async fn all_have_said_both(&self) {
        let (history, all) = (&self.fleet.history, everybody());
        let begin = history.now();
        while !history.has_both(&all) && history.now() < begin + PATIENCE {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until a user has been without a grant for longer than a lease.
    async fn something_was_revoked_since(&self, time: Duration) {
        let history = &self.fleet.history;
        let begin = history.now();
        let is_held = || {
            let writes = history.writes();
            (0..USERS).any(|user| {
                let last = writes.iter().rfind(|write| write.user == user);
                last.is_some_and(|last| {
                    let since = last.end.max(time) + LEASE + SEEN;
                    !last.allows && since < history.now()
                })
            })
        };
        while !is_held() && history.now() < begin + PATIENCE {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Asks every replica about every user, which proves that service has resumed.
    async fn ask_all(&self, random: &mut Random) {
        for replica in 0..REPLICAS {
            let mut client = self.fleet.authorization(replica);
            for user in 0..=NEVER {
                let (history, about) = (&self.fleet.history, (replica, user));
                let request = question(user, random);
                // A busy machine may lose a question.
                for attempt in 0..5 {
                    let token = Token::default();
                    let answer = ask(&mut client, history, about, request.clone(), &token).await;
                    match answer {
                        Ok(_) => break,
                        Err(status) => assert!(attempt < 4, "replica {replica}: {status:?}"),
                    }
                }
            }
        }
    }
}

/// Returns all sources of answers.
pub(super) fn everybody() -> Vec<Via> {
    let replicas = 0..REPLICAS;
    let calls = replicas.flat_map(|replica| [Via::Call(replica), Via::Stream(replica)]);
    calls.chain([Via::Redis]).collect()
}

/// Returns the answers of replicas that could no longer prove that nothing had changed.
fn unproven(fault: Fault, times: Times, reads: &[Read]) -> Vec<Violation> {
    let without_proof = |via: Via| match fault {
        Fault::PostgresPaused => true,
        Fault::ReplicaCutOff => matches!(via, Via::Call(VICTIM) | Via::Stream(VICTIM)),
        _ => false,
    };
    reads
        .iter()
        .filter(|read| read.begin > times.begin + LEASE && read.end < times.end)
        .filter(|read| without_proof(read.via))
        .map(|read| Violation::Unproven(*read))
        .collect()
}
