//! The possible next steps.

use crate::{
    log::Event,
    redis::Revised,
    replica::Replica,
    rules::{Rule, Rules},
    scene::Scene,
    world::World,
};

/// A step of one part of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Time advances.
    Tick,
    /// The database commits.
    Commit(Event),
    /// A replica acts.
    Replica(usize, Act),
    /// A put arrives at Redis.
    Arrive(Revised),
    /// Redis loses its content: evicted, flushed, or not yet on the standby that takes over.
    Lose,
    /// Redis replies to a reader, which has not received the reply yet.
    Reply,
    /// The client asks a question.
    Ask,
    /// The client gets its answer.
    Hear,
    /// The clock of Redis goes back.
    TurnBack,
    /// The database loses all commits after one, once: a failover that is noticed immediately, or a
    /// copy that replaces it unnoticed.
    GoBack { to: u8, noticed: bool },
    /// Redis loses the record.
    LoseRecord,
}

/// The actions of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// The refresher reads the log to its end, with the facts or without, and may publish the
    /// result.
    Read { facts: bool, publishes: bool },
    /// The result of the read arrives.
    Apply,
    /// Reads the clock of Redis.
    Sample,
    /// Sends Redis the current revisions, some time after the read.
    Publish,
    /// Answers the client.
    Answer,
    /// Stops, and starts again.
    Crash,
    /// Loses the database.
    Part,
    /// Starts to load facts beside the refresher.
    Load,
    /// Facts arrive beside the refresher.
    Land,
}

/// Adds all sensible steps of a scene. Steps that change nothing are left out later.
pub fn steps(scene: &Scene, rules: Rules, world: &World, steps: &mut Vec<Step>) {
    if world.now < scene.ticks {
        steps.push(Step::Tick);
    }
    if world.log.changes() < scene.commits.into() {
        // For a history that goes back, the changes of one person suffice.
        let possible = world.log.possible();
        let possible = possible.filter(|event| !scene.back || *event != Event::Withdraw);
        steps.extend(possible.map(Step::Commit));
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
        if world.faults > 0 && !scene.back {
            steps.push(Step::Lose);
        }
        if !rules.keep(Rule::RepliesAreNotLate) {
            steps.push(Step::Reply);
        }
        if !rules.keep(Rule::ClockOfRedisNeverGoesBack) && world.redis.behind == 0 {
            steps.push(Step::TurnBack);
        }
    }
    if scene.back && world.log.is_whole() {
        let kept = world.log.back_from(world.log.head()).skip(1);
        steps.extend(kept.flat_map(|to| [true, false].map(|noticed| Step::GoBack { to, noticed })));
    }
    if !rules.keep(Rule::RecordIsKept) {
        steps.push(Step::LoseRecord);
    }
}

fn acts(scene: &Scene, rules: Rules, world: &World, replica: &Replica) -> [(Act, bool); 11] {
    let sample_any_time = !rules.keep(Rule::ClockIsSampledBeforeTheRead);
    let fault = world.faults > 0;
    let beside = !rules.keep(Rule::LoadsAreInTheSnapshot);
    let reads = replica.reachable && replica.reading.is_none();
    let pauses = scene.redis && scene.back;
    let read = |facts, publishes| Act::Read { facts, publishes };
    [
        (read(true, scene.redis), reads),
        (read(false, scene.redis), reads && replica.facts.is_none()),
        // A pause between the read and the next action.
        (
            read(false, false),
            reads && pauses && replica.facts.is_none(),
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
        // Only once commits are lost: a crash before that is equivalent to one after.
        (Act::Crash, fault && (!scene.redis || !world.log.is_whole())),
        (Act::Part, fault && !scene.redis),
        (
            Act::Load,
            beside && replica.reachable && replica.stray.is_none(),
        ),
        (Act::Land, replica.stray.is_some()),
    ]
}
