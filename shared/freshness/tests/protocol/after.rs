//! The effects of steps.

use crate::{
    answer::{of_readers, of_replica},
    log::Log,
    redis::{Decided, Redis, Revised, end},
    replica::{Reading, Replica, ticks},
    rules::{Rule, Rules},
    scene::Scene,
    step::{Act, Step},
    world::World,
};

/// Returns the world after a step; `None` if the step cannot be taken.
pub fn after(scene: &Scene, rules: Rules, world: &World, step: &Step) -> Option<World> {
    let mut next = world.clone();
    match step {
        Step::Tick => tick(&mut next, rules),
        Step::Commit(event) => next.log.commit(*event, world.now),
        Step::Replica(index, act) => replica(scene, rules, &mut next, *index, *act)?,
        Step::Arrive(put) => next.redis.put(*put, world.now, &world.log, rules),
        Step::Lose => {
            next.faults -= next.redis.revisions.take().map_or(0, |_| 1);
            next.redis.seen = None;
        }
        Step::Reply => next.late = Some(of_readers(world, rules).first()?.said),
        Step::Ask => next.client.asked = next.client.asked.or(Some(world.now)),
        Step::Hear => hear(&mut next, rules)?,
        Step::TurnBack => next.redis.behind = 1,
        Step::GoBack { to, noticed } => {
            next.log.go_back(*to, world.now);
            if *noticed {
                let stale = next.log.at(*to).epoch;
                next.log.begin(stale, world.now);
            }
        }
        Step::LoseRecord => next.redis.record = None,
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
        Act::Read { facts, publishes } => {
            if scene.redis && !scene.remembers {
                replica.sampled = now;
                replica.sample = next.redis.time(now);
            }
            replica.reading = Some(Reading {
                began: now,
                commit: next.log.head(),
                facts,
            });
            if scene.redis {
                apply(replica, &mut next.log, rules, now);
                if publishes && replica.proven > 0 {
                    publish(scene, next, index, rules)?;
                }
            }
        }
        Act::Apply => apply(replica, &mut next.log, rules, now),
        Act::Sample => {
            replica.sampled = now;
            replica.sample = next.redis.time(now);
        }
        Act::Publish => send_revisions(&mut next.redis, replica, rules),
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
        Act::Load => replica.stray = Some(next.log.facts(next.log.head())),
        Act::Land => replica.facts = replica.stray.take(),
    }
    Some(())
}

/// Sends Redis the last read revisions, and a decision by them, if the content of Redis is of this
/// history. The message may arrive at any later time, so this covers a replica that is paused
/// before it sends, too.
fn publish(scene: &Scene, next: &mut World, index: usize, rules: Rules) -> Option<()> {
    let replica = next.replicas.get_mut(index)?;
    if !admit(replica, &mut next.redis, &mut next.log, rules, next.now) {
        return Some(());
    }
    if scene.readers {
        send_revisions(&mut next.redis, replica, rules);
    }
    if let Some(facts) = replica.facts {
        next.redis.decisions.insert(Decided {
            commit: replica.commit,
            allow: facts.allow(),
        });
    }
    Some(())
}

fn send_revisions(redis: &mut Redis, replica: &Replica, rules: Rules) {
    if replica.sampled == 0 {
        return;
    }
    redis.way.insert(Revised {
        commit: replica.commit,
        expire: end(replica.sample, rules),
    });
}

/// Returns true if the content of Redis is of a replica's history, as the record there shows; the
/// record then moves up to the replica's revision. Otherwise an epoch begins.
fn admit(replica: &mut Replica, redis: &mut Redis, log: &mut Log, rules: Rules, now: u8) -> bool {
    let own = log.at(replica.commit);
    let head = log.head();
    let mut newest = replica.commit;
    if let Some(record) = redis.record.filter(|_| rules.keep(Rule::RecordIsRead)) {
        let at = log.at(record);
        let is_lost = at.epoch > log.at(head).epoch
            || at.epoch == own.epoch && record != replica.commit && !log.has(record, head);
        if is_lost {
            log.begin(log.at(head).epoch.min(own.epoch), now);
        }
        if is_lost || at.epoch > own.epoch {
            return false;
        }
        if at > own {
            newest = record;
        }
    }
    if rules.keep(Rule::RecordComesFirst) {
        redis.record = Some(newest);
    }
    replica.admitted = Some(replica.commit);
    true
}

/// Moves facts and journal to the last read in one step, starting from those in memory if these are
/// of the same history.
fn apply(replica: &mut Replica, log: &mut Log, rules: Rules, now: u8) {
    let Some(read) = replica.reading.take() else {
        return;
    };
    let is_proven = replica.proven == 0 || log.has(replica.commit, read.commit);
    if !is_proven && rules.keep(Rule::MarksProveThePast) {
        let stale = log.at(replica.commit).epoch;
        if stale == log.at(read.commit).epoch && rules.keep(Rule::AnotherHistoryBeginsAnEpoch) {
            log.begin(stale, now);
            *replica = Replica {
                sampled: replica.sampled,
                sample: replica.sample,
                reachable: replica.reachable,
                ..Replica::STARTED
            };
            return;
        }
        replica.facts = None;
    }
    replica.proven = if rules.keep(Rule::LeaseCountsFromBeforeTheRead) {
        read.began
    } else {
        now
    };
    let known = log.at(replica.commit).revision;
    replica.commit = read.commit;
    if !read.facts && replica.facts.is_none() {
        return;
    }
    let facts = match replica.facts {
        Some(facts) => log.patched(facts, known, read.commit),
        None => log.facts(read.commit),
    };
    if rules.keep(Rule::FactsMoveWithTheirRevision) {
        replica.facts = Some(facts);
    } else {
        replica.stray = Some(facts);
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
        Some(held) => {
            let at = next.log.at(held.commit);
            next.redis.seen = next.redis.seen.max(Some(at));
        }
        None if !scene.remembers => next.redis.seen = None,
        None => {}
    }
}
