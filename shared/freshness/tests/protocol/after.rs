//! What a step does.

use crate::{
    answer::{of_readers, of_replica},
    redis::{Decided, Redis, Revised, end},
    replica::{Reading, Replica, ticks},
    rules::{Rule, Rules},
    scene::Scene,
    step::{Act, Step},
    world::World,
};

/// The world after a step; none if the step cannot be taken.
pub fn after(scene: &Scene, rules: Rules, world: &World, step: &Step) -> Option<World> {
    let mut next = world.clone();
    match step {
        Step::Tick => tick(&mut next, rules),
        Step::Commit(event) => next.log.commit(*event, world.now),
        Step::Replica(index, act) => replica(scene, rules, &mut next, *index, *act)?,
        Step::Arrive(put) => next.redis.put(*put, world.now, rules),
        Step::Lose => {
            next.faults -= next.redis.revisions.take().map_or(0, |_| 1);
            next.redis.seen = 0;
        }
        Step::Reply => next.late = Some(of_readers(world, rules).first()?.said),
        Step::Ask => next.client.asked = next.client.asked.or(Some(world.now)),
        Step::Hear => hear(&mut next, rules)?,
        Step::TurnBack => next.redis.behind = 1,
        Step::LoseCommit => {
            next.faults -= 1;
            next.log.lose();
        }
    }
    next.replicas.sort_unstable();
    look(scene, &mut next);
    (next != *world).then_some(next)
}

fn tick(next: &mut World, rules: Rules) {
    next.now += 1;
    next.redis.expire(next.now, rules);
    next.client.kept.take_if(|(_, until)| *until <= next.now);
}

fn replica(scene: &Scene, rules: Rules, next: &mut World, index: usize, act: Act) -> Option<()> {
    let now = next.now;
    let answer = of_replica(next, next.replicas.get(index)?, rules);
    let replica = next.replicas.get_mut(index)?;
    match act {
        Act::Read { facts } => {
            if scene.redis && !scene.remembers {
                replica.sampled = now;
                replica.sample = next.redis.time(now);
            }
            replica.reading = Some(Reading {
                began: now,
                revision: next.log.revision(),
                facts,
            });
            if scene.redis {
                apply(replica, rules, now);
                send(next, index, rules)?;
            }
        }
        Act::Apply => apply(replica, rules, now),
        Act::Sample => {
            replica.sampled = now;
            replica.sample = next.redis.time(now);
        }
        Act::Publish => publish(&mut next.redis, replica, rules),
        Act::Answer => {
            let left = replica.lease(rules).left_at(ticks(now)).as_secs();
            let left = u8::try_from(left).unwrap_or(u8::MAX);
            next.client.reply = Some((answer.first()?.said, left));
        }
        Act::Crash => {
            *replica = Replica {
                reachable: replica.reachable,
                ..Replica::STARTED
            };
            next.faults -= 1;
        }
        Act::Part => {
            replica.reachable = false;
            replica.reading = None;
            next.faults -= 1;
        }
        Act::Load => replica.stray = Some(next.log.revision()),
        Act::Land => replica.facts = replica.stray.take(),
    }
    Some(())
}

/// Sends Redis what has just been read, and a decision by it. It may arrive any time later, so
/// this is as if the replica were paused before it sends, too.
fn send(next: &mut World, index: usize, rules: Rules) -> Option<()> {
    let replica = next.replicas.get(index)?;
    publish(&mut next.redis, replica, rules);
    if let Some(facts) = replica.facts {
        next.redis.decisions.insert(Decided {
            revision: replica.revision,
            allow: next.log.allows(facts),
        });
    }
    Some(())
}

fn publish(redis: &mut Redis, replica: &Replica, rules: Rules) {
    if replica.sampled == 0 {
        return;
    }
    redis.way.insert(Revised {
        revision: replica.revision,
        expire: end(replica.sample, rules),
    });
}

/// Facts and journal move to what was read, in one step.
fn apply(replica: &mut Replica, rules: Rules, now: u8) {
    let Some(read) = replica.reading.take() else {
        return;
    };
    replica.proven = if rules.keep(Rule::LeaseCountsFromBeforeTheRead) {
        read.began
    } else {
        now
    };
    replica.revision = read.revision;
    if !read.facts && replica.facts.is_none() {
        return;
    }
    if rules.keep(Rule::FactsMoveWithTheirRevision) {
        replica.facts = Some(read.revision);
    } else {
        replica.stray = Some(read.revision);
    }
}

fn hear(next: &mut World, rules: Rules) -> Option<()> {
    let (said, reusable) = next.client.reply.take()?;
    let asked = next.client.asked.take()?;
    let from = if rules.keep(Rule::ClientCountsFromBeforeItAsked) {
        asked
    } else {
        next.now
    };
    let until = from + reusable;
    next.client.kept = (until > next.now).then_some((said, until));
    Some(())
}

/// A reader looks at Redis all the time.
fn look(scene: &Scene, next: &mut World) {
    match next.redis.revisions {
        Some(revisions) => next.redis.seen = next.redis.seen.max(revisions.revision),
        None if !scene.remembers => next.redis.seen = 0,
        None => {}
    }
}
