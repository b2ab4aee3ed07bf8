//! Clients that query replicas, by calls and on streams, and readers of Redis.

use std::{sync::Arc, time::Duration};

use api::entitlement::v1::{
    CheckStreamRequest, CheckStreamResponse, StreamQuestion, stream_answer::Outcome,
};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::{
    ask::{DEADLINE, Token, ask, at_least, note},
    fleet::Fleet,
    history::Via,
    load::Pace,
    random::Random,
    world::{NEVER, question},
    write::Tokens,
};

/// Questions in one message of a stream.
const MESSAGE: usize = 3;
/// Pause of a client after a question without an answer.
const PAUSE: Duration = Duration::from_millis(10);

/// A client that asks about random users.
pub(super) struct Asker {
    pub(super) fleet: Arc<Fleet>,
    pub(super) tokens: Arc<Tokens>,
    pub(super) pace: Pace,
    pub(super) random: Random,
}

impl Asker {
    /// Asks a replica by calls. If `demands`, every other question requires the freshness of a
    /// token.
    pub(super) async fn call(mut self, replica: usize, demands: bool) {
        let mut client = self.fleet.authorization(replica);
        let history = self.fleet.history.clone();
        loop {
            let user = self.random.below(NEVER + 1);
            let token = self.token(user, demands);
            let request = question(user, &mut self.random);
            let about = (replica, user);
            let asked = ask(&mut client, &history, about, request, &token).await;
            if asked.is_err() {
                tokio::time::sleep(PAUSE).await;
            }
            self.rest().await;
        }
    }

    /// Reads decisions from Redis until the load ends.
    pub(super) async fn read(mut self) {
        let reader = self.fleet.reader();
        loop {
            let user = self.random.below(NEVER + 1);
            let request = question(user, &mut self.random);
            reader.read(user, &request).await;
            self.rest().await;
        }
    }

    /// Asks a replica on streams. Opens a new stream when one breaks.
    pub(super) async fn stream(mut self, replica: usize) {
        let mut client = self.fleet.authorization(replica);
        loop {
            let (sender, receiver) = mpsc::channel(1);
            let opened = client.check_stream(ReceiverStream::new(receiver));
            if let Ok(Ok(answers)) = timeout(DEADLINE, opened).await {
                self.converse(replica, &sender, answers.into_inner()).await;
            }
            self.fleet.history.error();
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Asks on a stream until it breaks.
    async fn converse(
        &mut self,
        replica: usize,
        sender: &mpsc::Sender<CheckStreamRequest>,
        mut answers: Streaming<CheckStreamResponse>,
    ) {
        loop {
            let asked: Vec<_> = (0..MESSAGE)
                .map(|_| {
                    let user = self.random.below(NEVER + 1);
                    (user, self.token(user, true))
                })
                .collect();
            let questions = asked.iter().zip(0..).map(|((user, token), id)| {
                let request = question(*user, &mut self.random);
                StreamQuestion {
                    id,
                    subject: request.subject,
                    permission: request.permission,
                    resource: request.resource,
                    consistency: at_least(token),
                    timeout_ms: u32::try_from(DEADLINE.as_millis()).expect("a short time"),
                    context: None,
                }
            });
            let message = CheckStreamRequest {
                questions: questions.collect(),
                ..CheckStreamRequest::default()
            };
            let begin = self.fleet.history.now();
            if sender.send(message).await.is_err() {
                return;
            }
            let mut left = MESSAGE;
            while left > 0 {
                let Ok(Ok(Some(message))) = timeout(DEADLINE, answers.message()).await else {
                    return;
                };
                for answer in message.answers {
                    left -= 1;
                    let number = usize::try_from(answer.id).expect("the id of a question");
                    let (user, token) = asked.get(number).expect("an answer to a question");
                    let history = &self.fleet.history;
                    match answer.outcome {
                        Some(Outcome::Decision(decision)) => {
                            let via = Via::Stream(replica);
                            note(history, begin, via, *user, &decision, token.at);
                        }
                        _ => history.error(),
                    }
                }
            }
            self.rest().await;
        }
    }

    /// Returns, for every other question, the token of the last write to this user or to another.
    fn token(&mut self, user: usize, demands: bool) -> Token {
        match self.random.below(4) {
            0 if demands => self.tokens.of(user),
            1 if demands => self.tokens.of(self.random.below(NEVER)),
            _ => Token::default(),
        }
    }

    async fn rest(&mut self) {
        let (least, most) = self.pace.between;
        tokio::time::sleep(self.random.millis(least, most)).await;
    }
}
