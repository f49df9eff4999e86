//! Futures that aren't the run's, and where code awaits them.

use super::{HandlerRoutine, Main, Run};
use crate::{TaskFailure, guard, journal::Mode, operation::RoutineId};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// Finds the innermost line of workflow code on the stack that it is called on: `src/main.rs:12:9`. `None` if there is no
/// debug information.
pub type Locate = fn() -> Option<String>;

impl Run {
    /// A routine that is neither done nor waiting for its run will never be woken by it.
    pub(super) fn expect_own_future(&mut self, routine: RoutineId, what: &str) -> Result<(), TaskFailure> {
        let last_call = {
            let journal = self.shared.journal();
            if journal.waits_for_something(routine) || self.ready.contains(routine) {
                return Ok(());
            }
            journal.last_call.filter(|(last, _)| *last == routine)
        };
        let location = self.locate_await(routine);
        // Where it isn't known, it is at least known where code was last seen before.
        let place = match (&location, last_call) {
            (None, Some((_, call))) => format!(", after its call at {call}"),
            (Some(_), _) | (None, None) => String::new(),
        };
        Err(TaskFailure {
            location,
            ..TaskFailure::new(format!(
                "[TMPRL1100] {what} awaits a future that isn't the workflow's{place}: one of a channel, a lock, a thread or a \
                 runtime. When that is ready can't be replayed. Await only what the workflow context gives: activities, timers, conditions; \
                 do everything else in an activity."
            ))
        })
    }

    /// The task fails, so code may be polled for nothing but to see where it stands: its calls are dead.
    fn locate_await(&mut self, routine: RoutineId) -> Option<String> {
        let locate = self.locate?;
        self.shared.journal().mode = Mode::Idle;
        match routine {
            RoutineId::Main => match &mut self.main {
                Main::Running(future, _) => search(locate, |context| future.as_mut().poll(context).map(drop)),
                Main::NotStarted(_) | Main::Created(..) | Main::Ended => None,
            },
            RoutineId::Handler(id) => match &mut self.handlers.get_mut(&id)?.routine {
                HandlerRoutine::Signal(future, _) => search(locate, |context| future.as_mut().poll(context).map(drop)),
                HandlerRoutine::Update(future, ..) => search(locate, |context| future.as_mut().poll(context).map(drop)),
            },
        }
    }
}

/// Polls code with a waker, then with another: whoever kept the first throws it away for the second, and what runs at its
/// end runs where it is awaited. Whoever keeps none, or not until it is woken, isn't found.
fn search(locate: Locate, mut poll: impl FnMut(&mut Context<'_>) -> Poll<()>) -> Option<String> {
    let search = Arc::new(Search {
        locate,
        is_armed: AtomicBool::new(false),
        found: Mutex::default(),
    });
    for is_second in [false, true] {
        let waker = Waker::from(Arc::new(Probe(Arc::clone(&search))));
        search.is_armed.store(is_second, Ordering::Relaxed);
        let poll = guard::call("the workflow", || poll(&mut Context::from_waker(&waker)));
        search.is_armed.store(false, Ordering::Relaxed);
        if !matches!(poll, Ok(Poll::Pending)) {
            return None;
        }
    }
    search.found.lock().unwrap_or_else(PoisonError::into_inner).take()
}

struct Search {
    locate: Locate,
    is_armed: AtomicBool,
    found: Mutex<Option<String>>,
}

/// A waker that wakes nobody; what counts is where it ends.
struct Probe(Arc<Search>);

impl Wake for Probe {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Probe {
    fn drop(&mut self) {
        let search = &self.0;
        if search.is_armed.load(Ordering::Relaxed) {
            let line = (search.locate)();
            let mut found = search.found.lock().unwrap_or_else(PoisonError::into_inner);
            *found = found.take().or(line);
        }
    }
}
