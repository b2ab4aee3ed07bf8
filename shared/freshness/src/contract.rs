//! What Redis holds, under which keys. Documented for readers in any language in
//! `docs/reference/redis.md`; the golden vectors there are held by the tests here.

use std::time::Duration;

use api::entitlement::v1::{Decision, DecisionReason, Effect};
use base::{Id, OrganizationId};
use prost_types::Timestamp;

/// Puts values that replace nothing newer and end at an absolute time of the clock of Redis.
/// Every value begins with its revision and its end. Keys of one hash slot; of each, the value,
/// its end, and how long it may live, in milliseconds: what would live longer was stamped by
/// another clock and is refused.
pub const PUT_NEWER: &str = "\
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local put = 0
for i, key in ipairs(KEYS) do
  local value, expire, longest = ARGV[3 * i - 2], tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  if expire > now and expire <= now + longest then
    local revision = tonumber(string.match(value, '^%d+'))
    local old = redis.call('GET', key)
    local old_revision, old_expire = string.match(old or '', '^(%d+) (%d+)')
    old_revision, old_expire = tonumber(old_revision or -1), tonumber(old_expire or -1)
    if revision > old_revision or (revision == old_revision and expire > old_expire) then
      redis.call('SET', key, value, 'PXAT', ARGV[3 * i - 1])
      put = put + 1
    end
  end
end
return put";

/// How long a reader may take, by a clock that goes on while the machine is suspended: Redis does
/// not say how much is left of the life of what it gives, so revisions end there so much before the
/// lease does.
pub const READ: Duration = Duration::from_millis(50);

/// What is asked, by names that follow their grammars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// Where.
    pub organization: &'a OrganizationId,
    /// `users/…` or `serviceAccounts/…`.
    pub subject: &'a str,
    /// `application.module.verb`.
    pub permission: &'a str,
    /// `resources/…`, `units/…`, or nothing for the organization as a whole.
    pub place: &'a str,
}

/// The keys of one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    prefix: Box<str>,
}

impl Contract {
    /// The contract of an installation, which its namespace tells from others in the same Redis.
    pub fn new(namespace: &str) -> Self {
        Self {
            prefix: format!("mandate:2:{namespace}").into(),
        }
    }

    /// The pattern of all keys.
    pub fn pattern(&self) -> String {
        format!("{}:*", self.prefix)
    }

    /// Where the current revisions of an organization are. The organization is the hash tag:
    /// a cluster keeps all of it together.
    pub fn revisions_key(&self, organization: &OrganizationId) -> String {
        format!("{}:{{{}}}:r", self.prefix, organization.as_str())
    }

    /// Where the decision on a question is. Each part has its length before it, so no two
    /// questions have the same key, whatever is in them.
    pub fn decision_key(&self, question: &Question<'_>) -> String {
        let Question {
            organization,
            subject,
            permission,
            place,
        } = question;
        format!(
            "{}:{{{}}}:d:{}:{subject}:{}:{permission}:{place}",
            self.prefix,
            organization.as_str(),
            subject.len(),
            permission.len(),
        )
    }
}

/// A decision as Redis holds it: `revision expire effect reason valid_until grant`, separated by
/// single spaces; `-` for what is absent. `expire_ms` is of the clock of Redis.
pub fn decision_value(decision: &Decision, expire_ms: i64) -> String {
    let effect = if decision.effect() == Effect::Allow {
        "ALLOW"
    } else {
        "DENY"
    };
    let reason = decision.reason().as_str_name();
    let reason = reason.trim_start_matches("DECISION_REASON_");
    let until = decision.valid_until_time.as_ref().map_or_else(
        || "-".to_owned(),
        |at| (at.seconds * 1000 + i64::from(at.nanos) / 1_000_000).to_string(),
    );
    let grant = if decision.grant.is_empty() {
        "-"
    } else {
        &decision.grant
    };
    format!(
        "{} {expire_ms} {effect} {reason} {until} {grant}",
        decision.revision
    )
}

