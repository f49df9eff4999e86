//! Who waits for how much. Most runs in a cache wait for one thing, in their main routine, and shouldn't pay for trees.

use crate::operation::RoutineId;
use steadfast_proto::SmallMap;

/// Operations that are conditions, by slot.
#[derive(Debug, Default)]
pub(super) struct Waits(Vec<u32>);

impl Waits {
    pub(super) fn insert(&mut self, slot: u32) {
        if let Err(place) = self.0.binary_search(&slot) {
            if self.0.capacity() == 0 {
                self.0.reserve_exact(1);
            }
            self.0.insert(place, slot);
        }
    }

    pub(super) fn remove(&mut self, slot: u32) {
        if let Ok(place) = self.0.binary_search(&slot) {
            self.0.remove(place);
        }
    }

    /// In the order of their slots.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().copied()
    }
}

/// How many operations each routine waits for.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    main: u32,
    handlers: SmallMap<u32, u32>,
}

impl Waiting {
    pub(super) fn count(&self, routine: RoutineId) -> u32 {
        match routine {
            RoutineId::Main => self.main,
            RoutineId::Handler(id) => self.handlers.get(&id).copied().unwrap_or_default(),
        }
    }

    pub(super) fn add(&mut self, routine: RoutineId) {
        let count = match routine {
            RoutineId::Main => &mut self.main,
            RoutineId::Handler(id) => self.handlers.entry(id).or_default(),
        };
        *count = count.saturating_add(1);
    }

    pub(super) fn remove(&mut self, routine: RoutineId) {
        let count = match routine {
            RoutineId::Main => Some(&mut self.main),
            RoutineId::Handler(id) => self.handlers.get_mut(&id),
        };
        if let Some(count) = count {
            *count = count.saturating_sub(1);
        }
    }

    pub(super) fn forget(&mut self, routine: RoutineId) {
        match routine {
            RoutineId::Main => self.main = 0,
            RoutineId::Handler(id) => {
                self.handlers.remove(&id);
            }
        }
        if self.handlers.is_empty() {
            // An empty map that had members keeps room for eleven.
            self.handlers = SmallMap::new();
        }
    }
}
