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
/// Every answer is what the facts say at the revision that it names.
pub const RIGHT: &str = "right";
/// An answer to a read with a token is of the token's revision, or a later one.
pub const TOKEN: &str = "token";
/// What Redis holds of the current revisions is never replaced by something older.
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
    let by_the_facts = |revision| world.log.allows(revision);
    all(model, world).all(|answer| answer.said.allow == by_the_facts(answer.said.revision))
}

fn honours_tokens(model: &Protocol, world: &World) -> bool {
    (1..=world.log.revision()).all(|token| {
        let answers = answers(world, model.rules, token);
        answers.iter().all(|answer| answer.said.revision >= token)
    })
}

fn goes_forward(_: &Protocol, world: &World) -> bool {
    let revisions = world.redis.revisions;
    revisions.is_none_or(|held| held.revision >= world.redis.seen)
}

fn fails_closed(model: &Protocol, world: &World) -> bool {
    all(model, world).all(|answer| match answer.by {
        By::Replica {
            leased, reachable, ..
        } => leased || reachable,
        By::Reader { .. } | By::Client => true,
    })
}
