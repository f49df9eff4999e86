//! Resets: a workflow goes back to an earlier event, and on from there in a new run.

use super::{NoWorkflowTask, ResetError, ResetReapplyExcludeType, ToClient, WorkflowEvents, WorkflowHandle, new_id};
use crate::{handle::Handle, workflow::Workflow};
use std::{future::IntoFuture, marker::PhantomData};
use steadfast_core::BoxFuture;
use steadfast_proto::{
    common::{ResetOptions, reset_options::Target},
    enums::EventType,
    workflowservice::ResetWorkflowExecutionRequest,
};

/// Where a reset goes back to: what came after is forgotten, but for the messages that are delivered anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResetPoint {
    /// The first workflow task: the workflow begins anew.
    FirstWorkflowTask,
    /// The last workflow task.
    LastWorkflowTask,
    /// The event of this id, which ends a workflow task: completed, failed or timed out.
    Event(i64),
}

impl ResetPoint {
    pub(super) fn options(self, excluded: impl IntoIterator<Item = ResetReapplyExcludeType>) -> ResetOptions {
        ResetOptions {
            target: Some(match self {
                Self::FirstWorkflowTask => Target::FirstWorkflowTask(()),
                Self::LastWorkflowTask => Target::LastWorkflowTask(()),
                Self::Event(id) => Target::WorkflowTaskId(id),
            }),
            reset_reapply_exclude_types: codes(excluded),
            ..ResetOptions::default()
        }
    }

    /// The event that ends the workflow task; of a task that has not ended, the one that it would have.
    async fn event_id(self, target: &ToClient) -> Result<i64, ResetError> {
        if let Self::Event(id) = self {
            return Ok(id);
        }
        let mut events = WorkflowEvents::new(target);
        let (mut completed, mut scheduled) = (None, None);
        while let Some(event) = events.next_event().await? {
            match event.event_type() {
                EventType::WorkflowTaskCompleted => completed = Some(event.event_id),
                EventType::WorkflowTaskScheduled if scheduled.is_none() => scheduled = event.event_id.checked_add(1),
                _ => {}
            }
            if self == Self::FirstWorkflowTask && completed.is_some() {
                break;
            }
        }
        completed.or(scheduled).ok_or(ResetError::NoTask(NoWorkflowTask))
    }
}

fn codes(excluded: impl IntoIterator<Item = ResetReapplyExcludeType>) -> Vec<i32> {
    excluded.into_iter().map(i32::from).collect()
}

/// A reset, done when awaited; the result is a handle to the new run.
#[must_use = "nothing is reset until awaited"]
pub struct ResetCall<W: ?Sized> {
    target: ToClient,
    point: ResetPoint,
    request: Box<ResetWorkflowExecutionRequest>,
    _workflow: PhantomData<fn(&W)>,
}

impl<W: ?Sized> ResetCall<W> {
    pub(super) fn new(target: ToClient, point: ResetPoint) -> Self {
        let request = Box::new(ResetWorkflowExecutionRequest {
            namespace: target.client().namespace().to_owned(),
            workflow_execution: Some(target.execution()),
            request_id: new_id(),
            identity: target.client().identity().to_owned(),
            ..ResetWorkflowExecutionRequest::default()
        });
        Self {
            target,
            point,
            request,
            _workflow: PhantomData,
        }
    }

    /// Why, which is in the history.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.request.reason = reason.into();
        self
    }

    /// Messages that came after the point and are not delivered anew. All are, unless this is set.
    pub fn without_reapplying(mut self, kinds: impl IntoIterator<Item = ResetReapplyExcludeType>) -> Self {
        self.request.reset_reapply_exclude_types = codes(kinds);
        self
    }

    /// Requests of the same id count once.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request.request_id = id.into();
        self
    }
}

impl<W: Workflow + ?Sized> IntoFuture for ResetCall<W> {
    type Output = Result<WorkflowHandle<W>, ResetError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self {
            target,
            point,
            mut request,
            ..
        } = self;
        Box::pin(async move {
            request.workflow_task_finish_event_id = point.event_id(&target).await?;
            let answer = target.client().connection().reset_workflow_execution(*request).await?;
            Ok(Handle::of(target.with_run_id(answer.run_id)))
        })
    }
}
