//! Ids, times and settings of an activity's attempt.

use super::RetryPolicy;
use bytes::Bytes;
use std::{
    mem::take,
    time::{Duration, SystemTime},
};
use steadfast_core::LocalActivityTask;
use steadfast_proto::{prost_types, std_duration, system_time, workflowservice::PollActivityTaskQueueResponse};

/// Ids, times and settings of an activity's attempt.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ActivityInfo {
    /// The activity's id, unique within its run.
    pub activity_id: String,
    /// The activity type's name.
    pub activity_type: String,
    /// The task queue it was polled from.
    pub task_queue: String,
    /// The namespace of the workflow.
    pub namespace: String,
    /// The id of the workflow that called it; empty if none did.
    pub workflow_id: String,
    /// The run that called it; empty if none did.
    pub workflow_run_id: String,
    /// The type of the workflow that called it; empty if none did.
    pub workflow_type: String,
    /// The activity's own run id, if no workflow called it.
    pub activity_run_id: String,
    /// Which attempt this is, counted from one.
    pub attempt: u32,
    /// When the activity was scheduled.
    pub scheduled_time: Option<SystemTime>,
    /// When this attempt was scheduled.
    pub attempt_scheduled_time: Option<SystemTime>,
    /// When this attempt started.
    pub started_time: Option<SystemTime>,
    /// How long all attempts together may take.
    pub schedule_to_close_timeout: Option<Duration>,
    /// How long this attempt may take.
    pub start_to_close_timeout: Option<Duration>,
    /// How long it may go without a heartbeat.
    pub heartbeat_timeout: Option<Duration>,
    /// How it is retried.
    pub retry_policy: Option<RetryPolicy>,
    /// Its priority on the task queue, if it has one, 1 being the highest.
    pub priority: Option<u32>,
    /// Whether it is a local activity: part of its workflow's task, unknown to the server.
    pub is_local: bool,
    /// What names this attempt to the server (empty if it is local), for those who complete it from elsewhere.
    pub task_token: Bytes,
}

impl ActivityInfo {
    /// What stays the same for all attempts of this activity, and is never used by another one: fit to be sent to others
    /// as the key under which they do a thing only once.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        let run_id = if self.workflow_run_id.is_empty() {
            &self.activity_run_id
        } else {
            &self.workflow_run_id
        };
        format!("{run_id}/{}", self.activity_id)
    }

    pub(crate) fn of_task(task: &mut PollActivityTaskQueueResponse, task_queue: &str) -> Self {
        let execution = task.workflow_execution.take().unwrap_or_default();
        let priority = task.priority.as_ref().map_or(0, |priority| priority.priority_key);
        Self {
            activity_id: take(&mut task.activity_id),
            activity_type: task.activity_type.take().unwrap_or_default().name,
            task_queue: task_queue.to_owned(),
            namespace: take(&mut task.workflow_namespace),
            workflow_id: execution.workflow_id,
            workflow_run_id: execution.run_id,
            workflow_type: task.workflow_type.take().unwrap_or_default().name,
            activity_run_id: take(&mut task.activity_run_id),
            attempt: u32::try_from(task.attempt).unwrap_or(0).max(1),
            scheduled_time: task.scheduled_time.as_ref().and_then(system_time),
            attempt_scheduled_time: task.current_attempt_scheduled_time.as_ref().and_then(system_time),
            started_time: task.started_time.as_ref().and_then(system_time),
            schedule_to_close_timeout: positive(task.schedule_to_close_timeout.as_ref()),
            start_to_close_timeout: positive(task.start_to_close_timeout.as_ref()),
            heartbeat_timeout: positive(task.heartbeat_timeout.as_ref()),
            retry_policy: task.retry_policy.take().map(RetryPolicy::from),
            priority: u32::try_from(priority).ok().filter(|key| *key > 0),
            is_local: false,
            task_token: task.task_token.clone(),
        }
    }

    pub(crate) fn of_local(task: &LocalActivityTask, task_queue: &str, started: SystemTime) -> Self {
        let (attributes, workflow) = (&task.attributes, &task.workflow);
        Self {
            activity_id: task.activity_id.clone(),
            activity_type: attributes.activity_type.clone(),
            task_queue: task_queue.to_owned(),
            namespace: workflow.namespace.clone(),
            workflow_id: workflow.workflow_id.clone(),
            workflow_run_id: workflow.run_id.clone(),
            workflow_type: workflow.workflow_type.clone(),
            activity_run_id: String::new(),
            attempt: task.attempt,
            scheduled_time: Some(task.original_schedule_time),
            attempt_scheduled_time: Some(task.schedule_time),
            started_time: Some(started),
            schedule_to_close_timeout: attributes.schedule_to_close_timeout,
            start_to_close_timeout: attributes.start_to_close_timeout,
            heartbeat_timeout: None,
            retry_policy: attributes.retry_policy.clone().map(RetryPolicy::from),
            priority: None,
            is_local: true,
            task_token: Bytes::new(),
        }
    }
}

/// The wire says "none" by zero as well.
fn positive(duration: Option<&prost_types::Duration>) -> Option<Duration> {
    duration.and_then(std_duration).filter(|duration| !duration.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;
    use steadfast_proto::common::{ActivityType, WorkflowExecution};

    fn task() -> PollActivityTaskQueueResponse {
        PollActivityTaskQueueResponse {
            activity_id: "7".to_owned(),
            activity_type: Some(ActivityType {
                name: "charge".to_owned(),
            }),
            workflow_execution: Some(WorkflowExecution {
                workflow_id: "order-1".to_owned(),
                run_id: "run".to_owned(),
            }),
            heartbeat_timeout: Some(prost_types::Duration { seconds: 2, nanos: 0 }),
            start_to_close_timeout: Some(prost_types::Duration { seconds: 0, nanos: 0 }),
            attempt: 3,
            ..PollActivityTaskQueueResponse::default()
        }
    }

    #[test]
    fn the_idempotency_key_is_the_same_for_every_attempt_and_tells_activities_apart() {
        let first = ActivityInfo::of_task(&mut task(), "q").idempotency_key();
        let retry = ActivityInfo::of_task(&mut PollActivityTaskQueueResponse { attempt: 4, ..task() }, "q");
        let mut other = PollActivityTaskQueueResponse {
            activity_id: "8".to_owned(),
            ..task()
        };
        assert_eq!(first, retry.idempotency_key());
        assert_ne!(first, ActivityInfo::of_task(&mut other, "q").idempotency_key());
    }

    #[test]
    fn a_zero_timeout_on_the_wire_is_none() {
        let info = ActivityInfo::of_task(&mut task(), "q");
        assert_eq!(info.heartbeat_timeout, Some(Duration::from_secs(2)));
        assert_eq!(info.start_to_close_timeout, None);
        assert_eq!(
            (info.attempt, info.activity_type.as_str(), info.task_queue.as_str()),
            (3, "charge", "q")
        );
    }
}
