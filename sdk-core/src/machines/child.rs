//! A child workflow: initiated, started, then closed in one of five ways; or not started at all.
//!
//! Cancelling it is a command of its own, whose machine is that of [cancellations](super::external): here is only
//! what that means for the child.

use super::Unexpected;
use crate::ChildCancellation;
use steadfast_proto::{
    common::{WorkflowExecution, WorkflowType},
    enums::{RetryState, StartChildWorkflowExecutionFailedCause as Cause, TimeoutType},
    failure::{
        CanceledFailureInfo, ChildWorkflowExecutionFailureInfo, Failure, TerminatedFailureInfo, TimeoutFailureInfo,
        failure::FailureInfo,
    },
    history::history_event::Attributes,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Asked for in this turn; the server knows nothing of it.
    Created,
    /// Cancelled before the server knew of it: no command is sent.
    Withdrawn,
    /// `StartChildWorkflowExecutionInitiated` is recorded.
    Initiated,
    /// It runs.
    Started,
    /// Cancelled by code before it was known to run; it may still start, or not.
    CancelledEarly,
    /// Cancelled by code while it ran; it may still end in any way.
    Cancelled,
    /// Over.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// Code cancels it.
    Cancel(ChildCancellation),
    /// `StartChildWorkflowExecutionInitiated`.
    Initiated,
    /// `StartChildWorkflowExecutionFailed`.
    StartFailed,
    /// `ChildWorkflowExecutionStarted`.
    Started,
    /// `ExternalWorkflowExecutionCancelRequested` of the cancellation.
    CancelRequested(ChildCancellation),
    /// `ChildWorkflowExecution`.. `Completed`, `Failed`, `Canceled`, `TimedOut` or `Terminated`.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Nothing,
    /// Withdraw the start command, resolve as cancelled.
    Withdraw,
    /// Send a cancel command; an event resolves.
    Request,
    /// Send a cancel command, resolve as cancelled at once.
    RequestAndResolve,
    /// Resolve as cancelled, send nothing.
    ResolveCancelled,
    /// Resolve the start; no effect if it was resolved before.
    ResolveStart,
    /// Resolve with what the event says; no effect if it was resolved before.
    Resolve,
}

impl State {
    pub(crate) fn on(self, input: Input) -> Result<(Self, Effect), Unexpected> {
        use ChildCancellation as C;
        use Input as I;
        Ok(match (self, input) {
            (Self::Created, I::Cancel(_)) => (Self::Withdrawn, Effect::Withdraw),
            (Self::Created, I::Initiated) => (Self::Initiated, Effect::Nothing),

            (Self::Initiated, I::Started) => (Self::Started, Effect::ResolveStart),
            (Self::CancelledEarly, I::Started) => (Self::Cancelled, Effect::ResolveStart),
            (Self::Initiated | Self::CancelledEarly, I::StartFailed) => (Self::Closed, Effect::Resolve),
            (Self::Started | Self::Cancelled, I::Closed) => (Self::Closed, Effect::Resolve),

            (Self::Initiated | Self::Started, I::Cancel(cancellation)) => {
                let next = if self == Self::Initiated {
                    Self::CancelledEarly
                } else {
                    Self::Cancelled
                };
                let effect = match cancellation {
                    C::Abandon => Effect::ResolveCancelled,
                    C::TryCancel => Effect::RequestAndResolve,
                    C::WaitCancellationRequested | C::WaitCancellationCompleted => Effect::Request,
                };
                (next, effect)
            }
            (Self::CancelledEarly | Self::Cancelled, I::CancelRequested(C::WaitCancellationRequested)) => {
                (self, Effect::ResolveCancelled)
            }
            (Self::CancelledEarly | Self::Cancelled | Self::Closed, I::CancelRequested(_)) => (self, Effect::Nothing),

            // Cancelling what is over, or again, changes nothing.
            (Self::Withdrawn | Self::CancelledEarly | Self::Cancelled | Self::Closed, I::Cancel(_)) => {
                (self, Effect::Nothing)
            }
            (_, I::Initiated | I::Started | I::StartFailed | I::Closed | I::CancelRequested(_)) => {
                return Err(Unexpected);
            }
        })
    }

    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Withdrawn | Self::Closed)
    }
}

