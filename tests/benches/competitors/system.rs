//! What is compared: a server that knows the facts and answers the questions.

use api::entitlement::v1::Effect;
use async_trait::async_trait;
use benches::{
    Call, Result, Target, Workload,
    portfolio::{Asked, Portfolio},
};
use prost::bytes::Bytes;

/// Calls in flight on each connection, of single questions and of batches.
const SINGLE: usize = 16;
const BATCHES: usize = 4;
/// One answer in so many is compared with the right one.
const LOOK_AT_SINGLE: usize = 20;
const LOOK_AT_BATCHES: usize = 10;

/// A method that answers: where it is and how its answers are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Method {
    /// `/{service}/{method}`.
    pub(crate) path: &'static str,
    /// The effects in an answer; none if it is malformed.
    pub(crate) read: fn(&Bytes) -> Option<Vec<Effect>>,
}

/// A system under comparison, running.
#[async_trait]
pub(crate) trait System: Send + Sync {
    /// As tables call it.
    fn name(&self) -> &'static str;
    /// Its version and how it was set up.
    fn setting(&self) -> String;
    /// Who is asked.
    fn target(&self) -> Result<Target>;
    /// Writes the facts by its fastest documented way.
    async fn load(&self, portfolio: &Portfolio) -> Result<()>;
    /// The method for one question, and a request of it.
    fn single(&self) -> Method;
    fn question(&self, asked: &Asked) -> Bytes;
    /// The method for many questions about one user, and a request of it.
    fn batch(&self) -> Method;
    fn questions(&self, asked: &[Asked]) -> Bytes;
    /// Takes away what allows a question; false if it is not this system that keeps the facts.
    async fn revoke(&self, asked: &Asked) -> Result<bool>;
}

/// Questions one by one.
pub(crate) fn singles(system: &dyn System, asked: impl Iterator<Item = Asked>) -> Workload {
    let calls = asked.map(|asked| Call {
        body: system.question(&asked),
        effects: vec![asked.effect],
    });
    workload(system.single(), calls, 1, SINGLE, LOOK_AT_SINGLE)
}

/// Questions by the list.
pub(crate) fn batches(system: &dyn System, lists: &[Vec<Asked>], size: u32) -> Workload {
    let calls = lists.iter().map(|asked| Call {
        body: system.questions(asked),
        effects: asked.iter().map(|asked| asked.effect).collect(),
    });
    workload(system.batch(), calls, size, BATCHES, LOOK_AT_BATCHES)
}

fn workload(
    method: Method,
    calls: impl Iterator<Item = Call>,
    items: u32,
    in_flight: usize,
    look: usize,
) -> Workload {
    Workload {
        path: method.path,
        calls: calls.collect(),
        read: method.read,
        items,
        in_flight,
        look,
    }
}

/// Allow or deny.
pub(crate) fn effect(allowed: bool) -> Effect {
    if allowed { Effect::Allow } else { Effect::Deny }
}
