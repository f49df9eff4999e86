//! What the server knows about a workflow.

use super::{PendingActivity, PendingChild, PendingWorkflowTask, WorkflowStatus, WorkflowVersioning};
use crate::{
    convert::{Converter, Data, DecodeError},
    search_attribute::{SearchAttributeKey, SearchAttributeValue},
};
use std::time::SystemTime;
use steadfast_proto::{
    system_time, workflow::WorkflowExecutionInfo, workflowservice::DescribeWorkflowExecutionResponse,
};

/// What the server knows about a workflow, at the time it was asked.
#[derive(Debug, Clone)]
pub struct WorkflowDescription {
    response: Box<DescribeWorkflowExecutionResponse>,
    info: Box<WorkflowExecutionInfo>,
    converter: Converter,
}

/// What is known of a workflow, from its description or from a list.
macro_rules! execution_info {
    ($name:ident) => {
        impl $name {
            /// The workflow's id.
            #[must_use]
            pub fn id(&self) -> &str {
                self.info
                    .execution
                    .as_ref()
                    .map_or("", |execution| &execution.workflow_id)
            }

            /// The run's id.
            #[must_use]
            pub fn run_id(&self) -> &str {
                self.info
                    .execution
                    .as_ref()
                    .map_or("", |execution| &execution.run_id)
            }

            /// The name of the workflow's type.
            #[must_use]
            pub fn workflow_type(&self) -> &str {
                self.info
                    .r#type
                    .as_ref()
                    .map_or("", |workflow_type| &workflow_type.name)
            }

            /// Whether it runs, and if not, how it ended.
            #[must_use]
            pub fn status(&self) -> WorkflowStatus {
                self.info.status()
            }

            /// The task queue.
            #[must_use]
            pub fn task_queue(&self) -> &str {
                &self.info.task_queue
            }

            /// The first run of its chain of retries, runs of a cron schedule and runs that continued as new. Servers leave it
            /// out of lists: empty there.
            #[must_use]
            pub fn first_run_id(&self) -> &str {
                &self.info.first_run_id
            }

            /// When it was started.
            #[must_use]
            pub fn start_time(&self) -> Option<SystemTime> {
                self.info.start_time.as_ref().and_then(system_time)
            }

            /// When its first task was, or will be, given to a worker: later than the start after a start delay, say.
            #[must_use]
            pub fn execution_time(&self) -> Option<SystemTime> {
                self.info.execution_time.as_ref().and_then(system_time)
            }

            /// When it ended, if it did.
            #[must_use]
            pub fn close_time(&self) -> Option<SystemTime> {
                self.info.close_time.as_ref().and_then(system_time)
            }

            /// How many events its history has.
            #[must_use]
            pub fn history_length(&self) -> i64 {
                self.info.history_length
            }

            /// The id of the workflow that this one is a child of.
            #[must_use]
            pub fn parent_id(&self) -> Option<&str> {
                self.info
                    .parent_execution
                    .as_ref()
                    .map(|parent| parent.workflow_id.as_str())
            }

            /// A field of the memo, `None` if there is none of the name.
            ///
            /// # Errors
            /// It is not a `T`.
            pub fn memo<T: Data>(&self, name: &str) -> Result<Option<T>, DecodeError> {
                self.converter
                    .decode_field(self.info.memo.as_ref().map(|memo| &memo.fields), name)
            }

            /// The value of a search attribute, `None` if it is not set.
            ///
            /// # Errors
            /// It is of another type than the key says.
            pub fn search_attribute<T: SearchAttributeValue>(
                &self,
                key: &SearchAttributeKey<T>,
            ) -> Result<Option<T>, DecodeError> {
                key.among(self.info.search_attributes.as_ref())
            }
        }
    };
}

pub(super) use execution_info;

execution_info!(WorkflowDescription);

impl WorkflowDescription {
    pub(super) fn new(mut response: DescribeWorkflowExecutionResponse, converter: Converter) -> Self {
        Self {
            info: Box::new(response.workflow_execution_info.take().unwrap_or_default()),
            response: Box::new(response),
            converter,
        }
    }

    /// The history's size in bytes.
    #[must_use]
    pub fn history_size_bytes(&self) -> i64 {
        self.info.history_size_bytes
    }

    /// Activities that have not ended.
    pub fn pending_activities(&self) -> impl ExactSizeIterator<Item = PendingActivity<'_>> {
        let converter = &self.converter;
        let pending = self.response.pending_activities.iter();
        pending.map(move |info| PendingActivity { info, converter })
    }

    /// Children that have not ended.
    pub fn pending_children(&self) -> impl ExactSizeIterator<Item = PendingChild<'_>> {
        self.response.pending_children.iter().map(PendingChild)
    }

    /// The workflow task that has not ended, if there is one.
    #[must_use]
    pub fn pending_workflow_task(&self) -> Option<PendingWorkflowTask<'_>> {
        self.response.pending_workflow_task.as_ref().map(PendingWorkflowTask)
    }

    /// Which build of a deployment runs it; `None` if no versioned worker had it yet, and nobody said which is to.
    #[must_use]
    pub fn versioning(&self) -> Option<WorkflowVersioning<'_>> {
        self.info.versioning_info.as_ref().map(WorkflowVersioning)
    }

    /// Whether somebody paused it.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.status() == WorkflowStatus::Paused
    }

    /// Whether somebody asked for its cancellation.
    #[must_use]
    pub fn is_cancel_requested(&self) -> bool {
        self.response
            .workflow_extended_info
            .as_ref()
            .is_some_and(|info| info.cancel_requested)
    }

    /// The answer as it came, and the part of it that all workflows have in lists too.
    #[must_use]
    pub fn raw(&self) -> (&DescribeWorkflowExecutionResponse, &WorkflowExecutionInfo) {
        (&self.response, &self.info)
    }
}
