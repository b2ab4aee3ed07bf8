//! Recorded questions to a replica.

use std::time::Duration;

use api::{
    common::v1::{Consistency, consistency::Requirement},
    entitlement::v1::{
        CheckRequest, Decision, Effect, authorization_service_client::AuthorizationServiceClient,
    },
};
use rpc::Channel;
use tonic::{Request, Status};

use super::history::{History, Read, Via};

/// Deadline of a question.
pub const DEADLINE: Duration = Duration::from_millis(700);

/// The answer to a question: allowed or not, or the error.
pub type Answer = Result<bool, Status>;

/// A token, and the position that it names.
#[derive(Debug, Clone, Default)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) at: i64,
}

/// Returns the requirement to read at least as fresh as a token; `None` for an empty token.
pub(super) fn at_least(token: &Token) -> Option<Consistency> {
    (!token.text.is_empty()).then(|| Consistency {
        requirement: Some(Requirement::AtLeastAsFresh(token.text.clone())),
    })
}

/// Asks a replica about a user, and records the answer.
pub(super) async fn ask(
    client: &mut AuthorizationServiceClient<Channel>,
    history: &History,
    (replica, user): (usize, usize),
    mut request: CheckRequest,
    token: &Token,
) -> Answer {
    request.consistency = at_least(token);
    let begin = history.now();
    let mut request = Request::new(request);
    request.set_timeout(DEADLINE);
    // A paused replica does not enforce the deadline of a call.
    let called = tokio::time::timeout(DEADLINE, client.check(request)).await;
    let answered = called.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time")));
    match answered {
        Ok(answer) => {
            let decision = answer.into_inner().decision.expect("a decision");
            let via = Via::Call(replica);
            note(history, begin, via, user, &decision, token.at);
            Ok(decision.effect() == Effect::Allow)
        }
        Err(status) => {
            history.error();
            Err(status)
        }
    }
}

/// Records an answer that has just arrived.
pub(super) fn note(
    history: &History,
    begin: Duration,
    via: Via,
    user: usize,
    decision: &Decision,
    demanded: i64,
) {
    history.read(Read {
        begin,
        end: history.now(),
        via,
        user,
        allow: decision.effect() == Effect::Allow,
        revision: decision.revision,
        demanded,
    });
}
