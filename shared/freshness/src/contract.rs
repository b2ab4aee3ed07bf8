//! The keys of Redis and their values. Documented for readers in any language in
//! `docs/reference/redis.md`; the tests here use the golden vectors of that page.

use std::time::Duration;

use types::{Id, OrganizationId};

/// Maximum time that a reader may take, by a clock that keeps running while the machine is
/// suspended. Redis does not report the remaining life of a value, so revisions end there this much
/// before the lease does.
pub const READ: Duration = Duration::from_millis(50);

/// A question, with names that follow their grammars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// The organization.
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
    /// Returns the contract of an installation; the namespace separates it from others in the same
    /// Redis.
    pub fn new(namespace: &str) -> Self {
        Self {
            prefix: format!("mandate:3:{namespace}").into(),
        }
    }

    /// Returns the pattern of all keys.
    pub fn pattern(&self) -> String {
        format!("{}:*", self.prefix)
    }

    /// Returns the pattern of the keys that readers may see: all keys of organizations.
    pub fn readable(&self) -> String {
        format!("{}:{{*", self.prefix)
    }

    /// Returns the key of the record that names the history of the decisions.
    pub fn history_key(&self) -> String {
        format!("{}:history", self.prefix)
    }

    /// Returns the key of the current revisions of an organization. The organization is the hash
    /// tag, so a cluster keeps all of its keys together.
    pub fn revisions_key(&self, organization: &OrganizationId) -> String {
        format!("{}:{{{}}}:r", self.prefix, organization.as_str())
    }

    /// Returns the key of the decision on a question. Each part follows its length, so two
    /// questions never have the same key, whatever they contain.
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn organization(id: &str) -> OrganizationId {
        OrganizationId::parse(id).unwrap()
    }

    #[test]
    fn the_golden_keys_of_the_reference_hold() {
        let contract = Contract::new("5f3a");
        let acme = organization("acme");
        let question = Question {
            organization: &acme,
            subject: "users/jan",
            permission: "fleet.billing.view",
            place: "resources/+32470000001",
        };
        assert_eq!(contract.revisions_key(&acme), "mandate:3:5f3a:{acme}:r");
        assert_eq!(
            contract.decision_key(&question),
            "mandate:3:5f3a:{acme}:d:9:users/jan:18:fleet.billing.view:resources/+32470000001"
        );
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
