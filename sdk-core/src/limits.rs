//! The bounds of everything that could grow.

use std::time::Duration;

/// How often routines may be polled in one turn before the turn counts as one that never comes to rest.
pub(crate) const POLLS_PER_TURN_MAX: usize = 1_000_000;

/// How many signals without a handler a run keeps; later ones are only reported.
pub(crate) const UNHANDLED_SIGNALS_MAX: usize = 1_000;

/// The largest value the `TemporalChangeVersion` search attribute may have, as the server limits it.
pub(crate) const CHANGE_VERSION_BYTES_MAX: usize = 2_048;

/// How many events a page of history is asked to hold; the server may send fewer.
pub(crate) const HISTORY_PAGE_EVENTS_MAX: i32 = 0;

/// How many rows of history and code a mismatch shows after the one that differs.
pub(crate) const MISMATCH_ROWS_AFTER_MAX: usize = 3;

/// How many rows of history and code a mismatch shows before the one that differs.
pub(crate) const MISMATCH_ROWS_BEFORE_MAX: usize = 3;

/// How many legacy queries wait for a run's outstanding task; the oldest gives way.
pub(crate) const BUFFERED_QUERIES_MAX: usize = 100;

/// How many events of an encoded history are decoded ahead when it is replayed.
pub(crate) const REPLAY_PAGE_EVENTS_MAX: usize = 256;

/// The longest wait between attempts at a local activity during which its workflow task is kept open.
pub(crate) const LOCAL_RETRY_THRESHOLD: Duration = Duration::from_secs(60);

/// How long a workflow task may take, if the workflow's start doesn't say.
pub(crate) const WORKFLOW_TASK_TIMEOUT: Duration = Duration::from_secs(10);
