//! Ids, times and settings of an execution.

use crate::{
    convert::{Converter, Data, DecodeError},
    error::WorkflowFailure,
    interceptor::Headers,
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use steadfast_core::Host;
use steadfast_proto::common::Payload;

/// Ids, times and settings of a workflow execution, the same for a whole run.
#[derive(Debug, Clone)]
pub struct WorkflowInfo {
    info: Arc<steadfast_core::WorkflowInfo>,
    converter: Converter,
}

/// The workflow that started this one as its child.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParentWorkflow {
    /// Its namespace.
    pub namespace: String,
    /// Its id.
    pub workflow_id: String,
    /// Its run id.
    pub run_id: String,
}

/// The update whose handler, or validator, runs at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpdateInfo {
    /// Its id, the same when it is sent again.
    pub id: String,
    /// Its name.
    pub name: String,
}

impl UpdateInfo {
    pub(super) fn current(host: &Host) -> Option<Self> {
        let update = host.current_update()?;
        Some(Self {
            id: update.id.clone(),
            name: update.name.clone(),
        })
    }
}

impl WorkflowInfo {
    pub(super) fn new(info: Arc<steadfast_core::WorkflowInfo>, converter: Converter) -> Self {
        Self { info, converter }
    }

    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.info.namespace
    }

    /// The workflow id.
    #[must_use]
    pub fn workflow_id(&self) -> &str {
        &self.info.workflow_id
    }

    /// The run id.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.info.run_id
    }

    /// What came beside the input of this run.
    #[must_use]
    pub fn headers(&self) -> Headers {
        Headers::of(self.info.rare().header.clone())
    }

    /// The id of the first run of the chain, which continuing as new, retries and cron keep.
    #[must_use]
    pub fn first_execution_run_id(&self) -> &str {
        &self.info.first_execution_run_id
    }

    /// The run that continued as new as this one.
    #[must_use]
    pub fn continued_run_id(&self) -> Option<&str> {
        Some(self.info.rare().continued_execution_run_id.as_str()).filter(|id| !id.is_empty())
    }

    /// The workflow type's name.
    #[must_use]
    pub fn workflow_type(&self) -> &str {
        &self.info.workflow_type
    }

    /// The task queue.
    #[must_use]
    pub fn task_queue(&self) -> &str {
        &self.info.task_queue
    }

    /// Which attempt this is, counted from one, if the workflow has a retry policy.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        u32::try_from(self.info.attempt).unwrap_or(0).max(1)
    }

    /// When the run started.
    #[must_use]
    pub fn start_time(&self) -> Option<SystemTime> {
        self.info.start_time
    }

    /// How long the whole chain of runs may take.
    #[must_use]
    pub fn execution_timeout(&self) -> Option<Duration> {
        self.info.execution_timeout
    }

    /// How long this run may take.
    #[must_use]
    pub fn run_timeout(&self) -> Option<Duration> {
        self.info.run_timeout
    }

    /// How long a workflow task may take.
    #[must_use]
    pub fn task_timeout(&self) -> Option<Duration> {
        self.info.task_timeout
    }

    /// The cron schedule, if it has one.
    #[must_use]
    pub fn cron_schedule(&self) -> Option<&str> {
        Some(self.info.rare().cron_schedule.as_str()).filter(|schedule| !schedule.is_empty())
    }

    /// The workflow that started this one as its child.
    #[must_use]
    pub fn parent(&self) -> Option<ParentWorkflow> {
        let (namespace, parent) = self.info.rare().parent.as_ref()?;
        Some(ParentWorkflow {
            namespace: namespace.clone(),
            workflow_id: parent.workflow_id.clone(),
            run_id: parent.run_id.clone(),
        })
    }

    /// A field of the memo that the workflow was started with.
    ///
    /// # Errors
    /// The field is no `T`.
    pub fn memo<T: Data>(&self, name: &str) -> Result<Option<T>, DecodeError> {
        let field = self.info.rare().memo.as_ref().and_then(|memo| memo.fields.get(name));
        field.map(|payload| self.converter.decode(Some(payload))).transpose()
    }

    /// The search attributes that the workflow was started with, as they travel.
    pub fn search_attributes(&self) -> impl Iterator<Item = (&str, &Payload)> {
        let attributes = self.info.rare().search_attributes.as_ref();
        attributes.into_iter().flat_map(|attributes| {
            attributes
                .indexed_fields
                .iter()
                .map(|(name, payload)| (name.as_str(), payload))
        })
    }

    /// What the previous run of a cron workflow or a schedule returned.
    ///
    /// # Errors
    /// The result is no `T`.
    pub fn last_completion_result<T: Data>(&self) -> Result<Option<T>, DecodeError> {
        let result = self.info.rare().last_completion_result.as_ref();
        result
            .filter(|result| !result.payloads.is_empty())
            .map(|result| self.converter.decode_result(Some(result)))
            .transpose()
    }

    /// How the previous run failed, of a workflow that is retried or has a cron schedule.
    #[must_use]
    pub fn last_failure(&self) -> Option<WorkflowFailure> {
        let failure = self.info.rare().last_failure.clone();
        failure.map(WorkflowFailure::from_failure)
    }
}
