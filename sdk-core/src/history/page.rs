//! Pages of events on their way in.

use std::{error::Error, fmt};

/// Why a page of history can't be taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HistoryError {
    /// An event is missing.
    Gap {
        /// The id that should have come next.
        expected: i64,
        /// The id that came.
        found: i64,
    },
    /// The history ends before the workflow task that is to be worked on.
    PrematureEnd {
        /// The id of the task's `WorkflowTaskStarted`.
        expected: i64,
        /// The id of the last event there is.
        last: i64,
    },
    /// The first event isn't the start of a run.
    NotFromStart {
        /// The id of the first event.
        first: i64,
    },
}

impl fmt::Display for HistoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap { expected, found } => {
                write!(
                    f,
                    "the history has a gap: event {expected} should come next, but {found} came"
                )
            }
            Self::PrematureEnd { expected, last } => write!(
                f,
                "the history ends with event {last}, before event {expected}, the start of this workflow task; \
                 the task will be tried again"
            ),
            Self::NotFromStart { first } => write!(
                f,
                "the history begins with event {first}; a run that isn't cached needs it from WorkflowExecutionStarted"
            ),
        }
    }
}

impl Error for HistoryError {}
