//! A Nexus operation: scheduled, started if it is asynchronous, then closed in one of four ways.

use super::Unexpected;
use crate::NexusCancellation;
use steadfast_proto::failure::{CanceledFailureInfo, Failure, NexusOperationFailureInfo, failure::FailureInfo};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Asked for in this turn; the server knows nothing of it.
    Created,
    /// Cancelled before the server knew of it: no command is sent.
    Withdrawn,
    /// `NexusOperationScheduled` is recorded.
    Scheduled,
    /// Its handler said that it takes a while.
    Started,
    /// Cancelled by code before it was known to have started.
    CancelledEarly,
    /// Cancelled by code after it started; it may still end in any way.
    Cancelled,
    /// Over.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// Code cancels it.
    Cancel(NexusCancellation),
    /// `NexusOperationScheduled`.
    Scheduled,
    /// `NexusOperationStarted`.
    Started,
    /// `NexusOperationCancelRequested`.
    CancelRequested,
    /// `NexusOperationCancelRequestCompleted`: the handler has the request.
    CancelRequestCompleted(NexusCancellation),
    /// `NexusOperationCancelRequestFailed`: the handler didn't take it.
    CancelRequestFailed(NexusCancellation),
    /// `NexusOperation`.. `Completed`, `Failed`, `Canceled` or `TimedOut`.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Nothing,
    /// Withdraw the schedule command, resolve as cancelled.
    Withdraw,
    /// Send a cancel command; an event resolves.
    Request,
    /// Send a cancel command, resolve as cancelled at once.
    RequestAndResolve,
    /// Resolve as cancelled, send nothing.
    ResolveCancelled,
    /// Resolve as started; no effect if it was resolved before.
    ResolveStart,
    /// Resolve with what the event says; no effect if it was resolved before.
    Resolve,
}

impl State {
    pub(crate) fn on(self, input: Input) -> Result<(Self, Effect), Unexpected> {
        use Input as I;
        use NexusCancellation as C;
        Ok(match (self, input) {
            (Self::Created, I::Cancel(_)) => (Self::Withdrawn, Effect::Withdraw),
            (Self::Created, I::Scheduled) => (Self::Scheduled, Effect::Nothing),

            (Self::Scheduled, I::Started) => (Self::Started, Effect::ResolveStart),
            (Self::CancelledEarly, I::Started) => (Self::Cancelled, Effect::ResolveStart),
            // What is done at once never starts.
            (Self::Scheduled | Self::Started | Self::CancelledEarly | Self::Cancelled, I::Closed) => {
                (Self::Closed, Effect::Resolve)
            }

            (Self::Scheduled | Self::Started, I::Cancel(cancellation)) => {
                let next = if self == Self::Scheduled {
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
            (Self::CancelledEarly | Self::Cancelled | Self::Closed, I::CancelRequested) => (self, Effect::Nothing),
            (Self::CancelledEarly | Self::Cancelled, I::CancelRequestCompleted(C::WaitCancellationRequested)) => {
                (self, Effect::ResolveCancelled)
            }
            // Whoever waits for the request alone would wait for ever.
            (Self::CancelledEarly | Self::Cancelled, I::CancelRequestFailed(C::WaitCancellationRequested)) => {
                (self, Effect::Resolve)
            }
            (
                Self::CancelledEarly | Self::Cancelled | Self::Closed,
                I::CancelRequestCompleted(_) | I::CancelRequestFailed(_),
            ) => (self, Effect::Nothing),

            // Cancelling what is over, or again, changes nothing.
            (Self::Withdrawn | Self::CancelledEarly | Self::Cancelled | Self::Closed, I::Cancel(_)) => {
                (self, Effect::Nothing)
            }
            (
                _,
                I::Scheduled
                | I::Started
                | I::Closed
                | I::CancelRequested
                | I::CancelRequestCompleted(_)
                | I::CancelRequestFailed(_),
            ) => return Err(Unexpected),
        })
    }

    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Withdrawn | Self::Closed)
    }
}

/// Who it is, for failures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Identity {
    pub(crate) endpoint: String,
    pub(crate) service: String,
    pub(crate) operation: String,
    pub(crate) token: String,
    pub(crate) scheduled_event_id: i64,
}

impl Identity {
    /// The failure that workflow code sees: an operation's failure around what its handler or the server said.
    pub(crate) fn failure(&self, message: &str, cause: Option<Failure>) -> Failure {
        let info = NexusOperationFailureInfo {
            scheduled_event_id: self.scheduled_event_id,
            endpoint: self.endpoint.clone(),
            service: self.service.clone(),
            operation: self.operation.clone(),
            operation_token: self.token.clone(),
            ..NexusOperationFailureInfo::default()
        };
        Failure {
            message: message.to_owned(),
            cause: cause.map(Box::new),
            failure_info: Some(FailureInfo::NexusOperationExecutionFailureInfo(info)),
            ..Failure::default()
        }
    }

    pub(crate) fn cancelled(&self) -> Failure {
        let cause = Failure {
            message: "Nexus operation cancelled".to_owned(),
            failure_info: Some(FailureInfo::CanceledFailureInfo(CanceledFailureInfo::default())),
            ..Failure::default()
        };
        self.failure("Nexus operation cancelled", Some(cause))
    }
}
