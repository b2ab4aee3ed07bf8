//! Slots of watches. Each watch reads the log separately, so the number of watches is limited.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

/// Maximum number of watches of one caller.
const MAX_WATCHES_PER_CALLER: usize = 16;
/// Maximum number of watches of all callers.
const MAX_WATCHES: usize = 1024;

/// Slots in use, by caller. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct WatchSlots(Arc<Mutex<HashMap<Box<str>, usize>>>);

/// A slot, held until it is dropped.
#[derive(Debug)]
pub(super) struct WatchSlot {
    caller: Box<str>,
    places: WatchSlots,
}

impl WatchSlots {
    /// Takes a slot for a caller, if one is free.
    pub(super) fn take(&self, caller: &str) -> Option<WatchSlot> {
        let mut taken = self.0.lock();
        let own = taken.get(caller).copied().unwrap_or_default();
        if own >= MAX_WATCHES_PER_CALLER || taken.values().sum::<usize>() >= MAX_WATCHES {
            return None;
        }
        taken.insert(caller.into(), own + 1);
        Some(WatchSlot {
            caller: caller.into(),
            places: self.clone(),
        })
    }
}

impl Drop for WatchSlot {
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
        let places = WatchSlots::default();
        let one: Vec<WatchSlot> = (0..MAX_WATCHES_PER_CALLER)
            .filter_map(|_| places.take("one"))
            .collect();
        assert_eq!(one.len(), MAX_WATCHES_PER_CALLER);
        assert!(places.take("one").is_none());
        let others = (0..MAX_WATCHES).filter_map(|caller| places.take(&caller.to_string()));
        let others: Vec<WatchSlot> = others.collect();
        assert_eq!(others.len(), MAX_WATCHES - MAX_WATCHES_PER_CALLER);
        drop((one, others));
        assert!(places.0.lock().is_empty());
    }
}
