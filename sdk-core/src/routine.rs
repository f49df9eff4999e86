//! Routines of workflow code, and who of them was woken.

use crate::operation::RoutineId;
use std::{
    ops::Bound,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Wake, Waker},
};
use steadfast_proto::SmallSet;

/// The routines that were woken and not yet polled.
#[derive(Debug, Default)]
struct Woken {
    /// Most runs have no other, and then no set.
    main: bool,
    handlers: SmallSet<u32>,
}

impl Woken {
    /// Handlers come in the order of their creation.
    fn handler_after(&self, last: u32) -> Option<RoutineId> {
        let mut later = self.handlers.range((Bound::Excluded(last), Bound::Unbounded));
        later.next().copied().map(RoutineId::Handler)
    }

    fn first(&self) -> Option<RoutineId> {
        let main = self.main.then_some(RoutineId::Main);
        self.handlers.first().copied().map(RoutineId::Handler).or(main)
    }

    fn remove(&mut self, routine: RoutineId) {
        match routine {
            RoutineId::Main => self.main = false,
            RoutineId::Handler(id) => {
                self.handlers.remove(&id);
            }
        }
    }
}

/// Which routines were woken, and when.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    woken: Mutex<Woken>,
    /// Code runs: this is when the run's own futures wake their routines.
    is_running: AtomicBool,
    /// Somebody else woke a routine, at a time that can't be replayed.
    is_disturbed: AtomicBool,
}

impl Ready {
    fn woken(&self) -> MutexGuard<'_, Woken> {
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
        let mut woken = self.woken();
        match routine {
            RoutineId::Main => woken.main = true,
            RoutineId::Handler(id) => {
                woken.handlers.insert(id);
            }
        }
    }

    pub(crate) fn contains(&self, routine: RoutineId) -> bool {
        let woken = self.woken();
        match routine {
            RoutineId::Main => woken.main,
            RoutineId::Handler(id) => woken.handlers.contains(&id),
        }
    }

    pub(crate) fn remove(&self, routine: RoutineId) {
        let mut woken = self.woken();
        woken.remove(routine);
        if woken.handlers.is_empty() {
            // An empty set that had members keeps room for eleven.
            woken.handlers = SmallSet::new();
        }
    }

    /// The woken routine that comes after the one polled last: handlers in the order of creation, then the main
    /// routine, then from the start again.
    pub(crate) fn take_after(&self, last: Option<RoutineId>) -> Option<RoutineId> {
        let mut woken = self.woken();
        let next = match last {
            Some(RoutineId::Handler(last)) => {
                let main = woken.main.then_some(RoutineId::Main);
                woken.handler_after(last).or(main).or_else(|| woken.first())
            }
            Some(RoutineId::Main) | None => woken.first(),
        }?;
        woken.remove(next);
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
