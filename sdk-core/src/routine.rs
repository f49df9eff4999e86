//! Routines of workflow code, and who of them was woken.

use crate::operation::RoutineId;
use std::{
    collections::BTreeSet,
    ops::Bound,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Wake, Waker},
};

/// The routines that were woken and not yet polled.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    woken: Mutex<BTreeSet<RoutineId>>,
    /// Code runs: this is when the run's own futures wake their routines.
    is_running: AtomicBool,
    /// Somebody else woke a routine, at a time that can't be replayed.
    is_disturbed: AtomicBool,
}

impl Ready {
    fn woken(&self) -> MutexGuard<'_, BTreeSet<RoutineId>> {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Code begins to run. Says whether a routine was woken while none did: whoever did that is not of the run.
    pub(crate) fn begin(&self) -> bool {
        self.is_running.store(true, Ordering::Relaxed);
        self.is_disturbed.swap(false, Ordering::Relaxed)
    }

    /// Code has come to rest.
    pub(crate) fn rest(&self) {
        self.is_running.store(false, Ordering::Relaxed);
    }

    fn wake(&self, routine: RoutineId) {
        if self.is_running.load(Ordering::Relaxed) {
            self.add(routine);
        } else {
            self.is_disturbed.store(true, Ordering::Relaxed);
        }
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
        self.ready.wake(self.routine);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.wake(self.routine);
    }
}

/// The waker of a routine.
pub(crate) fn waker(ready: &Arc<Ready>, routine: RoutineId) -> Waker {
    Waker::from(Arc::new(RoutineWaker {
        ready: Arc::clone(ready),
        routine,
    }))
}
