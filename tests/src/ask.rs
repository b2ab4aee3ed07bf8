//! Short forms of the check calls that tests make.

use api::entitlement::v1::{CheckRequest, Decision, DecisionReason};

use crate::rig::Rig;

impl Rig {
    /// Calls `Check` as the first service account.
    pub async fn decide(&self, subject: &str, permission: &str, resource: &str) -> Decision {
        let request = CheckRequest {
            subject: subject.to_owned(),
            permission: permission.to_owned(),
            resource: resource.to_owned(),
            consistency: None,
            read_time: None,
            context: None,
        };
        let answer = self.root().authorization().check(request).await;
        let answer = answer.unwrap_or_else(|status| panic!("{resource}: {status:?}"));
        answer.into_inner().decision.expect("a decision")
    }

    /// Returns the reason of the decision of `Check`.
    pub async fn reason(&self, subject: &str, permission: &str, resource: &str) -> DecisionReason {
        self.decide(subject, permission, resource).await.reason()
    }

    /// Returns true if `Check` allows.
    pub async fn allows(&self, subject: &str, permission: &str, resource: &str) -> bool {
        self.reason(subject, permission, resource).await == DecisionReason::Allowed
    }
}
