//! Routines of workflow code, and who of them was woken.

use crate::operation::RoutineId;
use std::{
    collections::BTreeSet,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Wake, Waker},
};

/// The routines that were woken and not yet polled.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    woken: Mutex<BTreeSet<RoutineId>>,
}

impl Ready {
    fn woken(&self) -> MutexGuard<'_, BTreeSet<RoutineId>> {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, routine: RoutineId) {
        self.woken().insert(routine);
    }

    pub(crate) fn contains(&self, routine: RoutineId) -> bool {
        self.woken().contains(&routine)
    }

    pub(crate) fn remove(&self, routine: RoutineId) {
        self.woken().remove(&routine);
    }

    /// The woken routine that comes after the one polled last: handlers in the order of creation, then the main
    /// routine, then from the start again.
    pub(crate) fn take_after(&self, last: Option<RoutineId>) -> Option<RoutineId> {
        let mut woken = self.woken();
        let next = last
            .and_then(|last| woken.range((Bound::Excluded(last), Bound::Unbounded)).next().copied())
            .or_else(|| woken.first().copied())?;
        woken.remove(&next);
        Some(next)
    }
}

struct RoutineWaker {
    ready: Arc<Ready>,
    routine: RoutineId,
}

impl Wake for RoutineWaker {
    fn wake(self: Arc<Self>) {
        self.ready.add(self.routine);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.add(self.routine);
    }
}

/// The waker of a routine.
pub(crate) fn waker(ready: &Arc<Ready>, routine: RoutineId) -> Waker {
    Waker::from(Arc::new(RoutineWaker {
        ready: Arc::clone(ready),
        routine,
    }))
}
