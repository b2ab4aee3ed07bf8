//! The difference between facts of one kind.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use api::membership::v1::Contact;
use prost_types::FieldMask;
use serde::Serialize;

use super::Counts;
use crate::apply::{
    fact::{Fact, Field, State},
    refusal::Refusal,
};

/// The changes of facts of one kind.
#[derive(Debug, Clone)]
pub struct Changes<T> {
    /// Facts that the server does not have.
    pub create: Vec<T>,
    /// Facts that differ on the server.
    pub change: Vec<Change<T>>,
    /// State changes, also of facts that are yet to be created.
    pub states: Vec<StateChange>,
    /// Number of facts that are already as declared.
    pub unchanged: usize,
}

/// A fact that differs.
#[derive(Debug, Clone)]
pub struct Change<T> {
    /// The desired fact.
    pub fact: T,
    /// The differing fields.
    pub fields: Vec<FieldChange>,
    /// True if the change may widen somebody's access.
    pub widens: bool,
}

impl<T> Change<T> {
    /// Returns the mask of the update.
    pub fn mask(&self) -> FieldMask {
        let fields = self.fields.iter();
        let paths = fields.filter_map(|change| change.field.split('.').next());
        let paths: BTreeSet<String> = paths.map(str::to_owned).collect();
        FieldMask {
            paths: paths.into_iter().collect(),
        }
    }
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The field, such as `scope` or `modules.billing`.
    pub field: String,
    /// The value of the server; `None` if it has no such part.
    pub old: Option<String>,
    /// The value of the document; `None` if it has no such part.
    pub new: Option<String>,
}

/// A state that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    /// The resource name.
    pub name: String,
    /// The current state; `None` if the fact is yet to be created.
    pub old: Option<State>,
    /// The state of the document.
    pub new: State,
}

impl Change<Contact> {
    /// True if this contact becomes the primary one.
    pub(super) fn makes_primary(&self) -> bool {
        self.fields.iter().any(|change| change.field == "primary")
    }
}

impl<T> Default for Changes<T> {
    fn default() -> Self {
        Self {
            create: Vec::new(),
            change: Vec::new(),
            states: Vec::new(),
            unchanged: 0,
        }
    }
}

/// Counts of changes, whatever the kind of fact.
pub(in crate::apply) trait Tally {
    /// Returns the number of facts to create, change, and leave alone.
    fn counts(&self) -> Counts;

    /// Returns the number of calls.
    fn steps(&self) -> usize;
}

impl<T: Fact> Tally for Changes<T> {
    fn counts(&self) -> Counts {
        let mut changed: HashSet<&str> = self.change.iter().map(|c| c.fact.name()).collect();
        let states = self.states.iter().filter(|state| state.old.is_some());
        changed.extend(states.map(|state| state.name.as_str()));
        Counts {
            created: self.create.len(),
            changed: changed.len(),
            unchanged: self.unchanged,
            skipped: 0,
        }
    }

    fn steps(&self) -> usize {
        self.create.len() + self.change.len() + self.states.len()
    }
}

/// Compares facts of one kind, by their keys.
pub(super) fn difference<T: Fact>(
    desired: BTreeMap<String, T>,
    current: &BTreeMap<String, T>,
    refusals: &mut Vec<Refusal>,
) -> Changes<T> {
    let mut changes = Changes::default();
    for (key, mut fact) in desired {
        let Some(found) = current.get(&key) else {
            if let Some(new) = fact.state().filter(|state| *state != State::Active) {
                changes.states.push(StateChange {
                    name: fact.name().to_owned(),
                    old: None,
                    new,
                });
            }
            changes.create.push(fact);
            continue;
        };
        fact.identify(found);
        let fields = compare(&fact, found, refusals);
        let state = state(&fact, found);
        if fields.is_empty() && state.is_none() {
            changes.unchanged += 1;
        }
        changes.states.extend(state);
        if !fields.is_empty() {
            let widens = fact.widens(Some(found));
            changes.change.push(Change {
                fact,
                fields,
                widens,
            });
        }
    }
    changes
}

fn state<T: Fact>(desired: &T, current: &T) -> Option<StateChange> {
    let (new, old) = (desired.state()?, current.state());
    (old != Some(new) && old != Some(State::Ended)).then(|| StateChange {
        name: current.name().to_owned(),
        old: old.or(Some(State::Active)),
        new,
    })
}

fn compare<T: Fact>(desired: &T, current: &T, refusals: &mut Vec<Refusal>) -> Vec<FieldChange> {
    let mut old: HashMap<String, String> = current
        .fields()
        .into_iter()
        .map(|field| (field.path, field.value))
        .collect();
    let mut changes = Vec::new();
    for Field {
        path,
        value,
        mutable,
    } in desired.fields()
    {
        let before = old.remove(&path);
        if before.as_ref() == Some(&value) {
            continue;
        }
        if mutable {
            changes.push(FieldChange {
                field: path,
                old: before.filter(|old| !old.is_empty()),
                new: Some(value),
            });
        } else if !value.is_empty() {
            let old = before.filter(|old| !old.is_empty());
            let old = old.unwrap_or_else(|| "\"\"".to_owned());
            let message =
                format!("is {old} on the server and {value} in the document, and cannot change");
            refusals.push(Refusal::of(desired.name(), &path, message));
        }
    }
    let mut gone: Vec<FieldChange> = old
        .into_iter()
        .map(|(field, value)| FieldChange {
            field,
            old: Some(value),
            new: None,
        })
        .collect();
    gone.sort_by(|a, b| a.field.cmp(&b.field));
    changes.extend(gone);
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_names_each_field_once() {
        let field = |field: &str| FieldChange {
            field: field.to_owned(),
            old: None,
            new: None,
        };
        let change = Change {
            fact: (),
            fields: ["modules", "modules.billing", "aliases"].map(field).into(),
            widens: false,
        };
        assert_eq!(change.mask().paths, ["aliases", "modules"]);
    }
}
