//! What a standalone activity looks like from outside.

use super::{
    super::{
        Engine,
        activity::Attempt,
        error::Result,
        request::{Handled, Reply},
        run::Run,
        time::{self, Time},
    },
    Awaited, SCHEDULED,
};
use bytes::Bytes;
use std::time::Duration;
use steadfast_proto::{
    activity::{ActivityExecutionInfo, ActivityExecutionListInfo},
    common,
    enums::PendingActivityState,
    workflowservice::*,
};

impl Engine {
    pub(crate) fn describe_activity_execution(
        &mut self,
        request: DescribeActivityExecutionRequest,
        patience: Option<Duration>,
    ) -> Result<Handled> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let key = self.find_activity(namespace, &request.activity_id, &request.run_id)?;
        let run = self.runs.touch(key)?;
        // A token of another run, or an older one, is answered at once.
        if request.long_poll_token.is_empty() || request.long_poll_token != run.change_token() {
            let description = run.describe_activity_run(&request);
            return Ok(Handled::Reply(Reply::DescribeActivityExecution(Box::new(description))));
        }
        let seen = run.state_transitions;
        let request = Box::new(request);
        self.await_activity(key, Awaited::Change { request, seen }, patience)
    }
}

impl Run {
    fn change_token(&self) -> Bytes {
        Bytes::from(format!("{}/{}", self.is.run_id, self.state_transitions))
    }

    /// What somebody gets who waits, if it is there.
    pub(super) fn answer_to(&self, awaited: &Awaited) -> Option<Reply> {
        let standalone = self.standalone.as_ref()?;
        match awaited {
            Awaited::Outcome => {
                let response = PollActivityExecutionResponse {
                    run_id: self.is.run_id.to_string(),
                    outcome: Some((**standalone.outcome.as_ref()?).clone()),
                    ..Default::default()
                };
                Some(Reply::PollActivityExecution(Box::new(response)))
            }
            Awaited::Change { request, seen } => (self.state_transitions != *seen)
                .then(|| Reply::DescribeActivityExecution(Box::new(self.describe_activity_run(request)))),
        }
    }

    fn describe_activity_run(&self, request: &DescribeActivityExecutionRequest) -> DescribeActivityExecutionResponse {
        let standalone = self.standalone.as_ref();
        let outcome = standalone.and_then(|standalone| standalone.outcome.as_deref()).cloned();
        let mut info = self.activity_info();
        if !request.include_heartbeat_details {
            info.heartbeat_details = None;
        }
        if !request.include_last_failure {
            info.last_failure = None;
        }
        let input = self.activity().and_then(|activity| activity.input.clone());
        DescribeActivityExecutionResponse {
            run_id: self.is.run_id.to_string(),
            info: Some(info),
            input: input.filter(|_| request.include_input),
            outcome: outcome.filter(|_| request.include_outcome),
            long_poll_token: self.change_token(),
            ..Default::default()
        }
    }

    fn activity_info(&self) -> ActivityExecutionInfo {
        let (Some(activity), Some(standalone)) = (self.activity(), &self.standalone) else {
            return ActivityExecutionInfo::default();
        };
        let is_open = self.is_open();
        let (next, interval) = match activity.state {
            Attempt::BackingOff { until, interval } if is_open => (Some(until), interval),
            _ => (None, Duration::ZERO),
        };
        let state = super::super::describe::activity_state(activity);
        let set = |duration: Duration| (!duration.is_zero()).then_some(duration).and_then(time::wire);
        let scheduled = self.history.get(SCHEDULED);
        let sdk = standalone.sdk.as_deref();
        ActivityExecutionInfo {
            activity_id: String::from(&*self.is.workflow_id),
            run_id: self.is.run_id.to_string(),
            activity_type: Some(common::ActivityType {
                name: activity.activity_type.clone(),
            }),
            status: self.activity_status().into(),
            run_state: if is_open {
                state
            } else {
                PendingActivityState::Unspecified
            }
            .into(),
            task_queue: activity.task_queue.clone(),
            schedule_to_close_timeout: time::wire(activity.schedule_to_close),
            schedule_to_start_timeout: time::wire(activity.schedule_to_start),
            start_to_close_timeout: time::wire(activity.start_to_close),
            heartbeat_timeout: time::wire(activity.heartbeat),
            retry_policy: Some(activity.retry.wire()),
            heartbeat_details: activity.heartbeat_details.clone(),
            last_heartbeat_time: activity.last_heartbeat.and_then(Time::wire),
            last_started_time: activity.last_started.and_then(Time::wire),
            attempt: i32::try_from(activity.attempt).unwrap_or(i32::MAX),
            execution_duration: self
                .close_time
                .and_then(|closed| time::wire(closed.since(self.is.execution_time))),
            schedule_time: self.is.start_time.wire(),
            expiration_time: activity.closes().and_then(Time::wire),
            close_time: self.close_time.and_then(Time::wire),
            last_failure: activity.last_failure.as_deref().cloned(),
            last_worker_identity: activity.last_identity.clone(),
            current_retry_interval: set(interval),
            last_attempt_complete_time: activity.last_completed.and_then(Time::wire),
            next_attempt_schedule_time: next.and_then(Time::wire),
            priority: (self.is.priority != common::Priority::default()).then(|| activity.priority.clone()),
            state_transition_count: self.state_transitions,
            state_size_bytes: self.history.wire_bytes(),
            search_attributes: Some(common::SearchAttributes {
                indexed_fields: self.search_attributes.clone(),
            }),
            header: activity.header.clone(),
            user_metadata: self.is.user_metadata.as_deref().cloned(),
            canceled_reason: standalone
                .cancel
                .as_ref()
                .map(|cancel| cancel.reason.clone())
                .unwrap_or_default(),
            links: scheduled.map(|event| event.links.clone()).unwrap_or_default(),
            total_heartbeat_count: standalone.heartbeats,
            sdk_name: sdk.map(|sdk| sdk.name.clone()).unwrap_or_default(),
            sdk_version: sdk.map(|sdk| sdk.version.clone()).unwrap_or_default(),
            start_delay: set(standalone.start_delay),
            execution_time: self.is.execution_time.wire(),
            ..Default::default()
        }
    }

    pub(super) fn activity_row(&self) -> ActivityExecutionListInfo {
        let info = self.activity_info();
        ActivityExecutionListInfo {
            activity_id: info.activity_id,
            run_id: info.run_id,
            activity_type: info.activity_type,
            schedule_time: info.schedule_time,
            close_time: info.close_time,
            status: info.status,
            search_attributes: info.search_attributes,
            task_queue: info.task_queue,
            state_transition_count: if self.is_open() { 0 } else { info.state_transition_count },
            state_size_bytes: 0,
            execution_duration: info.execution_duration,
            execution_time: info.execution_time,
        }
    }
}
