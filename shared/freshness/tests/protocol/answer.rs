//! The answers that could be given in a moment, and by whom. They change nothing, so they are
//! no steps: each property looks at all of them in every state.

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
    /// What it says.
    pub said: Said,
    /// Who gives it.
    pub by: By,
}

/// Who answers, from what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A replica, from the facts in its memory, or from Redis if it has dropped them.
    Replica {
        leased: bool,
        reachable: bool,
        from_redis: bool,
    },
    /// A reader of Redis, by a decision of a revision.
    Reader { decided: u8 },
    /// A client, from what it kept.
    Client,
}

/// All answers that could be given now to a read that demands a revision; zero demands none.
pub fn answers(world: &World, rules: Rules, token: u8) -> Vec<Answer> {
    let past_caches = token > 0 && rules.keep(Rule::TokensGoPastTheCaches);
    let mut answers = Vec::new();
    for replica in &world.replicas {
        if !past_caches || replica.revision >= token {
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

/// The answers of a replica: of the facts in its memory or, if it has dropped them, of what may
/// be in Redis. A replica without a lease gives none: it reads the log first, which is a step of
/// its own.
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
        return of_decisions(world, replica.revision, rules, |_| by);
    };
    let said = Said {
        allow: world.log.allows(facts),
        revision: replica.revision,
    };
    vec![Answer { said, by }]
}

/// The answers of those who read Redis themselves, by each decision that may be there.
pub fn of_readers(world: &World, rules: Rules) -> Vec<Answer> {
    let by = |decided: &Decided| By::Reader {
        decided: decided.revision,
    };
    if let Some(held) = world.redis.revisions {
        return of_decisions(world, held.revision, rules, by);
    }
    let decisions = world.redis.decisions.iter();
    let unchecked = decisions.filter(|_| !rules.keep(Rule::AbsentIsUnknown));
    unchecked
        .map(|decided| Answer {
            said: decided.said(0),
            by: by(decided),
        })
        .collect()
}

fn of_late_reader(world: &World) -> Option<Answer> {
    let said = world.late?;
    let by = By::Reader {
        decided: said.revision,
    };
    Some(Answer { said, by })
}

fn of_client(world: &World) -> Option<Answer> {
    let (said, until) = world.client.kept?;
    let by = By::Client;
    (world.now < until).then_some(Answer { said, by })
}

/// What the decisions in Redis say to one who knows the changes up to a revision, as far as they
/// are current.
fn of_decisions(
    world: &World,
    known: u8,
    rules: Rules,
    by: impl Fn(&Decided) -> By,
) -> Vec<Answer> {
    if world.redis.decisions.is_empty() {
        return Vec::new();
    }
    let revisions: Revisions = world.log.journal(known, rules).revisions(&ORGANIZATION);
    let decisions = world.redis.decisions.iter();
    let current = decisions.filter(|decided| {
        !rules.keep(Rule::DecisionsAreChecked)
            || revisions.is_current(decided.revision.into(), SUBJECT, "")
    });
    let answer = |decided: &Decided| Answer {
        said: decided.said(known),
        by: by(decided),
    };
    current.map(answer).collect()
}

impl Decided {
    /// What it says to one who knows the changes up to a revision.
    fn said(self, known: u8) -> Said {
        Said {
            allow: self.allow,
            revision: self.revision.max(known),
        }
    }
}
