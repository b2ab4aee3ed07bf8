//! States that must be reached in a scene. A protocol that never answers would keep every promise.

use stateright::Property;
use types::Epoch;

use crate::{
    answer::{Answer, By, answers},
    property::all,
    protocol::Protocol,
    world::World,
};

/// States that must be reached.
pub type Reached = Vec<Property<Protocol>>;

/// States of a replica and the database.
pub fn replica() -> Reached {
    vec![
        reached("an allow is given after its revocation", |model, world| {
            is_late(world) && all(model, world).any(allows)
        }),
        reached("a revoked user is denied in the bound", |model, world| {
            is_in_the_bound(model, world) && all(model, world).any(denies)
        }),
        reached("a replica answers without the database", |model, world| {
            all(model, world).any(is_cut_off)
        }),
        reached("a replica with facts does not answer", |model, world| {
            let has_facts = world.replicas.iter().any(|replica| replica.facts.is_some());
            has_facts && all(model, world).next().is_none()
        }),
        reached("a token is honoured in the bound", |model, world| {
            let answers = answers(world, model.rules, world.log.head());
            is_in_the_bound(model, world) && answers.into_iter().any(denies)
        }),
    ]
}

/// States of two replicas and readers of Redis.
pub fn shared() -> Reached {
    vec![
        reached("a reader gets an allow", |model, world| {
            of_readers(model, world).any(allows)
        }),
        reached(
            "a reader gets an allow after its revocation",
            |model, world| is_late(world) && of_readers(model, world).any(allows),
        ),
        reached("a reader gets a deny in the bound", |model, world| {
            is_in_the_bound(model, world) && of_readers(model, world).any(denies)
        }),
        reached("a decision outlives a change of others", |model, world| {
            all(model, world).any(is_older_than_its_revisions)
        }),
        reached("an allow in Redis is out of reach", |model, world| {
            let allows = world.redis.decisions.iter().any(|decided| decided.allow);
            let checked = world.redis.revisions.is_some();
            allows && checked && of_readers(model, world).next().is_none()
        }),
        reached("a replica answers from Redis", |model, world| {
            all(model, world).any(is_from_redis)
        }),
        reached("old revisions arrive after a commit", |_, world| {
            let held = world.redis.revisions;
            held.is_some_and(|held| held.commit < world.log.head())
        }),
    ]
}

/// States of a history that goes back, with replicas that share decisions.
pub fn paused() -> Reached {
    vec![
        reached("a replica answers in a later epoch", |model, world| {
            all(model, world).any(|answer| is_of_a_later_epoch(world, answer))
        }),
        reached("a lost decision is out of reach", |model, world| {
            let is_lost = |commit| !world.log.has(commit, world.log.head());
            let mut decided = world.redis.decisions.iter();
            decided.any(|decided| is_lost(decided.commit)) && all(model, world).next().is_none()
        }),
        reached("a replica answers from Redis", |model, world| {
            all(model, world).any(is_from_redis)
        }),
    ]
}

/// The same states, with readers of Redis.
pub fn back() -> Reached {
    let mut of_all = paused();
    of_all.push(reached(
        "a reader gets an answer of a later epoch",
        |model, world| of_readers(model, world).any(|answer| is_of_a_later_epoch(world, answer)),
    ));
    of_all
}

/// States of a client that caches answers.
pub fn client() -> Reached {
    vec![
        reached("a client reuses an answer", |model, world| {
            of_client(model, world).next().is_some()
        }),
        reached(
            "a client reuses an allow after its revocation",
            |model, world| is_late(world) && of_client(model, world).any(allows),
        ),
    ]
}

fn reached(name: &'static str, condition: fn(&Protocol, &World) -> bool) -> Property<Protocol> {
    Property::sometimes(name, condition)
}

fn of_readers(model: &Protocol, world: &World) -> impl Iterator<Item = Answer> {
    all(model, world).filter(|answer| matches!(answer.by, By::Reader { .. }))
}

fn of_client(model: &Protocol, world: &World) -> impl Iterator<Item = Answer> {
    all(model, world).filter(|answer| answer.by == By::Client)
}

fn allows(answer: Answer) -> bool {
    answer.said.allow
}

fn denies(answer: Answer) -> bool {
    !answer.said.allow
}

fn is_of_a_later_epoch(world: &World, answer: Answer) -> bool {
    world.log.at(answer.said.commit).epoch > Epoch(0)
}

fn is_cut_off(answer: Answer) -> bool {
    matches!(answer.by, By::Replica { reachable, .. } if !reachable)
}

fn is_from_redis(answer: Answer) -> bool {
    matches!(answer.by, By::Replica { from_redis, .. } if from_redis)
}

fn is_older_than_its_revisions(answer: Answer) -> bool {
    matches!(answer.by, By::Reader { decided } if decided < answer.said.commit)
}

/// True if access was revoked some time ago.
fn is_late(world: &World) -> bool {
    let since = world.log.denied_since();
    since.is_some_and(|at| at < world.now)
}

/// True if access was revoked less than a lease ago.
fn is_in_the_bound(model: &Protocol, world: &World) -> bool {
    let since = world.log.denied_since();
    since.is_some_and(|at| world.now < at + model.rules.lease)
}
