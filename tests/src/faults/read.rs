//! A reader that takes decisions from Redis under the documented contract, without a replica.

use std::{sync::Arc, time::Duration};

use api::entitlement::v1::{CheckRequest, Decision, Effect};
use cache::Cache;
use freshness::{Contract, Decided, Question, Revisions};
use types::{In, OrganizationId, ResourceId, UnitId};

use super::history::{History, Read, Via};

/// Maximum time of a read from Redis. Redis does not return the remaining lifetime of an entry, so
/// a slow answer may be out of date.
const REDIS_READ_TIMEOUT: Duration = freshness::READ;

/// A reader with its own connection.
#[derive(Clone)]
pub struct Reader {
    cache: Cache,
    contract: Contract,
    history: Arc<History>,
}

impl Reader {
    pub(super) fn new(url: &str, contract: Contract, history: Arc<History>) -> Self {
        let cache = Cache::open(url).expect("the URL of Redis");
        Self {
            cache: cache.expect("a cache"),
            contract,
            history,
        }
    }

    /// Reads a decision. Returns `None` if there is none that may be served.
    pub async fn decide(&self, request: &CheckRequest) -> Option<Decision> {
        let organization = organization(&request.resource);
        let question = Question {
            organization: &organization,
            subject: &request.subject,
            permission: &request.permission,
            place: request.resource.splitn(3, '/').nth(2).unwrap_or_default(),
        };
        let keys = [
            self.contract.revisions_key(&organization),
            self.contract.decision_key(&question),
        ];
        let begin = self.history.now();
        let found = self.cache.get(&keys).await.ok()?;
        let in_time = self.history.now() < begin + REDIS_READ_TIMEOUT;
        let [Some(revisions), Some(found)] = found.as_slice() else {
            return None;
        };
        let revisions: Revisions = revisions.parse().expect("revisions by the contract");
        let found = Decided::read(found).expect("a decision by the contract");
        let current = revisions.is_current(found.at(), question.subject, question.place);
        (in_time && current).then_some(found.decision)
    }

    /// Reads a decision about a user, and records it.
    pub async fn read(&self, user: usize, request: &CheckRequest) -> Option<bool> {
        let begin = self.history.now();
        let found = self.decide(request).await?;
        let allow = found.effect() == Effect::Allow;
        self.history.read(Read {
            begin,
            end: self.history.now(),
            via: Via::Redis,
            user,
            allow,
            revision: found.revision,
            demanded: 0,
        });
        Some(allow)
    }
}

fn organization(resource: &str) -> OrganizationId {
    let unit = In::<UnitId>::parse_name(resource).map(|name| name.organization);
    let unit =
        unit.or_else(|_| In::<ResourceId>::parse_name(resource).map(|name| name.organization));
    unit.or_else(|_| OrganizationId::parse_name(resource))
        .expect("a name")
}
