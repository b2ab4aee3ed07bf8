//! A plan as a list, for people and for programs.

use std::{collections::HashMap, fmt};

use serde::Serialize;

use super::{Changes, FieldChange, Plan};
use crate::apply::fact::Fact;

/// What is done with a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is created.
    Create,
    /// It is changed.
    Change,
}

/// One fact of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// What is done.
    pub action: Action,
    /// The resource name.
    pub name: String,
    /// What is different, the state included.
    pub fields: Vec<FieldChange>,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.action {
            Action::Create => '+',
            Action::Change => '~',
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
        Ok(())
    }
}

impl Plan {
    /// Everything that is to be done, in the order in which it is done within each
    /// organization.
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
        }
        entries
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
    for fact in &changes.create {
        entries.push(Entry {
            action: Action::Create,
            name: fact.name().to_owned(),
            fields: states.remove(fact.name()).into_iter().collect(),
        });
    }
    for change in &changes.change {
        let state = states.remove(change.fact.name());
        entries.push(Entry {
            action: Action::Change,
            name: change.fact.name().to_owned(),
            fields: change.fields.iter().cloned().chain(state).collect(),
        });
    }
    for state in &changes.states {
        if let Some(field) = states.remove(state.name.as_str()) {
            entries.push(Entry {
                action: Action::Change,
                name: state.name.clone(),
                fields: vec![field],
            });
        }
    }
}
