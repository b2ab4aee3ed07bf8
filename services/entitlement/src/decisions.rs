//! Decisions that all replicas share through Redis, and that other systems read there.
//!
//! What is out of date is not deleted: it is recognized by the revision that it was made at, by
//! replicas from their own journal, by other readers from the current revisions beside it.

mod admission;
mod publisher;
mod redis_clock;
mod sent;

use std::sync::Arc;

use ::cache::Cache;
use ::rpc::moment;
use api::entitlement::v1::Decision;
use base::{Millis, OrganizationId};
use freshness::{At, Contract, Decided};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::{
    admission::{Admission, Admitted},
    publisher::Publisher,
    sent::{Sent, Ticket},
};
use crate::{app::Question, engine::Engine, facts::World, measure::Measures};

/// Decisions that wait to be put; when there are more, the newest are not shared.
const QUEUE: usize = 8192;

/// The decisions in the shared cache.
#[derive(Clone)]
pub(crate) struct Decisions {
    cache: Cache,
    contract: Contract,
    sent: Arc<Sent>,
    admitted: Arc<Admitted>,
    queue: mpsc::Sender<Put>,
    measures: Measures,
}

/// What the publisher is told.
enum Put {
    /// A decision that was given here.
    Decision {
        organization: OrganizationId,
        key: String,
        decided: Decided,
        until: Millis,
        ticket: Ticket,
    },
    /// An organization that is asked about: its revisions are wanted in Redis.
    Asked(OrganizationId),
}

impl Decisions {
    /// Starts the publisher.
    pub(crate) fn start(
        cache: Cache,
        contract: Contract,
        engine: Engine,
        measures: Measures,
        stop: CancellationToken,
    ) -> Self {
        let (queue, puts) = mpsc::channel(QUEUE);
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
        tokio::spawn(stop.run_until_cancelled_owned(publisher.run(puts)));
        Self {
            cache,
            contract,
            sent: Arc::default(),
            admitted,
            queue,
            measures,
        }
    }

    /// Shares a decision that was made from the facts of `world`, unless that was done already
    /// and still serves its readers.
    pub(crate) fn share(
        &self,
        world: &World,
        question: &Question<'_>,
        decision: &Decision,
        until: Millis,
    ) {
        let asked = question.shared();
        let journal = world.journal();
        let still_serves =
            |at| journal.is_current(&question.organization, at, asked.subject, asked.place);
        let at = At {
            epoch: journal.epoch(),
            revision: decision.revision,
        };
        let Some(ticket) = self.sent.due(&asked, at, still_serves) else {
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

    /// The decision on a question, if it is shared and no fact of it has changed.
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
            Millis::MAX,
        )
        .ok()?;
        // Judged by this replica's own journal, under its own lease.
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
        // Its readers go on reading it as long as somebody keeps the revisions beside it.
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
