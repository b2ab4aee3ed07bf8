//! Contacts of an organization's people at the operator.

use std::collections::BTreeSet;

use types::ContactId;

/// Maximum number of contacts of an organization.
pub const MAX_CONTACTS: usize = 32;

/// The contact is the primary representative, and no other one takes its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is the primary representative")]
pub struct IsPrimary(pub ContactId);

/// The representatives of an organization, one of them primary.
///
/// INVARIANT: exactly one of them is primary, if there are any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Representatives {
    primary: Option<ContactId>,
    others: BTreeSet<ContactId>,
}

impl FromIterator<(ContactId, bool)> for Representatives {
    /// Collects representatives, each with a request to be primary: the last one with the request
    /// is primary, or the first of all.
    fn from_iter<T: IntoIterator<Item = (ContactId, bool)>>(representatives: T) -> Self {
        let mut all = Self::default();
        for (id, primary) in representatives {
            all.add(id, primary);
        }
        all
    }
}

impl Representatives {
    /// Returns the primary representative.
    pub fn primary(&self) -> Option<&ContactId> {
        self.primary.as_ref()
    }

    /// Adds a representative. The first one is primary; a later one becomes primary on request.
    pub fn add(&mut self, id: ContactId, primary: bool) {
        if primary || self.primary.is_none() {
            self.others.extend(self.primary.replace(id));
        } else {
            self.others.insert(id);
        }
    }

    /// Makes a representative primary, or leaves it an ordinary one.
    ///
    /// # Errors
    /// [`IsPrimary`] if it is primary and should cease to be: that leaves open which other one
    /// takes its place.
    pub fn set(&mut self, id: &ContactId, primary: bool) -> Result<(), IsPrimary> {
        if primary && self.others.remove(id) {
            self.add(id.clone(), true);
        }
        if !primary && self.primary.as_ref() == Some(id) {
            return Err(IsPrimary(id.clone()));
        }
        Ok(())
    }

    /// Removes a representative.
    ///
    /// # Errors
    /// [`IsPrimary`] if it is primary, and there are others.
    pub fn remove(&mut self, id: &ContactId) -> Result<(), IsPrimary> {
        if self.primary.as_ref() != Some(id) {
            self.others.remove(id);
            return Ok(());
        }
        if !self.others.is_empty() {
            return Err(IsPrimary(id.clone()));
        }
        self.primary = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
