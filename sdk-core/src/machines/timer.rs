//! A timer: started, then fired or cancelled.

use super::Unexpected;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Asked for in this turn; the server knows nothing of it.
    Created,
    /// Cancelled before the server knew of it: no command is sent.
    Withdrawn,
    /// Recorded, running.
    Started,
    /// Cancelled; the command waits to be recorded.
    CancelIssued,
    /// Over.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// Code cancels it.
    Cancel,
    /// `TimerStarted`.
    Started,
    /// `TimerFired`.
    Fired,
    /// `TimerCanceled`.
    Canceled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Nothing,
    /// Resolve as fired.
    Fire,
    /// Withdraw the start command, resolve as cancelled.
    Withdraw,
    /// Send a cancel command, resolve as cancelled.
    Cancel,
}

impl State {
    pub(crate) fn on(self, input: Input) -> Result<(Self, Effect), Unexpected> {
        Ok(match (self, input) {
            (Self::Created, Input::Cancel) => (Self::Withdrawn, Effect::Withdraw),
            (Self::Created, Input::Started) => (Self::Started, Effect::Nothing),
            (Self::Started, Input::Cancel) => (Self::CancelIssued, Effect::Cancel),
            (Self::Started, Input::Fired) => (Self::Closed, Effect::Fire),
            (Self::CancelIssued, Input::Canceled) => (Self::Closed, Effect::Nothing),
            // Cancelling what is over, or again, changes nothing.
            (Self::Withdrawn | Self::CancelIssued | Self::Closed, Input::Cancel) => (self, Effect::Nothing),
            (
                Self::Created | Self::Withdrawn | Self::Started | Self::CancelIssued | Self::Closed,
                Input::Started | Input::Fired | Input::Canceled,
            ) => return Err(Unexpected),
        })
    }

    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Withdrawn | Self::Closed)
    }
}
