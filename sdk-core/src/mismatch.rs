//! Where history and code differ.

use crate::TaskFailure;
use std::{error::Error, fmt};

/// History and code differ: the code isn't the one that made this history, or it isn't deterministic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The event at which they differ.
    pub event_id: i64,
    /// What history has there.
    pub recorded: String,
    /// What the code issued there, if anything.
    pub issued: Option<String>,
    /// The line of workflow code that issued it.
    pub location: Option<String>,
    /// What exactly differs.
    pub difference: String,
    /// What to do about it.
    pub hint: String,
    /// History beside code, around the place.
    pub rows: Vec<Row>,
}

/// One line of history beside one line of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What history has.
    pub history: String,
    /// What the code did.
    pub code: String,
    /// Whether this is where they differ.
    pub differs: bool,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "[TMPRL1100] history and code differ at event {}: {}",
            self.event_id, self.difference
        )?;
        let width = self.rows.iter().map(|row| row.history.chars().count()).max();
        let width = width.unwrap_or_default().max("history".len());
        writeln!(f, "  {:width$} | code", "history")?;
        for row in &self.rows {
            let mark = if row.differs { ">" } else { " " };
            writeln!(f, "{mark} {:width$} | {}", row.history, row.code)?;
        }
        write!(f, "{}", self.hint)
    }
}

impl Error for Mismatch {}

/// Why a turn can't be completed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TurnError {
    /// History and code differ.
    Mismatch(Box<Mismatch>),
    /// Code failed the task, or the task can't be worked on.
    Task(TaskFailure),
}

impl fmt::Display for TurnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch(mismatch) => mismatch.fmt(f),
            Self::Task(failure) => failure.fmt(f),
        }
    }
}

impl Error for TurnError {}

impl From<TaskFailure> for TurnError {
    fn from(failure: TaskFailure) -> Self {
        Self::Task(failure)
    }
}

impl TaskFailure {
    /// A failure with a text and no place.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            location: None,
            is_panic: false,
        }
    }
}

impl fmt::Display for TaskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.location {
            Some(location) => write!(f, " ({location})"),
            None => Ok(()),
        }
    }
}

impl Error for TaskFailure {}
