//! Facts that can be compared, field by field.

mod entitlement;
mod identity;
mod membership;

use std::fmt;

use prost_types::Timestamp;

use crate::moment;

/// A field of a fact, in the terms of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The path, such as `modules.billing`.
    pub path: String,
    /// The value, for people.
    pub value: String,
    /// True if an update can change it.
    pub mutable: bool,
}

/// A state, changed by methods of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Access is in force.
    Active,
    /// No access is in force.
    Suspended,
    /// No access of the user is in force.
    Deactivated,
    /// No access is in force any more; there is no way back to another state.
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
    /// Returns the resource name.
    fn name(&self) -> &str;

    /// Returns the fields that documents can set.
    fn fields(&self) -> Vec<Field>;

    /// Returns the state; `None` if the fact has none, or the document sets none.
    fn state(&self) -> Option<State> {
        None
    }

    /// Copies name and etag from the server's version.
    fn identify(&mut self, current: &Self);

    /// Returns the names and permissions that must exist before this fact can.
    fn refers(&self) -> Vec<String> {
        Vec::new()
    }

    /// True if this fact may widen somebody's access, compared with the earlier one.
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

/// Returns a field that cannot change; its value is empty if the document leaves it to the server.
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

/// Returns the reference to the membership of a subject in an organization.
pub(super) fn member(organization: &str, subject: &str) -> String {
    format!("{organization} {subject}")
}

/// Returns the entitlement of an organization for the application in a name.
pub(super) fn entitlement_of(organization: &str, name: &str) -> String {
    let (_, rest) = name.rsplit_once("applications/").unwrap_or_default();
    let id = rest.split('/').next().unwrap_or_default();
    format!("{organization}/entitlements/{id}")
}

/// Returns the organization of a name.
pub(super) fn organization_of(name: &str) -> String {
    let parts: Vec<&str> = name.splitn(3, '/').take(2).collect();
    parts.join("/")
}

/// Returns the last part of a name.
fn last(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, id)| id)
}
