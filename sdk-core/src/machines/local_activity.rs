//! A local activity: run in the worker while its workflow task stays open, then recorded as a marker. On replay the marker
//! tells how it ended, and nothing runs.

use super::Unexpected;
use crate::ActivityCancellation;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Asked for; the worker doesn't know of it yet.
    Created,
    /// The worker has it.
    Running,
    /// The worker has it, and its body is to stop.
    Cancelling,
    /// Asked for on replay; no marker of it was seen yet.
    Replayed,
    /// The same, cancelled: whether the body heeded that, the marker tells.
    ReplayedCancelled,
    /// It ended; the marker command waits to be recorded.
    MarkerIssued,
    /// The marker was seen ahead and told how it ended; its event is to come.
    MarkerSeen,
    /// Over: `MarkerRecorded`.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// Code cancels it.
    Cancel(ActivityCancellation),
    /// The worker takes it over.
    Run,
    /// The worker says how it ended.
    Ended,
    /// A marker of the task that is replayed says how it ended.
    Seen,
    /// History is over and had no marker.
    ReplayOver,
    /// `MarkerRecorded`.
    Recorded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Nothing,
    /// Hand it to the worker.
    Run,
    /// Take it back from where it waits for the worker, record and resolve as cancelled.
    Withdraw,
    /// Tell the body; how it ends then, resolves.
    Stop,
    /// Tell the body, record and resolve as cancelled at once.
    StopAndCancel,
    /// Let the body run on unobserved, record and resolve as cancelled at once.
    Abandon,
    /// Record and resolve as cancelled.
    Cancel,
    /// Look for a marker that tells how it ended.
    LookAhead,
    /// Record how it ended, and resolve.
    Record,
    /// Resolve with what the marker says.
    Resolve,
}

impl State {
    pub(crate) fn on(self, input: Input) -> Result<(Self, Effect), Unexpected> {
        use ActivityCancellation as C;
        use Input as I;
        Ok(match (self, input) {
            (Self::Created, I::Run) => (Self::Running, Effect::Nothing),
            (Self::Created, I::Cancel(_)) => (Self::MarkerIssued, Effect::Withdraw),
            (Self::Running | Self::Cancelling, I::Ended) => (Self::MarkerIssued, Effect::Record),
            (Self::Running, I::Cancel(C::TryCancel)) => (Self::MarkerIssued, Effect::StopAndCancel),
            (Self::Running, I::Cancel(C::WaitCancellationCompleted)) => (Self::Cancelling, Effect::Stop),
            (Self::Running, I::Cancel(C::Abandon)) => (Self::MarkerIssued, Effect::Abandon),

            (Self::Replayed | Self::ReplayedCancelled, I::Cancel(_)) => (Self::ReplayedCancelled, Effect::LookAhead),
            (Self::Replayed | Self::ReplayedCancelled, I::Seen) => (Self::MarkerSeen, Effect::Resolve),
            // The worker that had it is gone, and what it did isn't recorded.
            (Self::Replayed, I::ReplayOver) => (Self::Created, Effect::Run),
            (Self::ReplayedCancelled, I::ReplayOver) => (Self::MarkerIssued, Effect::Cancel),

            (Self::MarkerIssued | Self::MarkerSeen, I::Recorded) => (Self::Closed, Effect::Nothing),

            // Cancelling what is over, or again, changes nothing; nor does what an unobserved body comes to.
            (Self::Cancelling | Self::MarkerIssued | Self::MarkerSeen | Self::Closed, I::Cancel(_)) => {
                (self, Effect::Nothing)
            }
            (Self::MarkerIssued | Self::Closed, I::Ended) => (self, Effect::Nothing),
            (_, I::Run | I::Ended | I::Seen | I::ReplayOver | I::Recorded) => return Err(Unexpected),
        })
    }

    pub(crate) fn is_over(self) -> bool {
        self == Self::Closed
    }

    /// Whether the workflow task has to stay open for it.
    pub(crate) fn holds_task(self) -> bool {
        matches!(self, Self::Created | Self::Running | Self::Cancelling)
    }

    /// Whether it waits for its marker.
    pub(crate) fn is_replayed(self) -> bool {
        matches!(self, Self::Replayed | Self::ReplayedCancelled)
    }
}
