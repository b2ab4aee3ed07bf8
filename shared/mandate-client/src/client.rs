//! The client.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use clock::Clock;
use tokio_util::sync::DropGuard;

use crate::{
    builder::Builder,
    decision::Decision,
    dispatcher::Dispatcher,
    error::Error,
    local::Local,
    measure::{Counts, Measures, count},
    question::{Consistency, MAX_FIELD_BYTES, Options, Question},
    redis::Reader,
};

/// Upper limit of every timeout.
const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// A client of Mandate. Clones share everything; dropping the last one ends the connections.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) asker: Arc<Dispatcher>,
    pub(crate) local: Option<Local>,
    pub(crate) reader: Option<Arc<Reader>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) timeout: Duration,
    pub(crate) measures: Arc<Measures>,
    pub(crate) _end: DropGuard,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Begins to build a client of the service at `endpoint`, `http://HOST[:PORT]` or
    /// `https://HOST[:PORT]`.
    pub fn builder(endpoint: impl Into<String>) -> Builder {
        Builder::new(endpoint.into())
    }

    /// May this user do this, here, now?
    ///
    /// Cheap: the questions of all callers travel together. Dropping the future before the answer
    /// cancels the question.
    ///
    /// # Errors
    /// [`Error`]: there is no answer, and so no allow.
    pub async fn check(&self, question: &Question) -> Result<Decision, Error> {
        let timeout = self.0.timeout;
        self.answer(question, &Consistency::MinimizeLatency, timeout)
            .await
    }

    /// Like [`Client::check`], with a freshness requirement or another deadline.
    ///
    /// # Errors
    /// [`Error`]: there is no answer, and so no allow.
    pub async fn check_with(
        &self,
        question: &Question,
        options: &Options,
    ) -> Result<Decision, Error> {
        let timeout = options.timeout.unwrap_or(self.0.timeout);
        self.answer(question, &options.consistency, timeout).await
    }

    /// Answers many questions, in their order. Each outcome is separate: an [`Error`] belongs to
    /// its question only. Questions about one organization are answered over one snapshot of its
    /// facts, up to 1,000 of them. Neither the client's memory nor Redis is used.
    pub async fn check_batch(&self, questions: &[Question]) -> Vec<Result<Decision, Error>> {
        self.check_batch_with(questions, &Options::default()).await
    }

    /// Like [`Client::check_batch`], with a freshness requirement or another deadline.
    pub async fn check_batch_with(
        &self,
        questions: &[Question],
        options: &Options,
    ) -> Vec<Result<Decision, Error>> {
        let begin = Instant::now();
        let deadline = begin + options.timeout.unwrap_or(self.0.timeout).min(MAX_TIMEOUT);
        let asked = crate::batch::ask(
            &self.0.asker,
            questions,
            &options.consistency,
            begin,
            deadline,
        );
        let answered = asked.await;
        for _ in answered.iter().filter(|outcome| outcome.is_err()) {
            count(&self.0.measures.errors);
        }
        answered
    }

    /// Returns the number of answers by source, since the client was built. The meter of the
    /// process exports the same counters.
    pub fn counts(&self) -> Counts {
        self.0.measures.counts()
    }

    async fn answer(
        &self,
        question: &Question,
        consistency: &Consistency,
        timeout: Duration,
    ) -> Result<Decision, Error> {
        let inner = &*self.0;
        if let Some(field) = too_long(question, consistency) {
            count(&inner.measures.errors);
            return Err(Error::too_long(field));
        }
        let demands = *consistency != Consistency::MinimizeLatency;
        // INVARIANT: taken before the question is sent, because the lease counts from there.
        let local = inner
            .local
            .as_ref()
            .map(|local| (local, inner.clock.since_boot()));
        if let (false, Some((local, now))) = (demands, local)
            && let Some(known) = local.get(question, now)
        {
            count(&inner.measures.local);
            return Ok(known);
        }
        let begin = Instant::now();
        let deadline = begin + timeout.min(MAX_TIMEOUT);
        if let (false, Some(reader)) = (demands, &inner.reader) {
            if let Some(found) = reader.read(question, begin, deadline).await {
                count(&inner.measures.redis);
                return Ok(found);
            }
            count(&inner.measures.redis_missed);
        }
        let answered = inner
            .asker
            .ask(question, consistency, begin, deadline)
            .await;
        match answered {
            Ok(decision) => {
                if let Some((local, asked)) = local {
                    local.put(question, &decision, asked);
                }
                Ok(decision)
            }
            Err(failure) => {
                count(&inner.measures.errors);
                Err(failure.into_error(begin))
            }
        }
    }
}

fn too_long(question: &Question, consistency: &Consistency) -> Option<(&'static str, usize)> {
    let token = match consistency {
        Consistency::AtLeastAsFresh(token) => token.len(),
        _ => 0,
    };
    question
        .too_long()
        .or((token > MAX_FIELD_BYTES).then_some(("consistency.at_least_as_fresh", token)))
}
