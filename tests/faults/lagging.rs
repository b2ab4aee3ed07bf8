//! A replica that has not received a change.

use std::time::Duration;

use api::{
    common::v1::{Consistency, consistency::Requirement},
    entitlement::v1::{CheckStreamRequest, Effect, StreamQuestion, stream_answer::Outcome},
};
use tests::faults::Mode;

use crate::{
    cold::{ASKED, Cold, LONG, MAY, allows},
    shared::alone,
};

#[test]
fn k_g_a_replica_that_lags_does_not_answer_what_demands_more() {
    alone(async |fleet| {
        let cold = Cold::new(fleet, 13);
        assert!(allows(&cold.ask(ASKED, MAY, LONG, "").await));
        fleet.to_postgres[ASKED].set(Mode::Stall);
        let token = cold.revoke().await;
        let revoked = fleet.history.now();
        // The replica still answers from memory, but not a question with this token.
        let short = Duration::from_millis(300);
        let demanded = cold.ask(ASKED, MAY, short, &token).await;
        assert!(demanded.is_err(), "{demanded:?}");
        let question = cold.question(MAY);
        let message = CheckStreamRequest {
            questions: vec![StreamQuestion {
                subject: question.subject,
                permission: question.permission,
                resource: question.resource,
                consistency: Some(Consistency {
                    requirement: Some(Requirement::AtLeastAsFresh(token.clone())),
                }),
                timeout_ms: 300,
                ..StreamQuestion::default()
            }],
            ..CheckStreamRequest::default()
        };
        let mut client = fleet.authorization(ASKED);
        let answers = client.check_stream(tokio_stream::once(message)).await;
        if let Ok(answers) = answers
            && let Ok(Some(message)) = answers.into_inner().message().await
        {
            let outcome = &message.answers[0].outcome;
            assert!(matches!(outcome, Some(Outcome::Error(_))), "{outcome:?}");
        }
        cold.stays_denied(revoked).await;
        fleet.to_postgres[ASKED].set(Mode::Pass);
        // The replica retries an unresponsive database several times a second.
        let back = fleet.history.now();
        let denied = loop {
            match cold.ask(ASKED, MAY, LONG, &token).await {
                Ok(denied) => break denied,
                Err(error) => assert!(fleet.history.now() < back + LONG, "{error:?}"),
            }
        };
        assert_eq!(denied.effect(), Effect::Deny);
    });
}
