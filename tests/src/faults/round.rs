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
    world::{NEVER, question},
};

/// How long everybody may take to answer again once trouble has ended.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

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
        let (fleet, history) = (&self.fleet, &self.fleet.history);
        let mut random = Random::new(self.seed);
        let load = Load::start(fleet, self.pace, &mut random);
        self.all_answer_since(history.now()).await;
        let times = fleet.suffer(fault, self.hold, &mut random).await;
        self.all_answer_since(times.end).await;
        let recovered = history.now().saturating_sub(times.end);
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
        let mut all = vec![Via::Redis];
        all.extend((0..REPLICAS).flat_map(|replica| [Via::Call(replica), Via::Stream(replica)]));
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
