//! A round: load, trouble in it, and what became of it.

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

/// How long everybody may take to answer again once trouble has ended.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);
/// In so much time everybody asks about everybody.
const SEEN: Duration = Duration::from_millis(50);

/// From when to when trouble was there, since the history began.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// It was there then.
    pub begin: Duration,
    /// It was still there then.
    pub end: Duration,
}

impl Trial {
    /// Makes trouble under load, and judges what was answered.
    ///
    /// # Panics
    /// Somebody does not answer again after the trouble.
    pub async fn run(&self, fault: Fault) -> Report {
        let make = async |random: &mut Random| self.fleet.suffer(fault, self.hold, random).await;
        self.run_with(fault, make).await
    }

    /// The same with trouble that is made by hand, and called by the name of a kind.
    ///
    /// # Panics
    /// Somebody does not answer again after the trouble.
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

    /// Waits until there is an answer of everybody to a question after a time.
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

    /// Waits until everybody has allowed and denied something: without, nothing was tested.
    async fn all_have_said_both(&self) {
        let (history, all) = (&self.fleet.history, everybody());
        let begin = history.now();
        while !history.has_both(&all) && history.now() < begin + PATIENCE {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until somebody has been without a grant for longer than a lease.
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

    /// Asks every replica about everybody: service has returned.
    async fn ask_all(&self, random: &mut Random) {
        for replica in 0..REPLICAS {
            let mut client = self.fleet.authorization(replica);
            for user in 0..=NEVER {
                let (history, about) = (&self.fleet.history, (replica, user));
                let request = question(user, random);
                // One may be lost to a machine that is busy.
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

/// Everybody who answers.
pub(super) fn everybody() -> Vec<Via> {
    let replicas = 0..REPLICAS;
    let calls = replicas.flat_map(|replica| [Via::Call(replica), Via::Stream(replica)]);
    calls.chain([Via::Redis]).collect()
}

/// Answers of those who could not know any more that nothing had changed.
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
