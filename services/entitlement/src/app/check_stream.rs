//! Many queries on one stream. Queries that memory can answer are answered immediately, message by
//! message; each other query gets its own task, so that no query waits for another.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use ::rpc::{Fault, Slots, unread};
use api::entitlement::v1::{
    CheckStreamRequest, CheckStreamResponse, Decision, StreamAnswer, StreamQuestion,
    stream_answer::Outcome,
};
use authz::Context;
use service::refuse;
use tokio::{
    sync::{Semaphore, mpsc},
    task::AbortHandle,
    time::timeout_at,
};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{Status, Streaming};

use super::{
    App,
    evaluate_question::{decide_in, evaluate_question, from_memory},
    question::Question,
};
use crate::{engine::Evaluation, error::Error, metrics::Tier};

/// Maximum number of queries of one stream that wait for the store; further ones are refused.
const MAX_PENDING_QUESTIONS: usize = 1024;
/// Maximum number of queries of one message that need no batch slot.
const MAX_QUESTIONS_WITHOUT_SLOT: usize = 64;
/// Maximum number of messages that wait to be sent. While a slow reader leaves the queue full, the
/// stream reads no further queries.
const MAX_QUEUED_RESPONSES: usize = 16;
/// Maximum time for one query, whatever timeout its caller allows.
const MAX_QUESTION_TIME: Duration = Duration::from_secs(30);

/// The response stream of the handler.
pub(crate) type Answers = ReceiverStream<Result<CheckStreamResponse, Status>>;

/// Answers queries until the caller ends the stream, its credential expires, or the service shuts
/// down.
pub(crate) fn check_stream(
    app: &App,
    context: Context,
    slots: Slots,
    questions: Streaming<CheckStreamRequest>,
) -> Answers {
    let (sender, receiver) = mpsc::channel(MAX_QUEUED_RESPONSES);
    let stream = Stream {
        app: app.clone(),
        context: Arc::new(context),
        slots,
        sender,
        places: Arc::new(Semaphore::new(MAX_PENDING_QUESTIONS)),
        waiting: HashMap::new(),
    };
    let shutdown = app.shutdown.clone();
    tokio::spawn(async move {
        let closed = stream.sender.clone();
        tokio::select! {
            () = stream.run(questions) => {}
            () = closed.closed() => {}
            () = shutdown.cancelled() => {}
        }
    });
    ReceiverStream::new(receiver)
}

struct Stream {
    app: App,
    context: Arc<Context>,
    slots: Slots,
    sender: mpsc::Sender<Result<CheckStreamResponse, Status>>,
    places: Arc<Semaphore>,
    /// Tasks of queries that wait for the store, by id.
    waiting: HashMap<u64, AbortHandle>,
}

impl Stream {
    async fn run(mut self, mut questions: Streaming<CheckStreamRequest>) {
        while let Some(message) = questions.next().await {
            let answered = match message {
                Ok(message) => self.answer(message).await,
                Err(status) => Err(unread(status)),
            };
            let sent = match answered {
                Ok(response) if response.answers.is_empty() => continue,
                Ok(response) => self.sender.send(Ok(response)).await,
                Err(status) => {
                    // The receiver may be gone.
                    let _ = self.sender.send(Err(status)).await;
                    return;
                }
            };
            if sent.is_err() {
                return;
            }
        }
        // A caller that closed its side still gets the pending answers: the tasks hold the sender.
        self.waiting.clear();
    }

    /// Answers the queries that memory can answer, and starts tasks for the rest.
    async fn answer(&mut self, message: CheckStreamRequest) -> Result<CheckStreamResponse, Status> {
        if !self
            .app
            .engine
            .still_valid(&self.context)
            .await
            .map_err(refuse)?
        {
            return Err(refuse(Fault::unauthenticated()));
        }
        for id in message.cancelled {
            if let Some(task) = self.waiting.remove(&id) {
                task.abort();
            }
        }
        let is_batch = message.questions.len() > MAX_QUESTIONS_WITHOUT_SLOT;
        let turn = if is_batch {
            self.slots.batch().await
        } else {
            None
        };
        let (mut answers, rest) = self.answer_in_memory(message.questions);
        drop(turn);
        self.waiting.retain(|_, task| !task.is_finished());
        for asked in rest {
            match self.places.clone().try_acquire_owned() {
                Ok(place) => {
                    let id = asked.id;
                    let task = self.begin(asked, place);
                    self.waiting.insert(id, task);
                }
                Err(_) => answers.push(refused(asked.id, Fault::overloaded())),
            }
        }
        Ok(CheckStreamResponse { answers })
    }

