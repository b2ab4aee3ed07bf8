//! Decisions that replicas share through Redis, and that other systems read there.
//!
//! Outdated decisions are not deleted. Readers recognize them by the revision in them: replicas
//! compare it with their journal, other readers with the current revisions stored beside the
//! decision.

mod admission;
mod publisher;
mod recently_published;
mod redis_clock;

use std::sync::Arc;

use ::cache::Cache;
use api::entitlement::v1::Decision;
use freshness::{At, Contract, Decided};
use service::moment;
use tasks::Tasks;
use tokio::sync::mpsc;
use types::{OrganizationId, UnixTime};

use self::{
    admission::{Admission, Admitted},
    publisher::Publisher,
    recently_published::{PublishReceipt, RecentlyPublished},
};
use crate::{app::Question, engine::Engine, facts::FactSnapshot, metrics::Metrics};

/// Maximum number of decisions that wait to be written; beyond it, new ones are not shared.
const MAX_QUEUED_PUTS: usize = 8192;

/// Shared decisions in Redis.
#[derive(Clone)]
pub(crate) struct Decisions {
    cache: Cache,
    contract: Contract,
    sent: Arc<RecentlyPublished>,
    admitted: Arc<Admitted>,
    queue: mpsc::Sender<Put>,
    measures: Metrics,
}

/// A message to the publisher.
enum Put {
    /// A decision made by this replica.
    Decision {
        organization: OrganizationId,
        key: String,
        decided: Decided,
        until: UnixTime,
        ticket: PublishReceipt,
    },
    /// An organization in use: its revisions must stay in Redis.
    Asked(OrganizationId),
}

impl Decisions {
    /// Starts the publisher.
    pub(crate) fn start(
        cache: Cache,
        contract: Contract,
        engine: Engine,
        measures: Metrics,
        tasks: &Tasks,
    ) -> Self {
        let (queue, puts) = mpsc::channel(MAX_QUEUED_PUTS);
        let admitted = Arc::<Admitted>::default();
        let admission = Admission::new(
            cache.clone(),
            &contract,
            engine.store.clone(),
            admitted.clone(),
        );
        let publisher = Publisher::new(
            cache.clone(),
            contract.clone(),
            engine,
            admission,
            measures.clone(),
        );
        tasks.run("decision publisher", publisher.run(puts));
        Self {
            cache,
            contract,
            sent: Arc::default(),
            admitted,
            queue,
            measures,
        }
    }

    /// Shares a decision made from the facts of `world`, unless it was shared recently and is still
    /// current.
    pub(crate) fn share(
        &self,
        world: &FactSnapshot,
        question: &Question<'_>,
        decision: &Decision,
        until: UnixTime,
    ) {
        let asked = question.shared();
        let journal = world.journal();
        let still_serves =
            |at| journal.is_current(&question.organization, at, asked.subject, asked.place);
        let at = At {
            epoch: journal.epoch(),
            revision: decision.revision,
        };
        let Some(ticket) = self.sent.should_publish(&asked, at, still_serves) else {
            return;
        };
        let put = Put::Decision {
            organization: question.organization.clone(),
            key: self.contract.decision_key(&asked),
            decided: Decided {
                epoch: at.epoch,
                decision: decision.clone(),
            },
            until,
            ticket,
        };
        if self.queue.try_send(put).is_err() {
            self.measures.not_shared();
        }
    }

    /// Returns the shared decision on a query, if none of its facts has changed since.
    pub(crate) async fn find(&self, engine: &Engine, question: &Question<'_>) -> Option<Decision> {
        if !self.admitted.is_any() {
            return None;
        }
        let asked = question.shared();
        let key = self.contract.decision_key(&asked);
        let found = self.cache.get(&[key]).await.ok()?.pop().flatten()?;
        let found = Decided::read(&found)?;
        let at = found.at();
        let found = found.decision;
        let until = moment(
            "valid_until_time",
            found.valid_until_time.as_ref(),
            UnixTime::MAX,
        )
        .ok()?;
        // Checked with this replica's journal, under its lease.
        let current = engine.facts.try_read(|world| {
            let is_current =
                world
                    .journal()
                    .is_current(&question.organization, at, asked.subject, asked.place);
            let status = engine.status(world, engine.moment());
            let in_time = status.now < until;
            Ok((is_current && in_time && self.admitted.covers(at)).then_some(status))
        });
        let Some(Ok(Some(status))) = current else {
            self.measures.stale();
            return None;
        };
        // Keep the revisions of the organization in Redis, so that its readers can go on using the
        // decision.
        let _ = self
            .queue
            .try_send(Put::Asked(question.organization.clone()));
        Some(Decision {
            revision: status.revision,
            feed_behind: status.feed_behind,
            reusable_ms: status.reusable_ms(until),
            ..found
        })
    }
}
