//! The answers that could be given in a state, and their givers. They change nothing, so they are
//! not steps: each property looks at all of them in every state.

use freshness::Revisions;

use crate::{
    log::{ORGANIZATION, SUBJECT},
    redis::Decided,
    replica::{Replica, ticks},
    rules::{Rule, Rules},
    world::{Said, World},
};

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The content of the answer.
    pub said: Said,
    /// The giver of the answer.
    pub by: By,
}

/// The givers of answers, and their sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A replica, from the facts in its memory, or from Redis if it has dropped them.
    Replica {
        leased: bool,
        reachable: bool,
        from_redis: bool,
    },
    /// A reader of Redis, by a decision after a commit.
    Reader { decided: u8 },
    /// A client, from its local cache.
    Client,
}

/// Returns all answers that could be given now to a read that requires a commit; zero requires
/// none.
pub fn answers(world: &World, rules: Rules, token: u8) -> Vec<Answer> {
    let past_caches = token > 0 && rules.keep(Rule::TokensGoPastTheCaches);
    let token = world.log.at(token);
    let mut answers = Vec::new();
    for replica in &world.replicas {
        if !past_caches || token.is_known_at(world.log.at(replica.commit)) {
            answers.extend(of_replica(world, replica, rules));
        }
    }
    if !past_caches {
        answers.extend(of_readers(world, rules));
        answers.extend(of_late_reader(world));
        answers.extend(of_client(world));
    }
    answers
}

/// Returns the answers of a replica: from the facts in its memory or, if it has dropped them, from
/// possible content of Redis. A replica without a lease gives none: it reads the log first, which
/// is a separate step.
pub fn of_replica(world: &World, replica: &Replica, rules: Rules) -> Vec<Answer> {
    let leased = replica.lease(rules).holds_at(ticks(world.now));
    let open = !rules.keep(Rule::FailsClosed) && !replica.reachable;
    if !leased && !open && rules.keep(Rule::LeaseIsChecked) {
        return Vec::new();
    }
    let by = By::Replica {
        leased,
        reachable: replica.reachable,
        from_redis: replica.facts.is_none(),
    };
    let Some(facts) = replica.facts else {
        let rule = Rule::ReplicasCompareEpochs;
        let decisions = current(world, replica.commit, rules, rule).into_iter();
        let admitted = decisions.filter(|decided| is_admitted(world, replica, rules, *decided));
        return said(admitted, replica.commit, |_| by);
    };
    let said = Said {
        allow: facts.allow(),
        commit: replica.commit,
    };
    vec![Answer { said, by }]
}

/// True if a replica has seen that a decision in Redis is of its history.
fn is_admitted(world: &World, replica: &Replica, rules: Rules, decided: Decided) -> bool {
    let record_is_read = rules.keep(Rule::RecordIsRead);
    let Some(admitted) = replica.admitted else {
        return !record_is_read;
    };
    let (mut at, admitted) = (world.log.at(decided.commit), world.log.at(admitted));
    if !rules.keep(Rule::ReplicasCompareEpochs) {
        at.epoch = admitted.epoch;
    }
    !record_is_read || !rules.keep(Rule::OnlyAdmittedIsUsed) || at.is_known_at(admitted)
}

/// Returns the answers of direct readers of Redis, by each decision that may be there.
pub fn of_readers(world: &World, rules: Rules) -> Vec<Answer> {
    let by = |decided: &Decided| By::Reader {
        decided: decided.commit,
    };
    let rule = Rule::ReadersCompareEpochs;
    match world.redis.revisions {
        Some(held) => said(current(world, held.commit, rules, rule), held.commit, by),
        None if rules.keep(Rule::AbsentIsUnknown) => Vec::new(),
        None => said(world.redis.decisions.iter().copied(), world.log.head(), by),
    }
}

fn of_late_reader(world: &World) -> Option<Answer> {
    let said = world.late?;
    let by = By::Reader {
        decided: said.commit,
    };
    Some(Answer { said, by })
}

fn of_client(world: &World) -> Option<Answer> {
    let (said, until) = world.client.kept?;
    let by = By::Client;
    (world.now < until).then_some(Answer { said, by })
}

/// Returns the decisions in Redis that are current for a reader who knows the changes up to a
/// commit, and who compares epochs by a rule.
fn current(world: &World, known: u8, rules: Rules, epochs: Rule) -> Vec<Decided> {
    if world.redis.decisions.is_empty() {
        return Vec::new();
    }
    let revisions: Revisions = world.log.journal(known, rules).revisions(&ORGANIZATION);
    let is_current = |decided: &Decided| {
        let mut at = world.log.at(decided.commit);
        if !rules.keep(epochs) {
            at.epoch = revisions.at.epoch;
        }
        revisions.is_current(at, SUBJECT, "")
    };
    let decisions = world.redis.decisions.iter().copied();
    decisions
        .filter(|decided| !rules.keep(Rule::DecisionsAreChecked) || is_current(decided))
        .collect()
}

/// Returns the answers that decisions give to a reader who knows the changes up to a commit.
fn said(
    decisions: impl IntoIterator<Item = Decided>,
    known: u8,
    by: impl Fn(&Decided) -> By,
) -> Vec<Answer> {
    let answer = |decided: Decided| Answer {
        said: Said {
            allow: decided.allow,
            commit: known,
        },
        by: by(&decided),
    };
    decisions.into_iter().map(answer).collect()
}
