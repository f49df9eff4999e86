//! Standalone activities: started by clients, without a workflow.
//!
//! Each is a run whose whole history is one scheduled activity, which is tried, timed out, paused and reset like those
//! of workflows. Such a run has no workflow tasks, and requests about workflows do not find it.

mod describe;
mod list;
mod operation;
mod start;

use super::{
    Engine,
    activity::{Activity, Attempt},
    error::{Code, Error, Result},
    id::Uuid,
    namespace::NamespaceKey,
    request::{Handled, Reply, Sdk, expiry},
    run::{Run, RunKey},
    waiter::{Wait, WaiterId},
    world::World,
};
use std::time::Duration;
use steadfast_proto::{
    SmallSet,
    activity::{ActivityExecutionOutcome, activity_execution_outcome::Value},
    common,
    enums::{ActivityExecutionStatus, RetryState, WorkflowExecutionStatus as Status},
    failure::{CanceledFailureInfo, Failure, TerminatedFailureInfo, failure::FailureInfo},
    history::history_event::Attributes,
    workflowservice::*,
};

/// The event that scheduled the activity: the first and only one while it goes on.
const SCHEDULED: i64 = 1;

/// What a run has besides, if it is an activity.
#[derive(Debug, Default)]
pub(crate) struct Standalone {
    start_delay: Duration,
    /// The activity as it was when it ended.
    pub(crate) ended: Option<Box<Activity>>,
    outcome: Option<Box<ActivityExecutionOutcome>>,
    cancel: Option<CancelRequest>,
    /// The request that terminated it.
    terminated_by: Option<String>,
    pub(crate) heartbeats: i64,
    /// What the worker is made with that had the last attempt.
    pub(crate) sdk: Option<Box<Sdk>>,
    /// Who waits for its end or for a change.
    waiters: SmallSet<WaiterId>,
}

/// Somebody wants the activity to stop.
#[derive(Debug)]
struct CancelRequest {
    request_id: String,
    reason: String,
    identity: String,
}

/// What somebody waits for.
#[derive(Debug)]
pub(crate) enum Awaited {
    /// The end.
    Outcome,
    /// Any change, seen in a description.
    Change {
        request: Box<DescribeActivityExecutionRequest>,
        seen: i64,
    },
}

impl Run {
    /// The activity that this run is, as it is or as it was at its end.
    fn activity(&self) -> Option<&Activity> {
        let ended = || self.standalone.as_ref()?.ended.as_deref();
        self.activities.get(&SCHEDULED).map(Box::as_ref).or_else(ended)
    }

    fn activity_status(&self) -> ActivityExecutionStatus {
        match self.status {
            Status::Completed => ActivityExecutionStatus::Completed,
            Status::Failed => ActivityExecutionStatus::Failed,
            Status::Canceled => ActivityExecutionStatus::Canceled,
            Status::Terminated => ActivityExecutionStatus::Terminated,
            Status::TimedOut => ActivityExecutionStatus::TimedOut,
            _ => match self.activity().map(|activity| &activity.state) {
                Some(Attempt::Paused { .. }) => ActivityExecutionStatus::Paused,
                _ => ActivityExecutionStatus::Running,
            },
        }
    }

    /// The activity has ended: its last event says how.
    fn conclude_activity(&mut self, world: &World) {
        use Attributes as A;
        let failed = |failure: Option<Failure>| Value::Failure(failure.unwrap_or_default());
        let mut by = None;
        let (status, value, retry_state) = match self.history.last().and_then(|event| event.attributes.clone()) {
            Some(A::ActivityTaskCompletedEventAttributes(a)) => {
                let a = a.into_inner();
                by = Some(a.identity);
                (Status::Completed, Value::Result(a.result.unwrap_or_default()), 0)
            }
            Some(A::ActivityTaskFailedEventAttributes(a)) => {
                let a = a.into_inner();
                by = Some(a.identity);
                (Status::Failed, failed(a.failure), a.retry_state)
            }
            Some(A::ActivityTaskTimedOutEventAttributes(a)) => {
                let a = a.into_inner();
                by = (a.started_event_id > 0).then(String::new);
                (Status::TimedOut, failed(a.failure), a.retry_state)
            }
            Some(A::ActivityTaskCanceledEventAttributes(a)) => {
                (Status::Canceled, failed(Some(self.canceled(a.into_inner().details))), 0)
            }
            _ => return,
        };
        let ended = self
            .standalone
            .as_mut()
            .and_then(|standalone| standalone.ended.as_mut());
        if let (Some(by), Some(ended)) = (by, ended) {
            ended.last_completed = Some(world.now());
            if !by.is_empty() {
                ended.last_identity = by;
            }
        }
        self.end_standalone(world, status, value, retry_state);
    }

    fn end_standalone(&mut self, world: &World, status: Status, value: Value, retry_state: i32) {
        if let Some(standalone) = &mut self.standalone {
            standalone.outcome = Some(Box::new(ActivityExecutionOutcome {
                value: Some(value),
                retry_state,
            }));
        }
        self.status = status;
        self.close_time = Some(world.now());
        self.is_indexed = false;
        self.note_change();
    }

