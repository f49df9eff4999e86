//! Ending a run and beginning again with a fresh history.

use super::Workflow;
use crate::{
    convert::{Converter, EncodeError},
    error::WorkflowError,
    search_attribute::{self, SearchAttributeUpdate},
};
use serde::Serialize;
use std::time::Duration;
use steadfast_core::Host;
use steadfast_proto::{
    command::ContinueAsNewWorkflowExecutionCommandAttributes,
    common::{Memo, RetryPolicy, WorkflowType},
    enums::ContinueAsNewVersioningBehavior,
    taskqueue::TaskQueue,
};

/// How the next run begins. Turned into a result by `.into()`: `return ctx.continue_as_new_with(input).into()`.
///
/// What isn't set here stays as it is in this run.
#[must_use = "it takes effect when it is returned: `return ctx.continue_as_new_with(..).into()`"]
pub struct ContinueAsNew {
    attributes: Box<ContinueAsNewWorkflowExecutionCommandAttributes>,
    converter: Converter,
    error: Option<EncodeError>,
}

impl ContinueAsNew {
    pub(super) fn new<W: Workflow + ?Sized>(host: &Host, input: &W::Input, converter: &Converter) -> Self {
        let info = host.info();
        let (input, error) = match W::encode(input, converter) {
            Ok(input) => (Some(input), None),
            Err(error) => (None, Some(error)),
        };
        let attributes = ContinueAsNewWorkflowExecutionCommandAttributes {
            workflow_type: Some(WorkflowType {
                // A dynamic workflow goes on under the name that it was started by.
                name: if W::NAME.is_empty() {
                    &info.workflow_type
                } else {
                    W::NAME
                }
                .to_owned(),
            }),
            task_queue: Some(TaskQueue {
                name: info.task_queue.clone(),
                ..TaskQueue::default()
            }),
            input,
            // What came beside the input of this run goes on beside that of the next.
            header: info.rare().header.clone(),
            ..ContinueAsNewWorkflowExecutionCommandAttributes::default()
        };
        Self {
            attributes: Box::new(attributes),
            converter: converter.clone(),
            error,
        }
    }

    /// Runs on another task queue.
    pub fn task_queue(mut self, task_queue: impl Into<String>) -> Self {
        self.attributes.task_queue = Some(TaskQueue {
            name: task_queue.into(),
            ..TaskQueue::default()
        });
        self
    }

    /// How long the next run may take.
    pub fn run_timeout(mut self, timeout: Duration) -> Self {
        self.attributes.workflow_run_timeout = Some(steadfast_proto::duration(timeout));
        self
    }

    /// How long a workflow task of the next run may take.
    pub fn task_timeout(mut self, timeout: Duration) -> Self {
        self.attributes.workflow_task_timeout = Some(steadfast_proto::duration(timeout));
        self
    }

    /// Whether and how the next run is retried if it fails.
    pub fn retry_policy(mut self, policy: impl Into<RetryPolicy>) -> Self {
        self.attributes.retry_policy = Some(policy.into());
        self
    }

    /// How long to wait before the next run begins.
    pub fn start_delay(mut self, delay: Duration) -> Self {
        self.attributes.backoff_start_interval = Some(steadfast_proto::duration(delay));
        self
    }

    /// Which version of a deployment the next run begins on, if it is pinned: that of this run, unless this says otherwise.
    pub fn initial_versioning_behavior(mut self, behavior: ContinueAsNewVersioningBehavior) -> Self {
        self.attributes.initial_versioning_behavior = behavior.into();
        self
    }

    /// Sets a field of the next run's memo. The memo of this run is not carried over once a field is set.
    pub fn memo<T: Serialize + 'static>(mut self, name: impl Into<String>, value: &T) -> Self {
        match self.converter.encode(value) {
            Ok(payload) => {
                let memo = self.attributes.memo.get_or_insert_with(Memo::default);
                memo.fields.insert(name.into(), payload);
            }
            Err(error) => self.error = Some(error),
        }
        self
    }

    /// Sets the search attributes of the next run. Those of this run are not carried over then.
    pub fn search_attributes(mut self, attributes: impl IntoIterator<Item = SearchAttributeUpdate>) -> Self {
        self.attributes.search_attributes = Some(search_attribute::collect(attributes));
        self
    }
}

impl From<ContinueAsNew> for WorkflowError {
    fn from(next: ContinueAsNew) -> Self {
        match next.error {
            None => Self::continue_as_new(*next.attributes),
            Some(error) => error.into(),
        }
    }
}

impl<T> From<ContinueAsNew> for Result<T, WorkflowError> {
    fn from(next: ContinueAsNew) -> Self {
        Err(next.into())
    }
}
