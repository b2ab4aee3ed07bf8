//! Facts that change while they are loaded.

use std::time::Duration;

use api::entitlement::v1::Effect;
use tests::faults::Mode;
use tokio::task::JoinSet;

use crate::{
    cold::{ASKED, Cold, LONG, MAY, MAY_NOT, allows},
    shared::alone,
};

/// Delay of all data from PostgreSQL. Loading takes several times as long.
const SLOW: Duration = Duration::from_millis(40);

#[test]
fn k_c_a_revocation_while_the_facts_are_read_is_not_undone_by_what_was_read() {
    alone(async |fleet| {
        fleet.to_postgres[ASKED].set(Mode::Delay(SLOW));
        let mut tests = JoinSet::new();
        for (number, after_ms) in (0..).zip([0, 60, 130, 220, 350, 600]) {
            let (cold, fleet) = (Cold::new(fleet, number), fleet.clone());
            tests.spawn(async move {
                let under_way = {
                    let cold = cold.clone();
                    tokio::spawn(async move { cold.ask(ASKED, MAY, LONG, "").await })
                };
                tokio::time::sleep(Duration::from_millis(after_ms)).await;
                let token = cold.revoke().await;
                let revoked = fleet.history.now();
                let demanded = cold.ask(ASKED, MAY, LONG, &token).await;
                let demanded = demanded.unwrap().effect();
                assert_eq!(demanded, Effect::Deny, "{after_ms}: with the token");
                // A concurrent question may see the state before or after the revocation.
                under_way.await.unwrap().unwrap();
                cold.stays_denied(revoked).await;
            });
        }
        while let Some(ended) = tests.join_next().await {
            ended.unwrap();
        }
        fleet.to_postgres[ASKED].set(Mode::Pass);
    });
}

#[test]
fn k_q_the_first_of_many_who_wait_goes_and_the_others_get_their_answers() {
    alone(async |fleet| {
        let request = api::identity::v1::CreateServiceAccountKeyRequest {
            parent: "serviceAccounts/stranger".to_owned(),
            ..Default::default()
        };
        let mut accounts = fleet.clients(0).service_accounts();
        let key = accounts.create_service_account_key(request).await.unwrap();
        let key = key.into_inner();
        let known = Cold::new(fleet, 10);
        known
            .ask(ASKED, MAY, LONG, &key.consistency_token)
            .await
            .unwrap();
        let stranger = fleet.clients_with(ASKED, &key.secret.into());
        fleet.to_postgres[ASKED].set(Mode::Delay(SLOW));
        let mut waiting = JoinSet::new();
        for number in [11, 12] {
            let cold = Cold::new(fleet, number);
            let first = {
                let cold = cold.clone();
                tokio::spawn(async move { cold.ask(ASKED, MAY, LONG, "").await })
            };
            tokio::time::sleep(SLOW / 2).await;
            for about in [MAY, MAY_NOT, MAY, MAY_NOT] {
                let cold = cold.clone();
                waiting.spawn(async move {
                    let answer = cold.ask(ASKED, about, LONG, "").await;
                    assert_eq!(allows(&answer), about == MAY, "{answer:?}");
                    answer.unwrap();
                });
            }
            let (cold, stranger) = (cold.clone(), stranger.clone());
            waiting.spawn(async move {
                let refused = cold.ask_as(&stranger, MAY, LONG, "").await;
                assert_eq!(refused.unwrap_err().code(), tonic::Code::PermissionDenied);
            });
            tokio::time::sleep(SLOW / 2).await;
            first.abort();
        }
        while let Some(ended) = waiting.join_next().await {
            ended.unwrap();
        }
        fleet.to_postgres[ASKED].set(Mode::Pass);
    });
}
