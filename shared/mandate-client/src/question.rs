//! Questions, and the freshness of their answers.

use std::time::Duration;

use crate::context::{self, Context};

/// Maximum length of a field that is sent, in bytes: 256 characters of four. A longer field breaks
/// a rule of the interface anyway, and would take room from other questions on the stream.
pub(crate) const LONGEST_FIELD: usize = 1024;

/// May this user do this, here, now?
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The subject: `users/{user}` or `serviceAccounts/{service_account}`.
    pub subject: String,
    /// The permission: `application.module.verb` or `application.module.option.verb`.
    pub permission: String,
    /// The location: an organization, a unit or a resource by name.
    pub resource: String,
    /// The context: input for the conditions of grants.
    pub context: Context,
}

impl Question {
    /// Returns a question. The service, not the client, checks the grammar of the names.
    pub fn new(
        subject: impl Into<String>,
        permission: impl Into<String>,
        resource: impl Into<String>,
    ) -> Self {
        Self {
            subject: subject.into(),
            permission: permission.into(),
            resource: resource.into(),
            context: Context::new(),
        }
    }

    /// Sets the context. An answer that depended on a condition is neither shared nor reused.
    ///
    /// ```
    /// use mandate_client::{Context, Question};
    ///
    /// Question::new("users/jan", "fleet.billing.view", "organizations/acme")
    ///     .given(Context::new().with("network", "office").with("amount", 250));
    /// ```
    #[must_use]
    pub fn given(self, context: Context) -> Self {
        Self { context, ..self }
    }

    /// Returns subject, permission and resource, which identify the question regardless of its
    /// context.
    pub(crate) fn names(&self) -> [&str; 3] {
        [&self.subject, &self.permission, &self.resource]
    }

    /// Returns the name and length of the first field that is too long to be sent.
    pub(crate) fn too_long(&self) -> Option<(&'static str, usize)> {
        [
            ("subject", &self.subject),
            ("permission", &self.permission),
            ("resource", &self.resource),
        ]
        .map(|(name, value)| (name, value.len(), LONGEST_FIELD))
        .into_iter()
        .chain([("context", self.context.length(), context::LONGEST)])
        .find(|(_, length, longest)| length > longest)
        .map(|(name, length, _)| (name, length))
    }
}

/// The required freshness of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Consistency {
    /// From memory, within the lease: at most one second behind.
    #[default]
    MinimizeLatency,
    /// No older than the change that returned this consistency token.
    AtLeastAsFresh(String),
    /// From the current state of the store.
    FullyConsistent,
}

/// Settings of one question that differ from those of the client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// The required freshness of the answer.
    pub consistency: Consistency,
    /// The time to wait for the answer; the client's timeout if `None`.
    pub timeout: Option<Duration>,
}

impl Options {
    /// Requires an answer that is no older than the change that returned a consistency token.
    #[must_use]
    pub fn at_least_as_fresh(token: impl Into<String>) -> Self {
        Self {
            consistency: Consistency::AtLeastAsFresh(token.into()),
            timeout: None,
        }
    }

    /// Requires an answer from the current state of the store.
    #[must_use]
    pub fn fully_consistent() -> Self {
        Self {
            consistency: Consistency::FullyConsistent,
            timeout: None,
        }
    }

    /// Waits this long for the answer.
    #[must_use]
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}
