//! The types of resources: there are few types, and many resources of each.

use crate::Map;

/// The type of each resource, by the number of the resource.
#[derive(Debug, Clone, Default)]
pub(super) struct Kinds {
    /// One more than the index of the type in `names`; zero if unknown, as for resources beyond the
    /// end.
    of: Vec<u32>,
    names: Vec<Box<str>>,
    numbers: Map<Box<str>, u32>,
}

impl Kinds {
    /// Sets the type of a resource; empty if unknown.
    pub(super) fn set(&mut self, resource: usize, name: &str) {
        let number = if name.is_empty() {
            0
        } else {
            self.number(name)
        };
        if self.of.len() <= resource {
            self.of.resize(resource + 1, 0);
        }
        if let Some(slot) = self.of.get_mut(resource) {
            *slot = number;
        }
    }

    /// Returns the type of a resource, if known.
    pub(super) fn get(&self, resource: usize) -> Option<&str> {
        let number = *self.of.get(resource)? as usize;
        self.names.get(number.checked_sub(1)?).map(|name| &**name)
    }

    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        self.names.push(name.into());
        let number = u32::try_from(self.names.len()).unwrap_or_default();
        self.numbers.insert(name.into(), number);
        number
    }
}
