//! Dispatches questions to the backends: retries failures that another try may fix, and asks a
//! second backend if the first is slow, within a budget.

use std::{
    future::poll_fn,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use balance::{Backends, Budget};

use crate::{
    attempt::Attempt,
    backend::Backend,
    backends::resolved,
    failure::Failure,
    lane::Outcome,
    measure::{Measures, count},
    question::{Consistency, Question},
    slots::{Event, Wait},
};

/// Maximum number of tries of one call after the first.
const RETRIES: u32 = 3;
/// Time before the same backend is asked again; it quadruples before each further try.
const PAUSE: Duration = Duration::from_millis(10);

/// Retry state of one call.
struct Tries {
    deadline: Instant,
    /// Number of tries after the first.
    count: u32,
    pause: Duration,
    /// The backend that failed last; the next try prefers another one.
    besides: Option<Arc<Backend>>,
}

impl Tries {
    fn new(deadline: Instant) -> Self {
        Self {
            deadline,
            count: 0,
            pause: PAUSE,
            besides: None,
        }
    }

    /// Returns once another try may be made.
    ///
    /// # Errors
    /// The failure, if no other try may be made.
    async fn again(
        &mut self,
        asker: &Asker,
        failure: Failure,
        backend: Option<Arc<Backend>>,
    ) -> Result<(), Failure> {
        if matches!(failure, Failure::Unsupported) {
            // The backend gets unary calls from now on, so this failure costs no try.
            self.besides = None;
            return Ok(());
        }
        self.besides = backend.or(self.besides.take());
        let allowed = failure.is_worth_another_try() && self.count < RETRIES;
        if !allowed || !asker.budget.withdraw() {
            return Err(failure);
        }
        self.count += 1;
        let now = Instant::now();
        let other = asker.backends.pick(self.besides.as_ref(), now).ok();
        let is_other = match (&self.besides, &other) {
            (Some(failed), Some(other)) => !Arc::ptr_eq(failed, other),
            _ => false,
        };
        if !is_other {
            if now + self.pause >= self.deadline {
                return Err(failure);
            }
            tokio::time::sleep(self.pause).await;
            self.pause *= 4;
        }
        count(&asker.measures.retries);
        Ok(())
    }
}

/// Dispatches calls to the backends.
pub(crate) struct Asker {
    pub(crate) backends: Arc<Backends<Backend>>,
    pub(crate) budget: Budget,
    /// Time after which a second backend is asked as well.
    pub(crate) hedge: Option<Duration>,
    pub(crate) measures: Arc<Measures>,
}

impl Asker {
    /// Asks one question until there is an answer, an error that a retry would not fix, or no time.
    pub(crate) async fn ask(
        &self,
        question: &Question,
        consistency: &Consistency,
        begin: Instant,
        deadline: Instant,
    ) -> Outcome {
        let mut tries = Tries::new(deadline);
        let mut begin = begin;
        loop {
            let wait = Wait {
                begin,
                deadline,
                slow: self.hedge.map(|hedge| begin + hedge),
            };
            let asked = self.once(tries.besides.as_ref(), question, consistency, wait);
            match asked.await {
                Ok(decision) => return Ok(decision),
                // Rare and large: boxed so that it is not part of every call's future.
                Err((failure, backend)) => Box::pin(tries.again(self, failure, backend)).await?,
            }
            begin = Instant::now();
        }
    }

    /// Makes a call, and repeats it while a retry may succeed.
    pub(crate) async fn call<T, F>(
        &self,
        deadline: Instant,
        call: impl Fn(Arc<Backend>) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut tries = Tries::new(deadline);
        loop {
            let chosen = self.choose(tries.besides.as_ref(), deadline).await;
            let (failure, backend) = match chosen {
                Ok(backend) => match call(backend.clone()).await {
                    Ok(answer) => return Ok(answer),
                    Err(failure) => (failure, Some(backend)),
                },
                Err(failure) => (failure, None),
            };
            tries.again(self, failure, backend).await?;
        }
    }

    async fn choose(
        &self,
        besides: Option<&Arc<Backend>>,
        deadline: Instant,
    ) -> Result<Arc<Backend>, Failure> {
        if !self.backends.is_resolved() {
            resolved(&self.backends, deadline).await?;
        }
        Ok(self.backends.pick(besides, Instant::now())?)
    }

    /// Asks one backend, and a second one if the first is slow.
    async fn once(
        &self,
        besides: Option<&Arc<Backend>>,
        question: &Question,
        consistency: &Consistency,
        wait: Wait,
    ) -> Result<crate::Decision, (Failure, Option<Arc<Backend>>)> {
        let picked = self.backends.pick(besides, wait.begin);
        let backend = match picked {
            Ok(backend) => backend,
            Err(_) => self
                .choose(besides, wait.deadline)
                .await
                .map_err(|failure| (failure, None))?,
        };
        let first = Attempt::begin(&backend, question, consistency, wait);
        let mut first = match first {
            Ok(first) => first,
            Err(failure) => return Err((failure, Some(backend))),
        };
        let event = poll_fn(|context| first.poll(context)).await;
        let outcome = match event {
            Event::Done(outcome) => self.note(&first, outcome),
            Event::Slow => {
                let hedged = self.hedged(first, &backend, question, consistency, wait);
                Box::pin(hedged).await
            }
        };
        outcome.map_err(|failure| (failure, Some(backend)))
    }

    /// Asks a second backend; takes the first answer and cancels the other try.
    async fn hedged(
        &self,
        mut first: Attempt,
        backend: &Arc<Backend>,
        question: &Question,
        consistency: &Consistency,
        wait: Wait,
    ) -> Outcome {
        let second = self.backends.pick(Some(backend), Instant::now());
        let second = second.ok().filter(|second| !Arc::ptr_eq(second, backend));
        let mut second = second
            .filter(|_| self.budget.withdraw())
            .and_then(|second| {
                count(&self.measures.hedges);
                let wait = Wait { slow: None, ..wait };
                Attempt::begin(&second, question, consistency, wait).ok()
            });
        let mut failed = None;
        loop {
            let (of_first, event) = poll_fn(|context| {
                if failed != Some(true)
                    && let Poll::Ready(event) = first.poll(context)
                {
                    return Poll::Ready((true, event));
                }
                match &mut second {
                    Some(second) if failed != Some(false) => {
                        second.poll(context).map(|event| (false, event))
                    }
                    _ => Poll::Pending,
                }
            })
            .await;
            let Event::Done(outcome) = event else {
                continue;
            };
            let other_goes_on = failed.is_none() && second.is_some();
            match &outcome {
                // The other backend may still answer.
                Err(failure) if failure.is_worth_another_try() && other_goes_on => {
                    failed = Some(of_first);
                }
                _ => {
                    let taken = if of_first {
                        Some(&first)
                    } else {
                        second.as_ref()
                    };
                    return match taken {
                        Some(taken) => self.note(taken, outcome),
                        None => outcome,
                    };
                }
            }
        }
    }

    /// Counts an answer.
    fn note(&self, attempt: &Attempt, outcome: Outcome) -> Outcome {
        if outcome.is_ok() {
            self.budget.deposit();
            match attempt {
                Attempt::Stream(_) => count(&self.measures.stream),
                Attempt::Unary { .. } => {
                    count(&self.measures.unary);
                    count(&self.measures.not_streamed);
                }
            }
        }
        outcome
    }
}
