//! A plan as a list, for people and for programs.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use api::entitlement::v1::Grant;
use serde::Serialize;

use super::{Changes, FieldChange, Plan};
use crate::apply::fact::{Fact, State};

/// The mark of an entry that widens access.
const WIDENS_ACCESS_MARK: &str = "  (widens access)";

/// The action on a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The fact is created.
    Create,
    /// The fact is changed.
    Change,
    /// The fact is left as it is in spite of the documents.
    Skip,
}

/// One fact of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The action.
    pub action: Action,
    /// The resource name.
    pub name: String,
    /// The differing fields, including the state.
    pub fields: Vec<FieldChange>,
    /// True if the change may widen somebody's access.
    pub widens_access: bool,
    /// The reason for leaving it as it is; empty otherwise.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub because: String,
}

impl Entry {
    /// Returns the number of calls: one for the fact, and one for its state.
    pub(in crate::apply) fn calls(&self) -> usize {
        let state = self.fields.iter().any(|change| change.field == "state");
        let others = self.action == Action::Create
            || self.fields.iter().any(|change| change.field != "state");
        usize::from(state) + usize::from(others)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.action {
            Action::Create => '+',
            Action::Change => '~',
            Action::Skip => '!',
        };
        write!(f, "{sign} {}", self.name)?;
        for (index, change) in self.fields.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma} {}: ", change.field)?;
            match (&change.old, &change.new) {
                (Some(old), Some(new)) => write!(f, "{old} -> {new}")?,
                (None, Some(new)) => write!(f, "{new}")?,
                (_, None) => write!(f, "removed")?,
            }
        }
        if !self.because.is_empty() {
            write!(f, ": {}", self.because)?;
        }
        if self.widens_access {
            write!(f, "{WIDENS_ACCESS_MARK}")?;
        }
        Ok(())
    }
}

impl Plan {
    /// Returns all changes, in their order within each organization.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        list(&self.applications, &mut entries);
        list(&self.service_accounts, &mut entries);
        list(&self.identities, &mut entries);
        list(&self.users, &mut entries);
        for organization in self.organizations.values() {
            list(&organization.organization, &mut entries);
            list(&organization.contacts, &mut entries);
            list(&organization.entitlements, &mut entries);
            list(&organization.units, &mut entries);
            list(&organization.resources, &mut entries);
            list(&organization.memberships, &mut entries);
            list(&organization.custom_roles, &mut entries);
            list(&organization.grants, &mut entries);
            entries.extend(organization.revoked.iter().map(skipped));
        }
        entries
    }
}

/// Returns the entry of a revoked grant.
fn skipped(grant: &Grant) -> Entry {
    Entry {
        action: Action::Skip,
        name: grant.name.clone(),
        fields: Vec::new(),
        widens_access: false,
        because: format!(
            "`{}` revoked it, and it stays revoked; to create it again, choose another `id`",
            grant.revoked_by
        ),
    }
}

fn list<T: Fact>(changes: &Changes<T>, entries: &mut Vec<Entry>) {
    let mut states: HashMap<&str, FieldChange> = changes
        .states
        .iter()
        .map(|state| {
            let change = FieldChange {
                field: "state".to_owned(),
                old: state.old.map(|state| state.to_string()),
                new: Some(state.new.to_string()),
            };
            (state.name.as_str(), change)
        })
        .collect();
    let active = changes.states.iter();
    let active = active.filter(|state| state.new == State::Active);
    let reactivated: HashSet<&str> = active.map(|state| state.name.as_str()).collect();
    for fact in &changes.create {
        entries.push(Entry {
            action: Action::Create,
            name: fact.name().to_owned(),
            fields: states.remove(fact.name()).into_iter().collect(),
            widens_access: fact.widens(None),
            because: String::new(),
        });
    }
    for change in &changes.change {
        let state = states.remove(change.fact.name());
        entries.push(Entry {
            action: Action::Change,
            name: change.fact.name().to_owned(),
            fields: change.fields.iter().cloned().chain(state).collect(),
            widens_access: change.widens || reactivated.contains(change.fact.name()),
            because: String::new(),
        });
    }
    for state in &changes.states {
        if let Some(field) = states.remove(state.name.as_str()) {
            entries.push(Entry {
                action: Action::Change,
                name: state.name.clone(),
                fields: vec![field],
                widens_access: reactivated.contains(state.name.as_str()),
                because: String::new(),
            });
        }
    }
}
