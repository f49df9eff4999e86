//! An activity: scheduled, started, then closed in one of four ways, unless cancelled in one of three.

use super::Unexpected;
use crate::ActivityCancellation;
use steadfast_proto::{
    common::{ActivityType, Payloads},
    enums::RetryState,
    failure::{ActivityFailureInfo, CanceledFailureInfo, Failure, failure::FailureInfo},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Asked for in this turn; the server knows nothing of it.
    Created,
    /// Cancelled before the server knew of it: no command is sent.
    Withdrawn,
    /// `ActivityTaskScheduled` is recorded.
    Scheduled,
    /// `ActivityTaskStarted` too; the server writes it together with the closing event.
    Started,
    /// A cancel command waits to be recorded.
    CancelIssued,
    /// The cancel request is recorded; the activity may still end in any way.
    CancelRequested,
    /// Nobody is told how it ends.
    Abandoned,
    /// Over.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// Code cancels it.
    Cancel(ActivityCancellation),
    /// `ActivityTaskScheduled`.
    Scheduled,
    /// `ActivityTaskStarted`.
    Started,
    /// `ActivityTaskCancelRequested`.
    CancelRequested,
    /// `ActivityTaskCompleted`.
    Completed,
    /// `ActivityTaskFailed`.
    Failed,
    /// `ActivityTaskTimedOut`.
    TimedOut,
    /// `ActivityTaskCanceled`.
    Canceled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Nothing,
    /// Withdraw the schedule command, resolve as cancelled.
    Withdraw,
    /// Send a cancel command; the closing event resolves.
    Request,
    /// Send a cancel command, resolve as cancelled at once.
    RequestAndResolve,
    /// Resolve as cancelled, send nothing.
    ResolveCancelled,
    /// Resolve with what the event says; no effect if it was resolved before.
    Resolve,
}

impl State {
    pub(crate) fn on(self, input: Input) -> Result<(Self, Effect), Unexpected> {
        use ActivityCancellation as C;
        use Input as I;
        Ok(match (self, input) {
            (Self::Created, I::Cancel(_)) => (Self::Withdrawn, Effect::Withdraw),
            (Self::Created, I::Scheduled) => (Self::Scheduled, Effect::Nothing),

            (Self::Scheduled, I::Started) => (Self::Started, Effect::Nothing),
            (Self::Scheduled, I::TimedOut) => (Self::Closed, Effect::Resolve),
            (Self::Started, I::Completed | I::Failed | I::TimedOut) => (Self::Closed, Effect::Resolve),

            (Self::Scheduled | Self::Started, I::Cancel(C::Abandon)) => (Self::Abandoned, Effect::ResolveCancelled),
            (Self::Scheduled | Self::Started, I::Cancel(C::TryCancel)) => {
                (Self::CancelIssued, Effect::RequestAndResolve)
            }
            (Self::Scheduled | Self::Started, I::Cancel(C::WaitCancellationCompleted)) => {
                (Self::CancelIssued, Effect::Request)
            }

            (Self::CancelIssued, I::CancelRequested) => (Self::CancelRequested, Effect::Nothing),
            (Self::CancelRequested, I::Started) => (Self::CancelRequested, Effect::Nothing),
            (Self::CancelRequested, I::Completed | I::Failed | I::TimedOut | I::Canceled) => {
                (Self::Closed, Effect::Resolve)
            }

            (Self::Abandoned, I::Started) => (Self::Abandoned, Effect::Nothing),
            (Self::Abandoned, I::Completed | I::Failed | I::TimedOut | I::Canceled) => (Self::Closed, Effect::Nothing),

            // Cancelling what is over, or again, changes nothing.
            (
                Self::Withdrawn | Self::CancelIssued | Self::CancelRequested | Self::Abandoned | Self::Closed,
                I::Cancel(_),
            ) => (self, Effect::Nothing),
            (_, I::Scheduled | I::Started | I::CancelRequested) => return Err(Unexpected),
            (_, I::Completed | I::Failed | I::TimedOut | I::Canceled) => return Err(Unexpected),
        })
    }

    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Withdrawn | Self::Closed)
    }
}

/// Who it is, for failures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) type_name: String,
    pub(crate) scheduled_event_id: i64,
}

impl Identity {
    /// The failure that workflow code sees: an activity failure around what the activity or the server said.
    pub(crate) fn failure(
        &self,
        message: &str,
        cause: Option<Failure>,
        started_event_id: i64,
        worker: String,
        retry_state: i32,
    ) -> Failure {
        Failure {
            message: message.to_owned(),
            cause: cause.map(Box::new),
            failure_info: Some(FailureInfo::ActivityFailureInfo(ActivityFailureInfo {
                scheduled_event_id: self.scheduled_event_id,
                started_event_id,
                identity: worker,
                activity_type: Some(ActivityType {
                    name: self.type_name.clone(),
                }),
                activity_id: self.id.clone(),
                retry_state,
            })),
            ..Failure::default()
        }
    }

    /// Cancelled, with what the activity left behind.
    pub(crate) fn cancelled(&self, details: Option<Payloads>, started_event_id: i64, worker: String) -> Failure {
        let cause = Failure {
            failure_info: Some(FailureInfo::CanceledFailureInfo(CanceledFailureInfo {
                details,
                ..CanceledFailureInfo::default()
            })),
            message: "activity cancelled".to_owned(),
            ..Failure::default()
        };
        let retry_state = i32::from(RetryState::CancelRequested);
        self.failure("activity cancelled", Some(cause), started_event_id, worker, retry_state)
    }
}
