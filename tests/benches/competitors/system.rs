//! A compared system: a server that holds the facts and answers the questions.

use api::entitlement::v1::Effect;
use async_trait::async_trait;
use benches::{
    Call, Result, Target, Workload,
    portfolio::{Asked, Portfolio},
};
use prost::bytes::Bytes;

/// Concurrent calls on each connection, of single questions and of batches.
const SINGLE: usize = 16;
const BATCHES: usize = 4;
/// Interval of verification: one answer in this many is compared with the right one.
const LOOK_AT_SINGLE: usize = 20;
const LOOK_AT_BATCHES: usize = 10;

/// A method that answers questions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Method {
    /// `/{service}/{method}`.
    pub(crate) path: &'static str,
    /// Decodes the effects of an answer; `None` if it is malformed.
    pub(crate) read: fn(&Bytes) -> Option<Vec<Effect>>,
}

/// A running system under comparison.
#[async_trait]
pub(crate) trait System: Send + Sync {
    /// Returns the name of the system in tables.
    fn name(&self) -> &'static str;
    /// Returns the version and the configuration.
    fn setting(&self) -> String;
    /// Returns the target of the load.
    fn target(&self) -> Result<Target>;
    /// Writes the facts by the fastest documented method.
    async fn load(&self, portfolio: &Portfolio) -> Result<()>;
    /// The method for one question, and a request for it.
    fn single(&self) -> Method;
    fn question(&self, asked: &Asked) -> Bytes;
    /// The method for many questions about one user, and a request for it.
    fn batch(&self) -> Method;
    fn questions(&self, asked: &[Asked]) -> Bytes;
    /// Revokes the access that allows a question. Returns false if this system stores no facts.
    async fn revoke(&self, asked: &Asked) -> Result<bool>;
}

/// Returns a workload of single questions.
pub(crate) fn singles(system: &dyn System, asked: impl Iterator<Item = Asked>) -> Workload {
    let calls = asked.map(|asked| Call {
        body: system.question(&asked),
        effects: vec![asked.effect],
    });
    workload(system.single(), calls, 1, SINGLE, LOOK_AT_SINGLE)
}

/// Returns a workload of batches.
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

/// Converts a boolean to an effect.
pub(crate) fn effect(allowed: bool) -> Effect {
    if allowed { Effect::Allow } else { Effect::Deny }
}
