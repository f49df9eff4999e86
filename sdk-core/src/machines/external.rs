//! What a workflow does to another, or to a child: a signal or a cancellation, initiated, then delivered or not.

use super::Unexpected;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Asked for in this turn; the server knows nothing of it.
    Created,
    /// Cancelled before the server knew of it: no command is sent.
    Withdrawn,
    /// Recorded, on its way. From here on nothing can stop it.
    Initiated,
    /// Over.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// Code doesn't want it any more.
    Cancel,
    /// `SignalExternalWorkflowExecutionInitiated`, `RequestCancelExternalWorkflowExecutionInitiated`.
    Initiated,
    /// `ExternalWorkflowExecutionSignaled`, `ExternalWorkflowExecutionCancelRequested`.
    Delivered,
    /// `SignalExternalWorkflowExecutionFailed`, `RequestCancelExternalWorkflowExecutionFailed`.
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Nothing,
    /// Withdraw the command, resolve as cancelled.
    Withdraw,
    /// Resolve with what the event says.
    Resolve,
}

impl State {
    pub(crate) fn on(self, input: Input) -> Result<(Self, Effect), Unexpected> {
        Ok(match (self, input) {
            (Self::Created, Input::Cancel) => (Self::Withdrawn, Effect::Withdraw),
            (Self::Created, Input::Initiated) => (Self::Initiated, Effect::Nothing),
            (Self::Initiated, Input::Delivered | Input::Failed) => (Self::Closed, Effect::Resolve),
            // What is under way can't be stopped, what is over needn't be.
            (Self::Withdrawn | Self::Initiated | Self::Closed, Input::Cancel) => (self, Effect::Nothing),
            (
                Self::Created | Self::Withdrawn | Self::Initiated | Self::Closed,
                Input::Initiated | Input::Delivered | Input::Failed,
            ) => return Err(Unexpected),
        })
    }

    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Withdrawn | Self::Closed)
    }
}
