//! What must always hold.

use stateright::Property;

use crate::{
    answer::{Answer, By, answers},
    protocol::Protocol,
    world::World,
};

/// Every allow was what the facts said at some moment less than a lease ago: none is given once
/// its revocation is as old as the lease.
pub const BOUND: &str = "bound";
/// The same of a deny: a grant is true everywhere within the lease.
pub const ARRIVAL: &str = "arrival";
/// Every answer is what the facts say after the commit that it names.
pub const RIGHT: &str = "right";
/// An answer to a read with a token has the commit of the token in it.
pub const TOKEN: &str = "token";
/// What Redis holds of the current revisions is never replaced by something of an earlier epoch or,
/// in one, by something older.
pub const FORWARD: &str = "forward";
/// A replica that has no lease and no database gives no answer.
pub const CLOSED: &str = "closed";

/// What must always hold, in every scene.
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

/// All answers that could be given now to a read that demands nothing.
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

/// A token names no mark: of a history that went back it may be taken for another's, until that is
/// noticed.
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
