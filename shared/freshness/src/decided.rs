use api::entitlement::v1::{Decision, DecisionReason, Effect};
use prost_types::Timestamp;
use types::Epoch;

use crate::{At, words::Words};

/// A decision as it is shared: with the epoch of its revision.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The epoch of its revision.
    pub epoch: Epoch,
    /// The decision.
    pub decision: Decision,
}

impl Decided {
    /// Returns the revision of the decision, in its epoch.
    pub fn at(&self) -> At {
        At {
            epoch: self.epoch,
            revision: self.decision.revision,
        }
    }

    /// Returns the value for Redis: `epoch revision expire effect reason valid_until grant`,
    /// separated by single spaces; `-` for an absent part. `expire_ms` is by the clock of Redis.
    pub fn value(&self, expire_ms: i64) -> String {
        let Self { epoch, decision } = self;
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
            "{epoch} {} {expire_ms} {effect} {reason} {until} {grant}",
            decision.revision
        )
    }

    /// Parses a value. `None` if it is malformed, which readers treat as a missing entry.
    pub fn read(value: &str) -> Option<Self> {
        let mut words = Words::of(value);
        let at = words.at()?;
        let _expire_ms = words.number()?;
        let effect = match words.word()? {
            "ALLOW" => Effect::Allow,
            "DENY" => Effect::Deny,
            _ => return None,
        };
        let reason = format!("DECISION_REASON_{}", words.word()?);
        let reason = DecisionReason::from_str_name(&reason)?;
        let valid_until_time = match words.word()? {
            "-" => None,
            until => Some(time(Words::of(until).number()?)?),
        };
        let grant = match words.word()? {
            "-" => String::new(),
            grant => grant.to_owned(),
        };
        let consistent = (effect == Effect::Allow) == (reason == DecisionReason::Allowed);
        if !consistent || !words.is_over() {
            return None;
        }
        Some(Self {
            epoch: at.epoch,
            decision: Decision {
                effect: effect.into(),
                reason: reason.into(),
                grant,
                revision: at.revision,
                valid_until_time,
                ..Decision::default()
            },
        })
    }
}

fn time(millis: i64) -> Option<Timestamp> {
    Some(Timestamp {
        seconds: millis.div_euclid(1000),
        nanos: i32::try_from(millis.rem_euclid(1000) * 1_000_000).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: Epoch = Epoch(1_876_954_112_000_123_456);

    #[test]
    fn the_golden_decisions_of_the_reference_hold() {
        let allow = Decided {
            epoch: EPOCH,
            decision: Decision {
                effect: Effect::Allow.into(),
                reason: DecisionReason::Allowed.into(),
                grant: "organizations/acme/grants/g1".to_owned(),
                revision: 42,
                valid_until_time: Some(Timestamp {
                    seconds: 1_800_000_000,
                    nanos: 5_000_000,
                }),
                ..Decision::default()
            },
        };
        let value = allow.value(1_790_000_000_000);
        assert_eq!(
            value,
            "1876954112000123456 42 1790000000000 ALLOW ALLOWED 1800000000005 \
             organizations/acme/grants/g1"
        );
        assert_eq!(Decided::read(&value), Some(allow));
        let deny = Decided {
            epoch: EPOCH,
            decision: Decision {
                effect: Effect::Deny.into(),
                reason: DecisionReason::NoGrant.into(),
                revision: 43,
                ..Decision::default()
            },
        };
        let value = deny.value(1_790_000_000_001);
        assert_eq!(
            value,
            "1876954112000123456 43 1790000000001 DENY NO_GRANT - -"
        );
        assert_eq!(Decided::read(&value), Some(deny));
    }

    #[test]
    fn what_is_no_decision_is_none() {
        for value in [
            "",
            "7",
            "7 42",
            "7 42 1 ALLOW NO_GRANT - -",
            "7 42 1 DENY ALLOWED - -",
            "7 42 1 MAYBE ALLOWED - -",
            "7 42 1 ALLOW ALLOWED - - more",
            "7 42 1 ALLOW ALLOWED - - ",
            "7 42 1 ALLOW  ALLOWED - -",
            "x 42 1 ALLOW ALLOWED - -",
            "7 +42 1 ALLOW ALLOWED - -",
            "7 -42 1 ALLOW ALLOWED - -",
            "7 ٤٢ 1 ALLOW ALLOWED - -",
            "7 42 1 ALLOW ALLOWED x -",
            "7 42 1 ALLOW ALLOWED +5 -",
            "7 42 9999999999999999999 ALLOW ALLOWED - -",
        ] {
            assert_eq!(Decided::read(value), None, "{value}");
        }
    }
}
