//! What can happen next.

use crate::{
    log::Event,
    redis::Revised,
    replica::Replica,
    rules::{Rule, Rules},
    scene::Scene,
    world::World,
};

/// A step of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Time goes on.
    Tick,
    /// The database commits.
    Commit(Event),
    /// A replica does something.
    Replica(usize, Act),
    /// A put arrives at Redis.
    Arrive(Revised),
    /// Redis loses what it holds: evicted, flushed, or not yet with the standby that takes over.
    Lose,
    /// Redis replies to a reader, which does not hear it yet.
    Reply,
    /// The client asks.
    Ask,
    /// The client gets its answer.
    Hear,
    /// The clock of Redis goes back.
    TurnBack,
    /// The database loses its last commit.
    LoseCommit,
}

/// What a replica can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// The keeper reads the log to its end, with the facts or without.
    Read { facts: bool },
    /// What it read arrives.
    Apply,
    /// Reads the clock of Redis.
    Sample,
    /// Sends Redis the current revisions, later than at once.
    Publish,
    /// Answers the client.
    Answer,
    /// Ends, and starts anew.
    Crash,
    /// Loses the database.
    Part,
    /// Begins to load facts beside the keeper.
    Load,
    /// Facts arrive beside the keeper.
    Land,
}

/// All steps that make sense in a scene. Those that change nothing are left out later.
pub fn steps(scene: &Scene, rules: Rules, world: &World, steps: &mut Vec<Step>) {
    if world.now < scene.ticks {
        steps.push(Step::Tick);
    }
    if world.log.revision() < scene.commits {
        steps.extend(world.log.possible().map(Step::Commit));
    }
    for (index, replica) in world.replicas.iter().enumerate() {
        let acts = acts(scene, rules, world, replica).into_iter();
        steps.extend(acts.filter_map(|(act, may)| may.then_some(Step::Replica(index, act))));
    }
    if scene.client {
        steps.extend([Step::Ask, Step::Hear]);
    }
    if scene.redis {
        steps.extend(world.redis.way.iter().copied().map(Step::Arrive));
        if world.faults > 0 {
            steps.push(Step::Lose);
        }
        if !rules.keep(Rule::RepliesAreNotLate) {
            steps.push(Step::Reply);
        }
        if !rules.keep(Rule::ClockOfRedisNeverGoesBack) && world.redis.behind == 0 {
            steps.push(Step::TurnBack);
        }
    }
    if !rules.keep(Rule::CommitsAreKept) && world.faults > 0 {
        steps.push(Step::LoseCommit);
    }
}

fn acts(scene: &Scene, rules: Rules, world: &World, replica: &Replica) -> [(Act, bool); 10] {
    let sample_any_time = !rules.keep(Rule::ClockIsSampledBeforeTheRead);
    let fault = world.faults > 0;
    let beside = !rules.keep(Rule::LoadsAreInTheSnapshot);
    [
        (
            Act::Read { facts: true },
            replica.reachable && replica.reading.is_none(),
        ),
        (
            Act::Read { facts: false },
            replica.reachable && replica.reading.is_none() && replica.facts.is_none(),
        ),
        (Act::Apply, replica.reading.is_some()),
        (Act::Sample, scene.remembers || sample_any_time),
        (
            Act::Publish,
            sample_any_time && replica.sampled > 0 && replica.proven > 0,
        ),
        (
            Act::Answer,
            world.client.asked.is_some() && world.client.reply.is_none(),
        ),
        (Act::Crash, fault && !scene.redis),
        (Act::Part, fault && !scene.redis),
        (
            Act::Load,
            beside && replica.reachable && replica.stray.is_none(),
        ),
        (Act::Land, replica.stray.is_some()),
    ]
}
