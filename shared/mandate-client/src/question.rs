//! What is asked, and how fresh the answer must be.

use std::time::Duration;

use crate::context::{self, Context};

/// The longest field that is sent, in bytes: 256 characters of four. What is longer breaks a
/// rule of the interface whatever is in it, and would take from others on the stream.
pub(crate) const LONGEST_FIELD: usize = 1024;

/// May this user do this, here, now?
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Who: `users/{user}` or `serviceAccounts/{service_account}`.
    pub subject: String,
    /// What: `application.module.verb` or `application.module.option.verb`.
    pub permission: String,
    /// Where: an organization, a unit or a resource by name.
    pub resource: String,
    /// In which circumstances: what conditions of grants are asked about.
    pub context: Context,
}

impl Question {
    /// A question. Whether the names follow their grammars is for the service to say.
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

    /// Says in which circumstances. An answer upon which a condition bore is given to nobody else,
    /// nor again.
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

    /// Who, what and where: what tells this question from others, whatever the circumstances.
    pub(crate) fn names(&self) -> [&str; 3] {
        [&self.subject, &self.permission, &self.resource]
    }

    /// The name and length of the first field that is too long to be sent.
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

/// How fresh an answer must be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Consistency {
    /// From memory, within the lease: at most one second behind.
    #[default]
    MinimizeLatency,
    /// No older than the change that returned this consistency token.
    AtLeastAsFresh(String),
    /// As the store is now.
    FullyConsistent,
}

/// How one question is asked, where that differs from the client's settings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// How fresh the answer must be.
    pub consistency: Consistency,
    /// How long to wait for it; as long as the client's other calls if none.
    pub timeout: Option<Duration>,
}

impl Options {
    /// Demands an answer no older than the change that returned a consistency token.
    #[must_use]
    pub fn at_least_as_fresh(token: impl Into<String>) -> Self {
        Self {
            consistency: Consistency::AtLeastAsFresh(token.into()),
            timeout: None,
        }
    }

    /// Demands an answer from the store as it is now.
    #[must_use]
    pub fn fully_consistent() -> Self {
        Self {
            consistency: Consistency::FullyConsistent,
            timeout: None,
        }
    }

    /// Waits so long for the answer.
    #[must_use]
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}
