//! What can be compared, field by field.

mod entitlement;
mod identity;
mod membership;

use std::fmt;

use prost_types::Timestamp;

use crate::moment;

/// A field of a fact, in the words of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The path, as `modules.billing`.
    pub path: String,
    /// The value, for people.
    pub value: String,
    /// Whether an update can change it.
    pub mutable: bool,
}

/// A state that verbs change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Access holds.
    Active,
    /// No access holds.
    Suspended,
    /// No access of the user holds.
    Deactivated,
    /// No access holds any more: there is no other state to go to.
    Ended,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
            Self::Deactivated => "DEACTIVATED",
            Self::Ended => "ENDED",
        })
    }
}

/// A fact that has a name and fields.
pub trait Fact: Clone {
    /// The resource name.
    fn name(&self) -> &str;

    /// The fields that documents can say.
    fn fields(&self) -> Vec<Field>;

    /// The state; none when it has none, or the document says none.
    fn state(&self) -> Option<State> {
        None
    }

    /// Takes over from what the server has what an update needs to name it.
    fn identify(&mut self, current: &Self);

    /// What must be there before this can be: names, and permissions.
    fn refers(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether somebody may be able to do more with this than with what there was before.
    fn widens(&self, before: Option<&Self>) -> bool {
        let _ = before;
        false
    }
}

macro_rules! identify {
    () => {
        fn name(&self) -> &str {
            &self.name
        }

        fn identify(&mut self, current: &Self) {
            self.name.clone_from(&current.name);
            self.etag.clone_from(&current.etag);
        }
    };
}

use identify;

fn mutable(path: impl Into<String>, value: String) -> Field {
    Field {
        path: path.into(),
        value,
        mutable: true,
    }
}

/// What cannot change is empty when the document leaves it to the server.
fn immutable(path: &str, value: &str) -> Field {
    Field {
        path: path.to_owned(),
        value: if value.is_empty() {
            String::new()
        } else {
            quoted(value)
        },
        mutable: false,
    }
}

fn time(path: &str, moment: Option<&Timestamp>) -> Field {
    mutable(path, moment.map_or_else(|| "none".to_owned(), moment::text))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.escape_debug())
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    format!("[{}]", items.join(", "))
}

fn set(items: impl Iterator<Item = String>) -> String {
    let mut items: Vec<String> = items.collect();
    items.sort();
    items.dedup();
    list(items.into_iter())
}

/// What the membership of a subject in an organization is referred to by.
pub(super) fn member(organization: &str, subject: &str) -> String {
    format!("{organization} {subject}")
}

/// The entitlement of an organization for the application that a name is of or in.
pub(super) fn entitlement_of(organization: &str, name: &str) -> String {
    let (_, rest) = name.rsplit_once("applications/").unwrap_or_default();
    let id = rest.split('/').next().unwrap_or_default();
    format!("{organization}/entitlements/{id}")
}

/// The organization that something is in.
pub(super) fn organization_of(name: &str) -> String {
    let parts: Vec<&str> = name.splitn(3, '/').take(2).collect();
    parts.join("/")
}

/// The last part of a name.
fn last(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, id)| id)
}
