//! History, cut into turns before anything of it is applied.
//!
//! A [`Cursor`] takes pages of events in and gives [`Turn`]s out: the events between two workflow tasks, together with
//! what the run has to know ahead of time (which patches were recorded, which updates accepted, which flags used by the
//! task that this turn is). Each event is looked at a bounded number of times and moved, never cloned.

mod cursor;
pub(crate) mod event;
pub(crate) mod local_activity;
mod page;
mod turn;

#[cfg(test)]
mod tests;

pub use cursor::{Cursor, Step};
pub use page::HistoryError;
pub use turn::{AcceptedUpdate, LookAhead, Started, Turn};
