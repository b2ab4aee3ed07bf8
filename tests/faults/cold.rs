//! Organizations that no replica has in memory before a test queries them.

use std::{sync::Arc, time::Duration};

use api::{
    common::v1::{Consistency, consistency::Requirement},
    entitlement::v1::{CheckRequest, Decision, Effect, RevokeGrantRequest},
};
use mandate_documents::clients::Clients;
use tests::faults::{COLD, Fleet, LEASE, PERMISSION, place, user};
use tonic::{Request, Status};

/// The user with access, and the one without.
pub const MAY: usize = 0;
pub const MAY_NOT: usize = 1;
/// Longer than any call here takes.
pub const LONG: Duration = Duration::from_secs(10);
/// The replica that is queried during the fault.
pub const ASKED: usize = 2;

/// An organization that is not in memory.
#[derive(Clone)]
pub struct Cold {
    fleet: Arc<Fleet>,
    number: usize,
}

impl Cold {
    /// Returns an organization by number. Each is cold only once.
    pub fn new(fleet: &Arc<Fleet>, number: usize) -> Self {
        assert!(number < COLD);
        Self {
            fleet: fleet.clone(),
            number,
        }
    }

    pub fn organization(&self) -> String {
        format!("cold{}", self.number)
    }

    pub fn question(&self, about: usize) -> CheckRequest {
        CheckRequest {
            subject: user(about),
            permission: PERMISSION.to_owned(),
            resource: place(&self.organization(), 1),
            consistency: None,
            read_time: None,
            context: None,
        }
    }

    /// Asks a replica with a timeout, and with the token of a change if one is given.
    pub async fn ask(
        &self,
        replica: usize,
        about: usize,
        within: Duration,
        token: &str,
    ) -> Result<Decision, Status> {
        self.ask_as(&self.fleet.clients(replica), about, within, token)
            .await
    }

    /// Asks with the clients of some caller.
    pub async fn ask_as(
        &self,
        clients: &Clients,
        about: usize,
        within: Duration,
        token: &str,
    ) -> Result<Decision, Status> {
        let mut question = self.question(about);
        if !token.is_empty() {
            question.consistency = Some(Consistency {
                requirement: Some(Requirement::AtLeastAsFresh(token.to_owned())),
            });
        }
        let mut request = Request::new(question);
        request.set_timeout(within);
        let mut client = clients.authorization();
        let called = tokio::time::timeout(within, client.check(request)).await;
        let called = called.map_err(|_| Status::deadline_exceeded("not in time"))?;
        Ok(called?.into_inner().decision.unwrap())
    }

    /// Revokes the grant of the user with access through the first replica. Returns the token.
    pub async fn revoke(&self) -> String {
        let request = RevokeGrantRequest {
            name: format!("organizations/{}/grants/g0", self.organization()),
            ..RevokeGrantRequest::default()
        };
        let mut grants = self.fleet.clients(0).grants();
        let revoked = grants.revoke_grant(request).await.unwrap();
        revoked.into_inner().consistency_token
    }

    /// Asks replicas and Redis for a while after a revocation. Asserts that no answer allows from a
    /// lease after the revocation on, and that the replica without a fault denies.
    pub async fn stays_denied(&self, revoked: Duration) {
        let (history, reader) = (&self.fleet.history, self.fleet.reader());
        let mut denials = 0;
        // The period starts now, because the steps before may have taken longer than the lease.
        let end = history.now() + 2 * LEASE;
        while history.now() < end {
            for replica in [0, ASKED] {
                let begin = history.now();
                let answer = self.ask(replica, MAY, LEASE, "").await;
                // An error does not count as a denial. No fault affects the first replica.
                match answer.map(|decision| decision.effect()) {
                    Ok(Effect::Deny) => denials += usize::from(replica == 0),
                    Ok(_) => assert!(begin <= revoked + LEASE, "replica {replica} allows"),
                    Err(_) => {}
                }
            }
            let begin = history.now();
            let read = reader.decide(&self.question(MAY)).await;
            let allowed = read.is_some_and(|decision| decision.effect() == Effect::Allow);
            assert!(!allowed || begin <= revoked + LEASE, "Redis allows");
        }
        assert!(denials > 0, "no replica denied");
    }
}

/// Returns true if the answer is an allow.
pub fn allows(answer: &Result<Decision, Status>) -> bool {
    answer
        .as_ref()
        .is_ok_and(|decision| decision.effect() == Effect::Allow)
}
