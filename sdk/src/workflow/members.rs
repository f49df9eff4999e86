//! Futures awaited together, of which only those are polled that were woken.

use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// Futures by number, in the order in which they were added.
pub(super) struct Members<F> {
    futures: BTreeMap<u64, Member<F>>,
    added: u64,
    woken: Arc<Woken>,
}

struct Member<F> {
    future: Pin<Box<F>>,
    alarm: Arc<Alarm>,
    waker: Waker,
}

/// Who is to be polled, and who polls.
#[derive(Default)]
struct Woken(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    /// In the order in which they were woken, which is that of the history's events.
    members: VecDeque<u64>,
    parent: Option<Waker>,
}

/// Wakes one member.
struct Alarm {
    member: u64,
    /// It is among the woken.
    rung: AtomicBool,
    woken: Arc<Woken>,
}

impl<F> Members<F> {
    pub(super) fn new() -> Self {
        Self {
            futures: BTreeMap::new(),
            added: 0,
            woken: Arc::default(),
        }
    }

    /// Adds a future, to be polled; the number is its place.
    pub(super) fn push(&mut self, future: F) -> u64 {
        let number = self.added;
        self.added = self.added.saturating_add(1);
        let alarm = Arc::new(Alarm {
            member: number,
            rung: AtomicBool::new(false),
            woken: Arc::clone(&self.woken),
        });
        let waker = Waker::from(Arc::clone(&alarm));
        alarm.wake_by_ref();
        let future = Box::pin(future);
        self.futures.insert(number, Member { future, alarm, waker });
        number
    }

    /// How many are pending.
    pub(super) fn len(&self) -> usize {
        self.futures.len()
    }

    pub(super) fn clear(&mut self) {
        self.futures.clear();
    }
}

impl<F: Future> Members<F> {
    /// Whoever polls them is woken with each of them from now on.
    pub(super) fn attach(&mut self, task: &Context<'_>) {
        let parent = task.waker().clone();
        let mut queue = self.woken.queue();
        if queue.parent.as_ref().is_some_and(|known| known.will_wake(&parent)) {
            return;
        }
        let old = queue.parent.replace(parent);
        drop(queue);
        if old.is_some() {
            // What they wait for is booked on who polled them before: all of them are to ask again.
            for member in self.futures.values() {
                member.alarm.ring();
            }
        }
    }

    /// The numbers of those that were woken, in the order in which they were added.
    pub(super) fn take_woken(&mut self) -> Vec<u64> {
        let mut woken: Vec<u64> = std::mem::take(&mut self.woken.queue().members).into();
        woken.sort_unstable();
        woken
    }

    /// The one that was woken first.
    pub(super) fn next_woken(&mut self) -> Option<u64> {
        self.woken.queue().members.pop_front()
    }

    /// How many were woken.
    pub(super) fn woken(&self) -> usize {
        self.woken.queue().members.len()
    }

    /// Polls a woken one; when it is ready it is no member any more.
    pub(super) fn poll(&mut self, number: u64) -> Poll<F::Output> {
        let Some(member) = self.futures.get_mut(&number) else {
            return Poll::Pending;
        };
        member.alarm.rung.store(false, Ordering::Relaxed);
        let poll = member.future.as_mut().poll(&mut Context::from_waker(&member.waker));
        if poll.is_ready() {
            self.futures.remove(&number);
        }
        poll
    }
}

impl Woken {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Alarm {
    /// Puts the member among the woken.
    fn ring(&self) -> bool {
        let is_new = !self.rung.swap(true, Ordering::Relaxed);
        if is_new {
            self.woken.queue().members.push_back(self.member);
        }
        is_new
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.ring() {
            let parent = self.woken.queue().parent.clone();
            if let Some(parent) = parent {
                parent.wake();
            }
        }
    }
}
