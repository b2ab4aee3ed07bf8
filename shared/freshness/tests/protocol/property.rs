//! Properties that must always hold.

use stateright::Property;

use crate::{
    answer::{Answer, By, answers},
    protocol::Protocol,
    world::World,
};

/// Every allow was correct at some time less than a lease ago: no allow is given once its
/// revocation is as old as the lease.
pub const BOUND: &str = "bound";
/// Every deny was correct at some time less than a lease ago: a grant takes effect everywhere
/// within the lease.
pub const ARRIVAL: &str = "arrival";
/// Every answer agrees with the facts after the commit that it names.
pub const RIGHT: &str = "right";
/// An answer to a read with a token includes the commit of the token.
pub const TOKEN: &str = "token";
/// The current revisions in Redis are never replaced by those of an earlier epoch or, in one epoch,
/// by older ones.
pub const FORWARD: &str = "forward";
/// A replica that has no lease and no database gives no answer.
pub const CLOSED: &str = "closed";

/// Returns the properties that must hold in every scene.
pub fn always() -> Vec<Property<Protocol>> {
    vec![
        Property::always(BOUND, |model, world| is_recent(model, world, true)),
        Property::always(ARRIVAL, |model, world| is_recent(model, world, false)),
        Property::always(RIGHT, is_right),
        Property::always(TOKEN, honours_tokens),
        Property::always(FORWARD, goes_forward),
        Property::always(CLOSED, fails_closed),
    ]
}

/// Returns all answers that could be given now to a read without requirements.
pub fn all(model: &Protocol, world: &World) -> impl Iterator<Item = Answer> {
    answers(world, model.rules, 0).into_iter()
}

fn is_recent(model: &Protocol, world: &World, allow: bool) -> bool {
    world.log.said_within(allow, model.rules.lease, world.now)
        || all(model, world).all(|answer| answer.said.allow != allow)
}

fn is_right(model: &Protocol, world: &World) -> bool {
    let by_the_facts = |commit| world.log.facts(commit).allow();
    all(model, world).all(|answer| answer.said.allow == by_the_facts(answer.said.commit))
}

/// A token names no mark: if the history went back, it may be mistaken for one of another history,
/// until the loss is noticed.
fn honours_tokens(model: &Protocol, world: &World) -> bool {
    if model.scene.back {
        return true;
    }
    let head = world.log.head();
    let mut tokens = world.log.back_from(head).filter(|commit| *commit > 0);
    tokens.all(|token| {
        let answers = answers(world, model.rules, token);
        let has = |answer: &Answer| world.log.has(token, answer.said.commit);
        answers.iter().all(has)
    })
}

fn goes_forward(_: &Protocol, world: &World) -> bool {
    let held = world.redis.revisions;
    held.is_none_or(|held| Some(world.log.at(held.commit)) >= world.redis.seen)
}

fn fails_closed(model: &Protocol, world: &World) -> bool {
    all(model, world).all(|answer| match answer.by {
        By::Replica {
            leased, reachable, ..
        } => leased || reachable,
        By::Reader { .. } | By::Client => true,
    })
}
