//! Decisions that all replicas share.
//!
//! A decision is kept under the question and the revisions of all the facts that it is made
//! from, read before the facts were. So one that is no longer true is not deleted: nobody asks
//! for it any more.

use std::time::Duration;

use ::rpc::moment;
use ::store::{Store, StoreError};
use api::entitlement::v1::Decision;
use aws_lc_rs::digest;
use base::{Id, Millis};
use cache::Cache;
use prost::Message;

use crate::{
    engine::Ask,
    facts::{Piece, Place},
};

/// How long a decision is kept, at most.
const LIFE: Duration = Duration::from_secs(60);

/// The decisions in the shared cache.
#[derive(Debug, Clone)]
pub(crate) struct Decisions {
    cache: Cache,
    store: Store,
    /// Tells this installation's decisions from those of others in the same cache.
    namespace: String,
}

/// Where the decision on a question is kept, as long as no fact of it changes.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    key: Vec<u8>,
    /// The revision at which the facts were found unchanged.
    revision: i64,
}

impl Decisions {
    /// Decisions in a cache, of the facts in a store.
    pub(crate) fn new(cache: Cache, store: Store) -> Self {
        let namespace = store.sealer().namespace("decisions");
        Self {
            cache,
            store,
            namespace,
        }
    }

    /// The slot of a question, by the current revisions of its facts.
    pub(crate) async fn slot(&self, ask: &Ask<'_>) -> Result<Slot, StoreError> {
        let mut pieces = vec![
            Piece::Catalog,
            Piece::Subject(ask.subject.into()),
            Piece::Organization(ask.organization.clone()),
            Piece::Member(ask.organization.clone(), ask.subject.into()),
        ];
        if let Place::Resource(id) = ask.place {
            pieces.push(Piece::Resource(ask.organization.clone(), id.into()));
        }
        let entities: Vec<String> = pieces.iter().map(Piece::entity).collect();
        let (revision, positions) = self.store.positions(&entities).await?;
        Ok(Slot {
            key: key(&self.namespace, ask, &positions),
            revision,
        })
    }

    /// The decision in a slot, unless time alone may have changed it: the cache counts from when
    /// an entry reached it, by another clock, and so keeps it too long.
    pub(crate) async fn find(&self, slot: &Slot, now: Millis) -> Option<Decision> {
        let value = self.cache.get(&slot.key).await?;
        let mut decision = Decision::decode(value.as_slice()).ok()?;
        let until = moment(
            "valid_until_time",
            decision.valid_until_time.as_ref(),
            Millis::MAX,
        );
        if until.ok()? <= now {
            return None;
        }
        decision.revision = slot.revision;
        Some(decision)
    }

    /// Keeps a decision for as long as time alone cannot change it.
    pub(crate) async fn keep(&self, slot: &Slot, decision: &Decision, until: Millis, now: Millis) {
        let left = u64::try_from(until.0.saturating_sub(now.0)).unwrap_or_default();
        // Downward only: entries made together must not end together.
        let jitter = slot.key.last().copied().unwrap_or_default();
        let life = LIFE.mul_f64(1.0 - f64::from(jitter) / 255.0 * 0.1);
        let life = life.min(Duration::from_millis(left));
        self.cache
            .put(&slot.key, &decision.encode_to_vec(), life)
            .await;
    }
}

/// Tagged with the organization, so that a cluster keeps its decisions together; then a digest
/// over the parts of the question, each with its length, so that no two questions read alike.
fn key(namespace: &str, ask: &Ask<'_>, positions: &[i64]) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    let (kind, id) = match ask.place {
        Place::Organization => ("o", ""),
        Place::Unit(id) => ("u", id),
        Place::Resource(id) => ("r", id),
    };
    for part in [ask.subject, ask.permission, kind, id] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    for position in positions {
        context.update(&position.to_be_bytes());
    }
    let mut key =
        format!("mandate:1:{namespace}:{{{}}}:d:", ask.organization.as_str()).into_bytes();
    key.extend(context.finish().as_ref());
    key
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use base::OrganizationId;

    use super::*;

    #[test]
    fn k_a_unequal_questions_have_unequal_keys() {
        let (a, ab) = (
            OrganizationId::parse("a").unwrap(),
            OrganizationId::parse("ab").unwrap(),
        );
        let texts = [
            "users/a",
            "users/ab",
            "users/a/b",
            "",
            "a:b",
            "a}",
            "A",
            "a",
        ];
        let mut keys = HashSet::new();
        let mut count = 0;
        for organization in [&a, &ab] {
            for subject in texts {
                for permission in texts {
                    for place in [
                        Place::Organization,
                        Place::Unit(""),
                        Place::Unit("a"),
                        Place::Resource("a"),
                        Place::Resource("A"),
                    ] {
                        for positions in [&[1, 2][..], &[2, 1], &[1, 2, 0], &[258]] {
                            let ask = Ask {
                                subject,
                                organization,
                                permission,
                                place,
                            };
                            keys.insert(key("n", &ask, positions));
                            count += 1;
                        }
                    }
                }
            }
        }
        assert_eq!(keys.len(), count);
    }
}