    /// Ends the activity where it is.
    fn stop_activity(&mut self, world: &mut World, status: Status, failure: Failure) {
        self.end_activity(world, SCHEDULED);
        self.end_standalone(world, status, Value::Failure(failure), RetryState::Unspecified.into());
    }

    fn canceled(&self, details: Option<common::Payloads>) -> Failure {
        let request = self
            .standalone
            .as_ref()
            .and_then(|standalone| standalone.cancel.as_ref());
        Failure {
            message: "Activity canceled".to_owned(),
            failure_info: Some(FailureInfo::CanceledFailureInfo(CanceledFailureInfo {
                details,
                identity: request.map(|request| request.identity.clone()).unwrap_or_default(),
            })),
            ..Failure::default()
        }
    }

    pub(crate) fn activity_link(&self) -> common::Link {
        let activity = common::link::Activity {
            namespace: String::from(&*self.is.namespace_name),
            activity_id: String::from(&*self.is.workflow_id),
            run_id: self.is.run_id.to_string(),
        };
        common::Link {
            variant: Some(common::link::Variant::Activity(activity)),
        }
    }
}

pub(crate) fn missing(activity_id: &str) -> Error {
    Error::not_found(format!("activity not found for ID: {activity_id}"))
}

impl Engine {
    /// The activity that a request names; without a run id, the latest of that id.
    pub(crate) fn find_activity(&self, namespace: NamespaceKey, activity_id: &str, run_id: &str) -> Result<RunKey> {
        if activity_id.is_empty() {
            return Err(Error::invalid("activity ID is required"));
        }
        let named = match run_id {
            "" => self.runs.current_activity(namespace, activity_id),
            run_id => {
                let id = Uuid::parse(run_id);
                let id = id.ok_or_else(|| Error::invalid("invalid run id: must be a valid UUID"))?;
                self.runs.by_id(id)
            }
        };
        let is_meant = |run: &Run| {
            run.standalone.is_some() && run.is.namespace == namespace && *run.is.workflow_id == *activity_id
        };
        let found = named.filter(|key| self.runs.get(*key).is_some_and(is_meant));
        found.ok_or_else(|| missing(activity_id))
    }

    /// After every change: an activity that has ended is closed, and those who wait hear of it.
    pub(super) fn look_after_activity(&mut self, key: RunKey) {
        let Self { runs, world, .. } = self;
        let Some(run) = runs.peek_mut(key) else { return };
        if run.is_open() && run.activities.is_empty() {
            run.conclude_activity(world);
        }
        run.count_transition();
        let Some(standalone) = &run.standalone else { return };
        for waiter in standalone.waiters.clone() {
            let reply = match world.waiters.get(waiter) {
                Some(Wait::Activity { awaited, .. }) => run.answer_to(awaited),
                _ => None,
            };
            if let Some(reply) = reply {
                world.waiters.answer(waiter, Ok(reply));
                if let Some(standalone) = &mut run.standalone {
                    standalone.waiters.remove(&waiter);
                }
            }
        }
    }

    fn await_activity(&mut self, key: RunKey, awaited: Awaited, patience: Option<Duration>) -> Result<Handled> {
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        if let Some(reply) = run.answer_to(&awaited) {
            return Ok(Handled::Reply(reply));
        }
        let expires = expiry(world.real, patience, super::limits::LONG_POLL_MAX);
        let waiter = world.waiters.add(Wait::Activity { run: key, awaited }, expires);
        if let Some(standalone) = &mut run.standalone {
            standalone.waiters.insert(waiter);
        }
        Ok(Handled::Wait(waiter))
    }

    pub(super) fn stop_awaiting_activity(&mut self, key: RunKey, waiter: WaiterId) {
        let standalone = self.runs.peek_mut(key).and_then(|run| run.standalone.as_mut());
        if let Some(standalone) = standalone {
            standalone.waiters.remove(&waiter);
        }
    }

    pub(crate) fn poll_activity_execution(
        &mut self,
        request: &PollActivityExecutionRequest,
        patience: Option<Duration>,
    ) -> Result<Handled> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let key = self.find_activity(namespace, &request.activity_id, &request.run_id)?;
        self.await_activity(key, Awaited::Outcome, patience)
    }
}

/// What somebody gets whose wait was in vain.
pub(super) fn nothing_yet(awaited: &Awaited) -> Reply {
    match awaited {
        Awaited::Outcome => Reply::PollActivityExecution(Box::default()),
        Awaited::Change { .. } => Reply::DescribeActivityExecution(Box::default()),
    }
}

fn refused(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Code::FailedPrecondition, message)
}

fn terminated(reason: &str, identity: &str) -> Failure {
    Failure {
        message: reason.to_owned(),
        failure_info: Some(FailureInfo::TerminatedFailureInfo(TerminatedFailureInfo {
            identity: identity.to_owned(),
        })),
        ..Failure::default()
    }
}
