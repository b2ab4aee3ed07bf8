//! Whom the people of an organization turn to at the operator.

use std::collections::BTreeSet;

use base::ContactId;

/// How many contacts an organization may have.
pub const MAX_CONTACTS: usize = 32;

/// It is the primary representative, and another would have to take its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is the primary representative")]
pub struct IsPrimary(pub ContactId);

/// The representatives of an organization, and which of them is primary.
///
/// INVARIANT: exactly one of them is primary, if there are any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Representatives {
    primary: Option<ContactId>,
    others: BTreeSet<ContactId>,
}

impl FromIterator<(ContactId, bool)> for Representatives {
    /// Representatives, each with whether it is to be primary: the last of those is, or the first
    /// of all.
    fn from_iter<T: IntoIterator<Item = (ContactId, bool)>>(representatives: T) -> Self {
        let mut all = Self::default();
        for (id, primary) in representatives {
            all.add(id, primary);
        }
        all
    }
}

impl Representatives {
    /// The primary one.
    pub fn primary(&self) -> Option<&ContactId> {
        self.primary.as_ref()
    }

    /// Adds one. The first is primary; a later one takes that over if it is to be.
    pub fn add(&mut self, id: ContactId, primary: bool) {
        if primary || self.primary.is_none() {
            self.others.extend(self.primary.replace(id));
        } else {
            self.others.insert(id);
        }
    }

    /// Says of one that is there whether it is to be primary.
    ///
    /// # Errors
    /// [`IsPrimary`] if it is and is not to be: which one is instead, nobody has said.
    pub fn set(&mut self, id: &ContactId, primary: bool) -> Result<(), IsPrimary> {
        if primary && self.others.remove(id) {
            self.add(id.clone(), true);
        }
        if !primary && self.primary.as_ref() == Some(id) {
            return Err(IsPrimary(id.clone()));
        }
        Ok(())
    }

    /// Removes one.
    ///
    /// # Errors
    /// [`IsPrimary`] if it is, and there are others.
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
