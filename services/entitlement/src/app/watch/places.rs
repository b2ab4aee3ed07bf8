//! Slots of watches. Each watch reads the log separately, so the number of watches is limited.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

/// Maximum number of watches of one caller.
const EACH: usize = 16;
/// Maximum number of watches of all callers.
const ALL: usize = 1024;

/// Slots in use, by caller. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places(Arc<Mutex<HashMap<Box<str>, usize>>>);

/// A slot, held until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    caller: Box<str>,
    places: Places,
}

impl Places {
    /// Takes a slot for a caller, if one is free.
    pub(super) fn take(&self, caller: &str) -> Option<Place> {
        let mut taken = self.0.lock();
        let own = taken.get(caller).copied().unwrap_or_default();
        if own >= EACH || taken.values().sum::<usize>() >= ALL {
            return None;
        }
        taken.insert(caller.into(), own + 1);
        Some(Place {
            caller: caller.into(),
            places: self.clone(),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock();
        match taken.get_mut(&self.caller) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(taken.remove(&self.caller)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k_n_nobody_has_too_many_places_and_all_come_back() {
        let places = Places::default();
        let one: Vec<Place> = (0..EACH).filter_map(|_| places.take("one")).collect();
        assert_eq!(one.len(), EACH);
        assert!(places.take("one").is_none());
        let others = (0..ALL).filter_map(|caller| places.take(&caller.to_string()));
        let others: Vec<Place> = others.collect();
        assert_eq!(others.len(), ALL - EACH);
        drop((one, others));
        assert!(places.0.lock().is_empty());
    }
}
