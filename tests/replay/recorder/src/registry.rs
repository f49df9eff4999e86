//! One list of workflows for both a worker and the official replayer.

use anyhow::Result;
use temporalio_common::WorkflowDefinition;
use temporalio_sdk::{WorkerOptions, workflow_replayer::WorkflowReplayerOptions, workflows::WorkflowImplementation};

/// Where workflows are registered.
pub enum Registry<'a> {
    Worker(&'a mut WorkerOptions),
    Replayer(&'a mut WorkflowReplayerOptions),
}

impl Registry<'_> {
    pub fn workflow<W>(&mut self) -> Result<&mut Self>
    where
        W: WorkflowImplementation,
        <W::Run as WorkflowDefinition>::Input: Send,
    {
        match self {
            Self::Worker(options) => {
                options.register_workflow::<W>()?;
            }
            Self::Replayer(options) => {
                options.register_workflow::<W>()?;
            }
        }
        Ok(self)
    }
}

/// Registers the workflows that a worker of some scenario knows.
pub type Register = fn(&mut Registry<'_>) -> Result<()>;