/// Reads a decision; none if the text is none, which is the same as no entry.
pub fn decision(value: &str) -> Option<Decision> {
    let mut words = value.split(' ');
    let revision = words.next()?.parse().ok()?;
    let _expire: i64 = words.next()?.parse().ok()?;
    let effect = match words.next()? {
        "ALLOW" => Effect::Allow,
        "DENY" => Effect::Deny,
        _ => return None,
    };
    let reason = format!("DECISION_REASON_{}", words.next()?);
    let reason = DecisionReason::from_str_name(&reason)?;
    let valid_until_time = match words.next()? {
        "-" => None,
        until => {
            let until: i64 = until.parse().ok()?;
            Some(Timestamp {
                seconds: until.div_euclid(1000),
                nanos: i32::try_from(until.rem_euclid(1000) * 1_000_000).ok()?,
            })
        }
    };
    let grant = match words.next()? {
        "-" => String::new(),
        grant => grant.to_owned(),
    };
    let consistent = (effect == Effect::Allow) == (reason == DecisionReason::Allowed);
    if !consistent || words.next().is_some() {
        return None;
    }
    Some(Decision {
        effect: effect.into(),
        reason: reason.into(),
        grant,
        revision,
        valid_until_time,
        ..Decision::default()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn organization(id: &str) -> OrganizationId {
        OrganizationId::parse(id).unwrap()
    }

    #[test]
    fn the_golden_vectors_of_the_reference_hold() {
        let contract = Contract::new("5f3a");
        let acme = organization("acme");
        let question = Question {
            organization: &acme,
            subject: "users/jan",
            permission: "fleet.billing.view",
            place: "resources/+32470000001",
        };
        assert_eq!(contract.revisions_key(&acme), "mandate:2:5f3a:{acme}:r");
        assert_eq!(
            contract.decision_key(&question),
            "mandate:2:5f3a:{acme}:d:9:users/jan:18:fleet.billing.view:resources/+32470000001"
        );
        let allow = Decision {
            effect: Effect::Allow.into(),
            reason: DecisionReason::Allowed.into(),
            grant: "organizations/acme/grants/g1".to_owned(),
            revision: 42,
            valid_until_time: Some(Timestamp {
                seconds: 1_800_000_000,
                nanos: 5_000_000,
            }),
            ..Decision::default()
        };
        let value = decision_value(&allow, 1_790_000_000_000);
        assert_eq!(
            value,
            "42 1790000000000 ALLOW ALLOWED 1800000000005 organizations/acme/grants/g1"
        );
        assert_eq!(decision(&value), Some(allow));
        let deny = Decision {
            effect: Effect::Deny.into(),
            reason: DecisionReason::NoGrant.into(),
            revision: 43,
            ..Decision::default()
        };
        let value = decision_value(&deny, 1_790_000_000_001);
        assert_eq!(value, "43 1790000000001 DENY NO_GRANT - -");
        assert_eq!(decision(&value), Some(deny));
    }

    #[test]
    fn what_is_no_decision_is_none() {
        for value in [
            "",
            "42",
            "42 1 ALLOW NO_GRANT - -",
            "42 1 DENY ALLOWED - -",
            "42 1 MAYBE ALLOWED - -",
            "42 1 ALLOW ALLOWED - - more",
            "x 1 ALLOW ALLOWED - -",
            "42 1 ALLOW ALLOWED x -",
        ] {
            assert_eq!(decision(value), None, "{value}");
        }
    }

    #[test]
    fn k_a_unequal_questions_have_unequal_keys() {
        let contract = Contract::new("n");
        let (a, ab) = (organization("a"), organization("ab"));
        let texts = [
            "users/a",
            "users/ab",
            "",
            ":",
            "1:",
            "1:a:",
            "a:b",
            "a}",
            "A",
            "a",
            "7:users/a:",
        ];
        let mut keys = HashSet::new();
        let mut count = 0;
        for organization in [&a, &ab] {
            keys.insert(contract.revisions_key(organization));
            count += 1;
            for subject in texts {
                for permission in texts {
                    for place in texts {
                        keys.insert(contract.decision_key(&Question {
                            organization,
                            subject,
                            permission,
                            place,
                        }));
                        count += 1;
                    }
                }
            }
        }
        assert_eq!(keys.len(), count);
    }
}
