//! What an error in workflow code becomes.

use super::FailurePolicy;
use crate::{
    error::{Ending, WorkflowError},
    interceptor::intercepted_continuation,
};
use steadfast_core::{Exit, Host, TaskFailure};
use steadfast_proto::failure::{Failure, failure::FailureInfo};

/// How a routine ends with this error.
pub(super) fn exit(error: WorkflowError, host: &Host, policy: FailurePolicy) -> Exit {
    match error.into_ending() {
        Ending::Untyped(failure) if policy.untyped_error_fails_task() => Exit::Task(TaskFailure::new(format!(
            "the workflow's code failed with an error that is not typed: {failure}"
        ))),
        Ending::Failed(failure) | Ending::Untyped(failure) => failed(failure, host),
        Ending::ContinueAsNew(attributes) => Exit::ContinueAsNew(Box::new(intercepted_continuation(host, attributes))),
        Ending::Task(message) => Exit::Task(TaskFailure::new(message)),
    }
}

/// A failure ends the workflow as failed. One that only passes the workflow's own cancellation on ends it as cancelled.
fn failed(failure: Failure, host: &Host) -> Exit {
    if host.is_cancel_requested() && is_cancellation(&failure) {
        return Exit::Failed(Box::new(Failure {
            failure_info: Some(FailureInfo::CanceledFailureInfo(canceled_info(&failure))),
            ..failure
        }));
    }
    Exit::Failed(Box::new(failure))
}

/// Cancelled itself, or an activity, a child or a Nexus operation that was.
fn is_cancellation(failure: &Failure) -> bool {
    match &failure.failure_info {
        Some(FailureInfo::CanceledFailureInfo(_)) => true,
        Some(
            FailureInfo::ActivityFailureInfo(_)
            | FailureInfo::ChildWorkflowExecutionFailureInfo(_)
            | FailureInfo::NexusOperationExecutionFailureInfo(_),
        ) => failure.cause.as_deref().is_some_and(is_cancellation),
        _ => false,
    }
}

fn canceled_info(failure: &Failure) -> steadfast_proto::failure::CanceledFailureInfo {
    match &failure.failure_info {
        Some(FailureInfo::CanceledFailureInfo(info)) => info.clone(),
        _ => failure.cause.as_deref().map(canceled_info).unwrap_or_default(),
    }
}

/// The failure of something that only the caller of a message is told.
pub(super) fn refusal(type_name: &str, message: String) -> Failure {
    Failure {
        source: crate::error::SOURCE.to_owned(),
        ..Failure::application(type_name, message)
    }
}
