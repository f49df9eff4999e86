//! A workflow's result.

use super::{Client, ResultError, RpcError, ToClient, WorkflowEvents, error::ContinuedAsNew};
use crate::{
    convert::Data,
    error::{Failure, SOURCE, WorkflowFailure},
};
use std::{future::IntoFuture, marker::PhantomData};
use steadfast_core::BoxFuture;
use steadfast_proto::{
    common::Payloads,
    enums::TimeoutType,
    failure::{CanceledFailureInfo, TerminatedFailureInfo, TimeoutFailureInfo, failure::FailureInfo},
    history::{HistoryEvent, history_event::Attributes},
};

/// The wait for a workflow's result.
#[must_use = "nothing is waited for until awaited"]
pub struct ResultCall<O> {
    target: ToClient,
    follows_runs: bool,
    _output: PhantomData<fn() -> O>,
}

/// How a run ended.
enum Close {
    Completed(Option<Payloads>),
    Next(String),
    Failed(ResultError),
}

impl<O> ResultCall<O> {
    pub(super) fn new(target: ToClient) -> Self {
        Self {
            target,
            follows_runs: true,
            _output: PhantomData,
        }
    }

    /// Whether a run that was retried, continued as new or repeated by a cron schedule is followed to the next one. It
    /// is, unless this is set to `false`.
    pub fn follow_runs(mut self, follows: bool) -> Self {
        self.follows_runs = follows;
        self
    }
}

impl<O: Data> IntoFuture for ResultCall<O> {
    type Output = Result<O, ResultError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let client = self.target.client().clone();
        let outcome = waiting(self.target, self.follows_runs);
        Box::pin(async move { Ok(client.converter().decode_result(outcome.await?.as_ref())?) })
    }
}

/// The same code for results of all types.
fn waiting(target: ToClient, follows_runs: bool) -> BoxFuture<Result<Option<Payloads>, ResultError>> {
    Box::pin(async move { outcome(&target, follows_runs).await })
}

/// Waits for a run's end, and gives what it returned.
pub(super) async fn outcome(target: &ToClient, follows_runs: bool) -> Result<Option<Payloads>, ResultError> {
    let mut run_id = target.result_run_id().map(str::to_owned);
    loop {
        let event = close_event(target.client(), target.id(), run_id.as_deref())
            .await?
            .unwrap_or_default();
        match close(event, follows_runs) {
            Close::Completed(result) => return Ok(result),
            Close::Next(next) => run_id = Some(next),
            Close::Failed(error) => return Err(error),
        }
    }
}

/// Waits for the event that closes a run; `None` if the server gives none, which it does not.
async fn close_event(client: &Client, id: &str, run_id: Option<&str>) -> Result<Option<HistoryEvent>, RpcError> {
    let events = WorkflowEvents::of_run(client.clone(), id, run_id);
    events
        .wait_new(true)
        .close_event()
        .skip_archival(true)
        .next_event()
        .await
}

fn close(event: HistoryEvent, follows_runs: bool) -> Close {
    use Attributes as A;
    let (end, next_run_id) = match event.attributes {
        Some(A::WorkflowExecutionCompletedEventAttributes(end)) => {
            let end = end.into_inner();
            (Close::Completed(end.result), end.new_execution_run_id)
        }
        Some(A::WorkflowExecutionFailedEventAttributes(end)) => {
            let end = end.into_inner();
            let failure = end.failure.unwrap_or_default();
            (
                Close::Failed(ResultError::Failed(WorkflowFailure::from_failure(failure))),
                end.new_execution_run_id,
            )
        }
        Some(A::WorkflowExecutionTimedOutEventAttributes(end)) => {
            let end = end.into_inner();
            let info = TimeoutFailureInfo {
                timeout_type: TimeoutType::StartToClose.into(),
                ..TimeoutFailureInfo::default()
            };
            let failure = failure("it took longer than its timeout", FailureInfo::TimeoutFailureInfo(info));
            (Close::Failed(ResultError::TimedOut(failure)), end.new_execution_run_id)
        }
        Some(A::WorkflowExecutionContinuedAsNewEventAttributes(end)) => {
            let end = end.into_inner();
            let next = ContinuedAsNew::new(end.new_execution_run_id.clone());
            (
                Close::Failed(ResultError::ContinuedAsNew(next)),
                end.new_execution_run_id,
            )
        }
        Some(A::WorkflowExecutionCanceledEventAttributes(end)) => {
            let end = end.into_inner();
            let info = CanceledFailureInfo {
                details: end.details,
                ..CanceledFailureInfo::default()
            };
            let failure = failure("as was asked for", FailureInfo::CanceledFailureInfo(info));
            (Close::Failed(ResultError::Cancelled(failure)), String::new())
        }
        Some(A::WorkflowExecutionTerminatedEventAttributes(end)) => {
            let end = end.into_inner();
            let reason = if end.reason.is_empty() {
                "no reason was given"
            } else {
                &end.reason
            };
            let info = TerminatedFailureInfo { identity: end.identity };
            let failure = failure(reason, FailureInfo::TerminatedFailureInfo(info));
            (Close::Failed(ResultError::Terminated(failure)), String::new())
        }
        _ => {
            let message = format!(
                "the server gave event {} as the run's last one, which does not close it",
                event.event_id
            );
            let failure = Failure {
                message,
                source: SOURCE.to_owned(),
                ..Failure::default()
            };
            (
                Close::Failed(ResultError::Failed(WorkflowFailure::from_failure(failure))),
                String::new(),
            )
        }
    };
    if follows_runs && !next_run_id.is_empty() {
        Close::Next(next_run_id)
    } else {
        end
    }
}

fn failure(message: &str, info: FailureInfo) -> WorkflowFailure {
    WorkflowFailure::from_failure(Failure {
        message: message.to_owned(),
        source: SOURCE.to_owned(),
        failure_info: Some(info),
        ..Failure::default()
    })
}
