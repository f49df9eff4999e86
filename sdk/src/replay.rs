//! Histories of yesterday against the code of today.
//!
//! A workflow's code may only change in ways that its running executions survive. Whether it does is tested with recorded
//! histories, as `temporal workflow show --output json` prints them:
//!
//! ```
//! use steadfast::{prelude::*, replay::Replayer};
//!
//! # #[derive(Default)]
//! # pub struct Approval;
//! # #[workflow]
//! # impl Approval {
//! #     #[run]
//! #     async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
//! #         Ok(ctx.sleep(secs(1)).await?)
//! #     }
//! # }
//! # fn example(recorded: &[u8]) -> Result<(), steadfast::replay::ReplayError> {
//! Replayer::new().workflow::<Approval>().replay_json(recorded)?;
//! # Ok(())
//! # }
//! ```

use crate::{
    convert::Converter,
    workflow::{WorkflowImplementation, instance::Definition},
};
use std::{collections::BTreeMap, error::Error, fmt, sync::Arc};
use steadfast_core::{Program, Programs};
use steadfast_proto::history::History;

pub use steadfast_core::{Mismatch, Replayed, Row, TurnError};
pub use steadfast_proto::json::{JsonError, history_from_json, history_to_json};

/// Replays histories with the workflows that it was given.
///
/// No server, no worker, no activities: what an activity returned is in the history.
pub struct Replayer {
    workflows: BTreeMap<&'static str, MakeProgram>,
    namespace: String,
    converter: Converter,
}

type MakeProgram = Box<dyn Fn(&Converter) -> Box<dyn Program> + Send + Sync>;

impl Replayer {
    /// A replayer that knows no workflow yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            workflows: BTreeMap::new(),
            namespace: "default".to_owned(),
            converter: Converter::default(),
        }
    }

    /// Replays histories of this workflow; in place of an earlier one of the same name.
    #[must_use]
    pub fn workflow<W: WorkflowImplementation>(mut self) -> Self {
        let make: MakeProgram = Box::new(|converter| Arc::new(Definition::<W>::new(converter.clone())).instance());
        self.workflows.insert(W::NAME, make);
        self
    }

    /// The namespace that workflow code sees (`default`).
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// What encodes and decodes values.
    #[must_use]
    pub fn converter(mut self, converter: Converter) -> Self {
        self.converter = converter;
        self
    }

    /// Replays a history.
    ///
    /// # Errors
    /// The code of today doesn't do what the history says: [`ReplayError::mismatch`] tells where and how.
    pub fn replay(&self, history: History) -> Result<Replayed, ReplayError> {
        steadfast_core::replay(history, &self.namespace, self).map_err(ReplayError::Replay)
    }

    /// Replays a history in JSON, as `temporal workflow show --output json` prints it and the web interface downloads it.
    ///
    /// # Errors
    /// As [`replay`](Self::replay), or the text is no history.
    pub fn replay_json(&self, history: impl AsRef<[u8]>) -> Result<Replayed, ReplayError> {
        self.replay(history_from_json(history.as_ref())?)
    }
}

impl Default for Replayer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Replayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replayer")
            .field("workflows", &self.workflows.keys())
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

impl Programs for Replayer {
    fn create(&self, workflow_type: &str) -> Option<Box<dyn Program>> {
        self.workflows.get(workflow_type).map(|make| make(&self.converter))
    }

    fn registered(&self) -> Vec<String> {
        self.workflows.keys().map(|name| (*name).to_owned()).collect()
    }
}

/// Why a history doesn't replay.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReplayError {
    /// The text is no history.
    Json(JsonError),
    /// Code and history differ, the code failed a task, its workflow isn't registered, or events are missing.
    Replay(steadfast_core::ReplayError),
}

impl ReplayError {
    /// Where history and code differ, if that is what is wrong.
    #[must_use]
    pub fn mismatch(&self) -> Option<&Mismatch> {
        match self {
            Self::Replay(steadfast_core::ReplayError::Turn(TurnError::Mismatch(mismatch))) => Some(mismatch),
            _ => None,
        }
    }
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => error.fmt(f),
            Self::Replay(error) => error.fmt(f),
        }
    }
}

impl Error for ReplayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Json(error) => error.source(),
            Self::Replay(error) => error.source(),
        }
    }
}

impl From<JsonError> for ReplayError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}
