//! Permits, given in the order in which they were asked for: what the tools for waiting are made of.

use super::{Cancelled, operation::Operation};
use std::{
    collections::BTreeMap,
    future::Future,
    panic::Location,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};
use steadfast_core::{Command, Host};

/// A number of permits, shared by all clones.
#[derive(Debug, Clone)]
pub(super) struct Permits(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    available: usize,
    /// Nothing will be added any more.
    closed: bool,
    tickets: u64,
    waiting: BTreeMap<u64, Waiting>,
    /// What was given and not yet fetched, with how many permits go back if nobody fetches it.
    given: BTreeMap<u64, usize>,
}

#[derive(Debug)]
struct Waiting {
    count: usize,
    waker: Waker,
}

/// What became of a request.
enum Answer {
    Given,
    Closed,
    Waits,
}

impl Permits {
    pub(super) fn new(available: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            available,
            closed: false,
            tickets: 0,
            waiting: BTreeMap::new(),
            given: BTreeMap::new(),
        })))
    }

    /// Asks for permits, on behalf of this line of workflow code. Nothing happens before the first poll.
    pub(super) fn acquire(&self, count: usize, host: &Host, location: &'static Location<'static>) -> Acquire {
        Acquire {
            permits: self.clone(),
            count,
            host: host.clone(),
            location,
            ticket: None,
            cancellation: None,
        }
    }

    /// Permits, if there are enough and nobody else waits.
    pub(super) fn try_acquire(&self, count: usize) -> Option<Permit> {
        self.state().take(count).then(|| Permit {
            permits: self.clone(),
            count,
        })
    }

    pub(super) fn available(&self) -> usize {
        self.state().available
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }

    pub(super) fn add(&self, count: usize) {
        self.change(|state| state.available = state.available.saturating_add(count));
    }

    /// Adds one, unless there is one that nobody wants.
    pub(super) fn add_first(&self) {
        self.change(|state| state.available = state.available.max(1));
    }

    /// Gives all who wait now what they want, from nowhere.
    pub(super) fn give_all_waiting(&self) {
        let wakers: Vec<Waker> = {
            let mut state = self.state();
            let waiting = std::mem::take(&mut state.waiting);
            let given = waiting.into_iter().map(|(ticket, waiting)| {
                state.given.insert(ticket, 0);
                waiting.waker
            });
            given.collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Whoever can't be given what he wants is told so from now on.
    pub(super) fn close(&self) {
        let waiting = {
            let mut state = self.state();
            state.closed = true;
            std::mem::take(&mut state.waiting)
        };
        waiting.into_values().for_each(|waiting| waiting.waker.wake());
    }

    fn answer(&self, ticket: &mut Option<u64>, count: usize, waker: &Waker) -> Answer {
        let mut waker = waker.clone();
        let mut state = self.state();
        let Some(number) = *ticket else {
            if state.take(count) {
                return Answer::Given;
            }
            if state.closed {
                return Answer::Closed;
            }
            *ticket = Some(state.tickets);
            let number = state.tickets;
            state.tickets = state.tickets.saturating_add(1);
            state.waiting.insert(number, Waiting { count, waker });
            return Answer::Waits;
        };
        if state.given.remove(&number).is_some() {
            *ticket = None;
            return Answer::Given;
        }
        let Some(waiting) = state.waiting.get_mut(&number) else {
            *ticket = None;
            return Answer::Closed;
        };
        std::mem::swap(&mut waiting.waker, &mut waker);
        drop(state); // before the old waker
        Answer::Waits
    }

    /// Whoever had this ticket does not want it any more.
    fn leave(&self, ticket: u64) {
        let mut left = None;
        self.change(|state| {
            left = state.waiting.remove(&ticket);
            if let Some(count) = state.given.remove(&ticket) {
                state.available = state.available.saturating_add(count);
            }
        });
    }

    /// Changes the state, then wakes those who are given permits by that.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let wakers = {
            let mut state = self.state();
            change(&mut state);
            state.give()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, count: usize) -> bool {
        if !self.waiting.is_empty() || self.available < count {
            return false;
        }
        self.available = self.available.saturating_sub(count);
        true
    }

    /// Gives what there is to those who have waited longest; a large request isn't overtaken by small ones.
    fn give(&mut self) -> Vec<Waker> {
        let mut wakers = Vec::new();
        while let Some(first) = self.waiting.first_entry() {
            let count = first.get().count;
            if count > self.available {
                break;
            }
            let (ticket, waiting) = first.remove_entry();
            self.available = self.available.saturating_sub(count);
            self.given.insert(ticket, count);
            wakers.push(waiting.waker);
        }
        wakers
    }
}

/// Waits for permits: `None` if they were closed first.
#[must_use = "futures do nothing until they are awaited"]
pub(super) struct Acquire {
    permits: Permits,
    count: usize,
    host: Host,
    location: &'static Location<'static>,
    ticket: Option<u64>,
    /// What cancellation resolves, and what tells the run that this wait is the workflow's own.
    cancellation: Option<Operation>,
}

impl Acquire {
    fn cancelled(&mut self) -> Poll<Result<Option<Permit>, Cancelled>> {
        self.cancellation = None;
        if let Some(ticket) = self.ticket.take() {
            self.permits.leave(ticket);
        }
        Poll::Ready(Err(Cancelled))
    }
}

impl Future for Acquire {
    type Output = Result<Option<Permit>, Cancelled>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        // Cancellation is delivered once: were the permits looked at first, it would be lost.
        if let Some(cancellation) = &mut this.cancellation
            && cancellation.poll(task).is_ready()
        {
            return this.cancelled();
        }
        let permit = match this.permits.answer(&mut this.ticket, this.count, task.waker()) {
            Answer::Given => Some(Permit {
                permits: this.permits.clone(),
                count: this.count,
            }),
            Answer::Closed => None,
            Answer::Waits => {
                if this.cancellation.is_none() {
                    let mut operation = Operation::issue(&this.host, Command::Wait, this.location);
                    let resolution = operation.poll(task);
                    this.cancellation = Some(operation);
                    if resolution.is_ready() {
                        return this.cancelled();
                    }
                }
                return Poll::Pending;
            }
        };
        this.cancellation = None;
        Poll::Ready(Ok(permit))
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.permits.leave(ticket);
        }
    }
}

/// Permits that were given; they go back when it is dropped.
#[must_use = "dropping it gives the permits back"]
#[derive(Debug)]
pub(super) struct Permit {
    permits: Permits,
    count: usize,
}

impl Permit {
    /// They don't go back.
    pub(super) fn forget(mut self) {
        self.count = 0;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.count > 0 {
            self.permits.add(self.count);
        }
    }
}
