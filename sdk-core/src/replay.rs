//! A whole history against the code of today.

use crate::{
    DroppedSignal, Programs, Run, Start, TaskFailure, TurnError, guard,
    history::{Cursor, HistoryError, Step, Turn},
    limits::REPLAY_PAGE_EVENTS_MAX,
};
use prost::{
    DecodeError,
    encoding::{DecodeContext, decode_key, skip_field},
};
use std::{error::Error, fmt, mem, time::SystemTime};
use steadfast_proto::{
    command::Command,
    common::Payloads,
    failure::Failure,
    history::{History, HistoryEvent},
    query::WorkflowQuery,
};

/// A history that the code of today replays.
pub struct Replayed {
    /// The type of the workflow.
    pub workflow_type: String,
    /// How many events were applied.
    pub events: u64,
    /// How many workflow tasks were replayed.
    pub turns: u64,
    /// What the code would do next, if the history ends with a workflow task under way.
    pub commands: Vec<Command>,
    run: Run,
}

impl Replayed {
    /// Asks the replayed workflow.
    ///
    /// # Errors
    /// The failure that a caller would see.
    pub fn query(&mut self, name: &str, arguments: Option<&Payloads>) -> Result<Option<Payloads>, Failure> {
        self.run.query(&WorkflowQuery {
            query_type: name.to_owned(),
            query_args: arguments.cloned(),
            header: None,
        })
    }

    /// Signals of a workflow task under way that went nowhere.
    pub fn take_dropped_signals(&mut self) -> Vec<DroppedSignal> {
        self.run.take_dropped_signals()
    }

    /// The run, as the history leaves it.
    #[must_use]
    pub fn run(&self) -> &Run {
        &self.run
    }
}

impl fmt::Debug for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replayed")
            .field("workflow_type", &self.workflow_type)
            .field("events", &self.events)
            .field("turns", &self.turns)
            .finish_non_exhaustive()
    }
}

/// Why a history doesn't replay.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplayError {
    /// The bytes aren't a history.
    Undecodable(String),
    /// Events are missing.
    History(HistoryError),
    /// Nobody registered the workflow's type.
    Unregistered {
        /// The type.
        workflow_type: String,
        /// The types that are registered.
        registered: Vec<String>,
    },
    /// Code and history differ, or the code failed a task.
    Turn(TurnError),
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undecodable(reason) => write!(f, "not a history: {reason}"),
            Self::History(error) => error.fmt(f),
            Self::Unregistered {
                workflow_type,
                registered,
            } => write!(
                f,
                "the history is of workflow type '{workflow_type}', and only these are registered: {}",
                registered.join(", ")
            ),
            Self::Turn(error) => error.fmt(f),
        }
    }
}

impl Error for ReplayError {}

impl From<HistoryError> for ReplayError {
    fn from(error: HistoryError) -> Self {
        Self::History(error)
    }
}

impl From<TurnError> for ReplayError {
    fn from(error: TurnError) -> Self {
        Self::Turn(error)
    }
}

impl From<TaskFailure> for ReplayError {
    fn from(failure: TaskFailure) -> Self {
        Self::Turn(TurnError::Task(failure))
    }
}

/// Replays an encoded history. Events are decoded as they are needed, so that a long history takes little memory.
///
/// # Errors
/// The code of today doesn't do what the history says, or the bytes are no history.
pub fn replay_bytes(mut bytes: &[u8], namespace: &str, programs: &dyn Programs) -> Result<Replayed, ReplayError> {
    let page = || decode_page(&mut bytes).map_err(|error| ReplayError::Undecodable(error.to_string()));
    replay_pages(page, namespace, programs)
}

/// Replays a history.
///
/// # Errors
/// The code of today doesn't do what the history says.
pub fn replay(mut history: History, namespace: &str, programs: &dyn Programs) -> Result<Replayed, ReplayError> {
    replay_pages(|| Ok(mem::take(&mut history.events)), namespace, programs)
}

/// Replays pages of events; an empty one is the last.
fn replay_pages(
    mut page: impl FnMut() -> Result<Vec<HistoryEvent>, ReplayError>,
    namespace: &str,
    programs: &dyn Programs,
) -> Result<Replayed, ReplayError> {
    let mut cursor = Cursor::new(0, 0);
    let mut replayed: Option<Replayed> = None;
    loop {
        let mut turn = match cursor.step() {
            Step::Turn(turn) => turn,
            Step::End => break,
            Step::NeedPage => {
                let events = page()?;
                if events.is_empty() {
                    cursor.finish();
                }
                cursor.push(events)?;
                continue;
            }
        };
        let replayed = match &mut replayed {
            Some(replayed) => replayed,
            None => replayed.insert(begin(&mut turn, namespace, programs)?),
        };
        replayed.events = replayed.events.saturating_add(turn.events.len() as u64);
        replayed.turns = replayed.turns.saturating_add(u64::from(turn.started.is_some()));
        // What the worker's time decides, history has, or nobody waits for here.
        replayed.run.turn(*turn, SystemTime::UNIX_EPOCH)?;
        replayed.commands = replayed.run.take_commands();
    }
    replayed.ok_or(ReplayError::History(HistoryError::NotFromStart { first: 0 }))
}

/// Decodes the next events of an encoded `History`, whose only field is a list of them.
fn decode_page(bytes: &mut &[u8]) -> Result<Vec<HistoryEvent>, DecodeError> {
    let (whole, mut events) = (*bytes, 0_usize);
    while !bytes.is_empty() && events < REPLAY_PAGE_EVENTS_MAX {
        let (tag, wire_type) = decode_key(bytes)?;
        skip_field(wire_type, tag, bytes, DecodeContext::default())?;
        events = events.saturating_add(usize::from(tag == 1));
    }
    let page = whole.get(..whole.len().saturating_sub(bytes.len()));
    Ok(History::from_wire(page.unwrap_or_default())?.events)
}

fn begin(turn: &mut Turn, namespace: &str, programs: &dyn Programs) -> Result<Replayed, ReplayError> {
    let start = Start::take(turn)?;
    let workflow_type = start.workflow_type().to_owned();
    let program = guard::call("making a workflow instance", || programs.create(&workflow_type))?;
    let program = program.ok_or_else(|| ReplayError::Unregistered {
        workflow_type: workflow_type.clone(),
        registered: programs.registered(),
    })?;
    let start = Start {
        namespace: namespace.to_owned(),
        workflow_id: start.started.workflow_id.clone(),
        run_id: start.started.original_execution_run_id.clone(),
        ..start
    };
    Ok(Replayed {
        workflow_type,
        events: 0,
        turns: 0,
        commands: Vec::new(),
        run: Run::new(program, start, true),
    })
}