    /// Answers from memory, at one revision and one time. Also returns the queries that memory
    /// cannot answer.
    fn answer_in_memory(
        &self,
        mut questions: Vec<StreamQuestion>,
    ) -> (Vec<StreamAnswer>, Vec<StreamQuestion>) {
        let engine = &self.app.engine;
        let read: Vec<_> = questions.iter().map(Question::judge).collect();
        let answered = engine.facts.try_read(|world| {
            let mut evaluation = engine.evaluation(world);
            if !engine.feeds_alive(evaluation.at) {
                return Err(Vec::new());
            }
            // Once for all queries of the message.
            let everywhere = engine.permits_everywhere(world, &self.context, evaluation.at.now);
            let mut answers = Vec::with_capacity(questions.len());
            let is_left = |(asked, question)| {
                let found = self.recall(&mut evaluation, asked, question, everywhere);
                let is_left = found.is_none();
                answers.extend(found);
                is_left
            };
            let left: Vec<bool> = questions.iter().zip(&read).map(is_left).collect();
            Ok((answers, left))
        });
        drop(read);
        let Some(Ok((answers, left))) = answered else {
            return (Vec::new(), questions);
        };
        let mut left = left.into_iter();
        questions.retain(|_| left.next().unwrap_or(true));
        (answers, questions)
    }

    /// Returns the answer to one query, if memory has it.
    fn recall<'q>(
        &self,
        evaluation: &mut Evaluation<'_, 'q>,
        asked: &StreamQuestion,
        question: &'q Result<Question<'_>, Box<Fault>>,
        everywhere: bool,
    ) -> Option<StreamAnswer> {
        // The task of an invalid query reports the error.
        let question = question.as_ref().ok()?;
        if asked.consistency.is_some() || evaluation.budget.is_spent() {
            return None;
        }
        let found = if everywhere {
            decide_in(&self.app, evaluation, question).ok()?
        } else {
            from_memory(&self.app, &self.context, evaluation, question).ok()?
        };
        self.app.measures.answered(Tier::Memory);
        if let Ok(decision) = &found {
            self.app.log(&self.context, question, decision);
        }
        Some(answered(asked.id, found))
    }

    /// Answers one query in a task.
    fn begin(
        &self,
        asked: StreamQuestion,
        place: tokio::sync::OwnedSemaphorePermit,
    ) -> AbortHandle {
        let (app, sender) = (self.app.clone(), self.sender.clone());
        let wait = match asked.timeout_ms {
            0 => MAX_QUESTION_TIME,
            millis => MAX_QUESTION_TIME.min(Duration::from_millis(millis.into())),
        };
        let context = Context {
            deadline: Instant::now() + wait,
            ..Context::clone(&self.context)
        };
        let task = tokio::spawn(async move {
            let _place = place;
            let found = async {
                let question = Question::judge(&asked).map_err(|fault| *fault)?;
                evaluate_question(&app, &context, &question, asked.consistency.as_ref()).await
            };
            let outcome = match timeout_at(context.deadline.into(), found).await {
                Ok(outcome) => answered(asked.id, outcome),
                Err(_) => refused(asked.id, Fault::deadline()),
            };
            let answers = vec![outcome];
            // The receiver may be gone.
            let _ = sender.send(Ok(CheckStreamResponse { answers })).await;
        });
        task.abort_handle()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        for task in self.waiting.values() {
            task.abort();
        }
    }
}

fn answered(id: u64, outcome: Result<Decision, Error>) -> StreamAnswer {
    match outcome {
        Ok(decision) => StreamAnswer {
            id,
            outcome: Some(Outcome::Decision(decision)),
        },
        Err(error) => refused(id, error),
    }
}

fn refused(id: u64, error: impl Into<Fault>) -> StreamAnswer {
    StreamAnswer {
        id,
        outcome: Some(Outcome::Error(error.into().into_message())),
    }
}