/// Who it is, for failures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Identity {
    pub(crate) namespace: String,
    pub(crate) id: String,
    pub(crate) run_id: String,
    pub(crate) type_name: String,
    pub(crate) initiated_event_id: i64,
    pub(crate) started_event_id: i64,
}

impl Identity {
    /// The failure that workflow code sees: a child's failure around what the child or the server said.
    fn failure(&self, message: &str, cause: Option<Failure>, retry_state: i32) -> Failure {
        let info = ChildWorkflowExecutionFailureInfo {
            namespace: self.namespace.clone(),
            workflow_execution: Some(WorkflowExecution {
                workflow_id: self.id.clone(),
                run_id: self.run_id.clone(),
            }),
            workflow_type: Some(WorkflowType {
                name: self.type_name.clone(),
            }),
            initiated_event_id: self.initiated_event_id,
            started_event_id: self.started_event_id,
            retry_state,
        };
        Failure {
            message: message.to_owned(),
            cause: cause.map(Box::new),
            failure_info: Some(FailureInfo::ChildWorkflowExecutionFailureInfo(info)),
            ..Failure::default()
        }
    }

    /// Cancelled, with what the child left behind.
    pub(crate) fn cancelled(&self, details: Option<steadfast_proto::common::Payloads>) -> Failure {
        let info = CanceledFailureInfo {
            details,
            ..CanceledFailureInfo::default()
        };
        let cause = cause("child workflow cancelled", FailureInfo::CanceledFailureInfo(info));
        self.failure("child workflow cancelled", Some(cause), RetryState::Unspecified.into())
    }

    /// The server didn't start it. That is told by the type of an application failure, so that it survives on its way.
    pub(crate) fn not_started(&self, cause: i32) -> Failure {
        let (type_name, message) = match Cause::try_from(cause) {
            Ok(Cause::WorkflowAlreadyExists) => (
                "WorkflowAlreadyExists",
                format!("a workflow of id '{}' exists already", self.id),
            ),
            Ok(Cause::NamespaceNotFound) => ("NamespaceNotFound", "the namespace doesn't exist".to_owned()),
            Ok(Cause::InvalidVersioningOverride) => (
                "InvalidVersioningOverride",
                "the versioning override isn't valid".to_owned(),
            ),
            Ok(Cause::Unspecified) | Err(_) => ("ChildWorkflowNotStarted", format!("for reason {cause} of the server")),
        };
        let cause = Failure::application(type_name, message);
        self.failure(
            "child workflow not started",
            Some(cause),
            RetryState::NonRetryableFailure.into(),
        )
    }

    /// The failure of an event that closes the child; `None` if that is no failure.
    pub(crate) fn closing(&self, attributes: Attributes) -> Option<Failure> {
        use Attributes as A;
        Some(match attributes {
            A::StartChildWorkflowExecutionFailedEventAttributes(failed) => self.not_started(failed.cause),
            A::ChildWorkflowExecutionFailedEventAttributes(close) => {
                let close = close.into_inner();
                self.failure("child workflow failed", close.failure, close.retry_state)
            }
            A::ChildWorkflowExecutionCanceledEventAttributes(close) => self.cancelled(close.into_inner().details),
            A::ChildWorkflowExecutionTimedOutEventAttributes(close) => {
                let info = TimeoutFailureInfo {
                    timeout_type: TimeoutType::StartToClose.into(),
                    ..TimeoutFailureInfo::default()
                };
                let cause = cause("child workflow timed out", FailureInfo::TimeoutFailureInfo(info));
                self.failure("child workflow timed out", Some(cause), close.retry_state)
            }
            A::ChildWorkflowExecutionTerminatedEventAttributes(_) => {
                let info = FailureInfo::TerminatedFailureInfo(TerminatedFailureInfo::default());
                let cause = cause("child workflow terminated", info);
                self.failure(
                    "child workflow terminated",
                    Some(cause),
                    RetryState::NonRetryableFailure.into(),
                )
            }
            _ => return None,
        })
    }
}

fn cause(message: &str, info: FailureInfo) -> Failure {
    Failure {
        message: message.to_owned(),
        failure_info: Some(info),
        ..Failure::default()
    }
}
