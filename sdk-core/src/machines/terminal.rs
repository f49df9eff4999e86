//! How a run ends.

use crate::{Exit, TaskFailure, WorkflowInfo, journal::Changes};
use steadfast_proto::{
    command::{
        CancelWorkflowExecutionCommandAttributes, CompleteWorkflowExecutionCommandAttributes,
        ContinueAsNewWorkflowExecutionCommandAttributes, FailWorkflowExecutionCommandAttributes, command::Attributes,
    },
    common::{Memo, Payloads, SearchAttributes, WorkflowType},
    enums::TaskQueueKind,
    failure::{CanceledFailureInfo, Failure, failure::FailureInfo},
    taskqueue::TaskQueue,
};

/// What a run hands on to the next one, unless code says otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Current<'a> {
    pub(crate) info: &'a WorkflowInfo,
    pub(crate) search_attributes: &'a Changes,
    pub(crate) memo: &'a Changes,
}

/// The command with which a main routine or a signal handler ends the run.
///
/// A failure that is a cancellation, or was caused by one, cancels the run, but only if that was asked for.
pub(crate) fn from_exit(exit: Exit, cancel_requested: bool, current: Current<'_>) -> Result<Attributes, TaskFailure> {
    match exit {
        Exit::Task(failure) => Err(failure),
        Exit::ContinueAsNew(attributes) => Ok(continue_as_new(attributes, current)),
        Exit::Failed(failure) => Ok(match cancellation(&failure) {
            Some(info) if cancel_requested => {
                let attributes = CancelWorkflowExecutionCommandAttributes {
                    details: info.details.clone(),
                };
                Attributes::CancelWorkflowExecutionCommandAttributes(Box::new(attributes))
            }
            _ => {
                let attributes = FailWorkflowExecutionCommandAttributes {
                    failure: Some(*failure),
                };
                Attributes::FailWorkflowExecutionCommandAttributes(Box::new(attributes))
            }
        }),
    }
}

/// The command with which a main routine returns its result.
pub(crate) fn complete(result: Option<Payloads>) -> Attributes {
    Attributes::CompleteWorkflowExecutionCommandAttributes(Box::new(CompleteWorkflowExecutionCommandAttributes {
        result,
    }))
}

/// A cancellation, or the failure of an activity, a child or a Nexus operation caused by one.
fn cancellation(failure: &Failure) -> Option<&CanceledFailureInfo> {
    match failure.failure_info.as_ref()? {
        FailureInfo::CanceledFailureInfo(info) => Some(info),
        FailureInfo::ActivityFailureInfo(_)
        | FailureInfo::ChildWorkflowExecutionFailureInfo(_)
        | FailureInfo::NexusOperationExecutionFailureInfo(_) => match failure.cause.as_ref()?.failure_info.as_ref()? {
            FailureInfo::CanceledFailureInfo(info) => Some(info),
            _ => None,
        },
        _ => None,
    }
}

/// What the code left unset is inherited from this run.
fn continue_as_new(
    mut attributes: Box<ContinueAsNewWorkflowExecutionCommandAttributes>,
    current: Current<'_>,
) -> Attributes {
    let (info, rare) = (current.info, current.info.rare());
    if attributes
        .workflow_type
        .as_ref()
        .is_none_or(|kind| kind.name.is_empty())
    {
        attributes.workflow_type = Some(WorkflowType {
            name: info.workflow_type.clone(),
        });
    }
    if attributes.task_queue.as_ref().is_none_or(|queue| queue.name.is_empty()) {
        attributes.task_queue = Some(TaskQueue {
            name: info.task_queue.clone(),
            kind: TaskQueueKind::Normal.into(),
            ..TaskQueue::default()
        });
    }
    if attributes.memo.is_none() {
        let fields = current.memo.apply_to(rare.memo.as_ref().map(|memo| &memo.fields));
        attributes.memo = (!fields.is_empty()).then_some(Memo { fields });
    }
    if attributes.retry_policy.is_none() {
        attributes.retry_policy.clone_from(&rare.retry_policy);
    }
    if attributes.search_attributes.is_none() {
        let started = rare.search_attributes.as_ref();
        let indexed_fields = current
            .search_attributes
            .apply_to(started.map(|attributes| &attributes.indexed_fields));
        attributes.search_attributes = (!indexed_fields.is_empty()).then_some(SearchAttributes { indexed_fields });
    }
    Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(attributes)
}
