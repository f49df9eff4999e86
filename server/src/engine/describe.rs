//! What a run looks like from outside.

use super::{
    Engine,
    activity::{Activity, Attempt},
    callback::Callback,
    deployment::typed,
    error::{Error, Result},
    pause::PausedRun,
    run::Run,
    signal::check_execution,
    time::{self, Time},
    workflow_task::WorkflowTask,
};
use std::collections::BTreeMap;
use steadfast_proto::{
    activity::ActivityOptions,
    common,
    enums::{PendingActivityState, PendingWorkflowTaskState},
    taskqueue::TaskQueue,
    workflow::{
        PendingActivityInfo, PendingChildExecutionInfo, PendingWorkflowTaskInfo, ResetPoints, WorkflowExecutionConfig,
        WorkflowExecutionExtendedInfo, WorkflowExecutionInfo,
        pending_activity_info::{
            PauseInfo,
            pause_info::{Manual, PausedBy},
        },
    },
    workflowservice::{DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse},
};

impl Engine {
    pub(crate) fn describe_workflow(
        &mut self,
        request: DescribeWorkflowExecutionRequest,
    ) -> Result<DescribeWorkflowExecutionResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let Some(execution) = request.execution else {
            return Err(Error::invalid("Execution is not set on request."));
        };
        check_execution(&execution)?;
        let key = self.find(namespace, &execution)?;
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        let mut description = run.describe();
        if let Some(info) = &mut description.workflow_extended_info {
            info.time_skipping_info = run.time_skipping_info(world);
        }
        Ok(description)
    }
}

impl Run {
    fn describe(&self) -> DescribeWorkflowExecutionResponse {
        DescribeWorkflowExecutionResponse {
            execution_config: Some(WorkflowExecutionConfig {
                task_queue: Some(self.queue()),
                workflow_execution_timeout: time::nonzero(self.is.execution_timeout),
                workflow_run_timeout: time::nonzero(self.is.run_timeout),
                default_workflow_task_timeout: time::wire(self.is.task_timeout),
                user_metadata: self.is.user_metadata.as_deref().cloned(),
            }),
            workflow_execution_info: Some(self.info()),
            pending_activities: self
                .activities
                .values()
                .map(|activity| describe_activity(activity))
                .collect(),
            pending_children: self
                .children
                .iter()
                .map(|(initiated_id, child)| PendingChildExecutionInfo {
                    workflow_id: child.workflow_id.clone(),
                    run_id: child.run_id.map(|id| id.to_string()).unwrap_or_default(),
                    workflow_type_name: child.workflow_type.clone(),
                    initiated_id: *initiated_id,
                    parent_close_policy: child.parent_close_policy,
                })
                .collect(),
            pending_workflow_task: self.pending_task(),
            pending_nexus_operations: self.pending_operations(),
            callbacks: self.callbacks.iter().map(Callback::describe).collect(),
            workflow_extended_info: Some(WorkflowExecutionExtendedInfo {
                execution_expiration_time: self.is.expiration.and_then(Time::wire),
                run_expiration_time: self.is.run_expiration.and_then(Time::wire),
                cancel_requested: self.cancel_requested,
                original_start_time: self.is.original_start_time.wire(),
                last_reset_time: self.is.last_reset.and_then(Time::wire),
                reset_run_id: self.reset_run_id.map(|id| id.to_string()).unwrap_or_default(),
                request_id_infos: self.request_ids.clone().into_iter().collect(),
                pause_info: self.paused.as_deref().map(PausedRun::describe),
                ..Default::default()
            }),
        }
    }

    /// The row of this run in a list.
    /// The builds of workers without a version that have completed workflow tasks of the run, as lists name them.
    pub(crate) fn build_ids(&self) -> Vec<String> {
        if self.versioning.version.is_some() {
            return Vec::new();
        }
        let own = self.is.run_id.to_string();
        let own: Vec<&str> = self
            .reset_points
            .iter()
            .filter(|point| point.run_id == own)
            .map(|point| point.build_id.as_str())
            .collect();
        let unversioned = (!own.is_empty()).then(|| "unversioned".to_owned());
        let named = own.into_iter().filter(|build| !build.is_empty());
        let named = named.map(|build| format!("unversioned:{build}"));
        unversioned.into_iter().chain(named).collect()
    }

    /// The search attributes as clients see them: builds are told from the tasks that they completed.
    fn visible_attributes(&self) -> BTreeMap<String, common::Payload> {
        let mut attributes = self.search_attributes.clone();
        let builds = self.build_ids();
        if !builds.is_empty() {
            let list = || typed("KeywordList", format!("[\"{}\"]", builds.join("\",\"")));
            attributes.entry("BuildIds".to_owned()).or_insert_with(list);
        }
        attributes
    }

    pub(crate) fn info(&self) -> WorkflowExecutionInfo {
        let closed = self.close_time;
        WorkflowExecutionInfo {
            execution: Some(self.execution()),
            r#type: Some(common::WorkflowType {
                name: self.is.workflow_type.clone(),
            }),
            start_time: self.is.start_time.wire(),
            close_time: closed.and_then(Time::wire),
            status: self.visible_status().into(),
            history_length: self.history.wire_len(),
            parent_namespace_id: self
                .is
                .parent
                .as_ref()
                .map(|parent| parent.namespace_id.clone())
                .unwrap_or_default(),
            parent_execution: self.is.parent.as_ref().map(|parent| parent.execution.clone()),
            execution_time: self.is.execution_time.wire(),
            memo: Some(common::Memo {
                fields: self.memo.clone(),
            }),
            search_attributes: Some(common::SearchAttributes {
                indexed_fields: self.visible_attributes(),
            }),
            auto_reset_points: Some(ResetPoints {
                points: self.reset_points.clone(),
            }),
            task_queue: self.is.task_queue.to_string(),
            state_transition_count: self.state_transitions,
            history_size_bytes: self.history.wire_bytes(),
            most_recent_worker_version_stamp: self.last_worker_version.as_deref().cloned(),
            execution_duration: closed.and_then(|closed| time::wire(closed.since(self.is.execution_time))),
            root_execution: Some(self.is.root.clone().unwrap_or_else(|| self.execution())),
            first_run_id: self.is.first_run_id.to_string(),
            priority: self.given_priority(),
            versioning_info: self.versioning.describe(),
            worker_deployment_name: self
                .versioning
                .effective()
                .map(|version| version.deployment.to_string())
                .unwrap_or_default(),
            ..Default::default()
        }
    }

    fn pending_task(&self) -> Option<PendingWorkflowTaskInfo> {
        let scheduled = self.task.scheduled()?;
        let (state, started_time) = match &self.task {
            WorkflowTask::Started(_, started) => (PendingWorkflowTaskState::Started, started.time.wire()),
            _ => (PendingWorkflowTaskState::Scheduled, None),
        };
        Some(PendingWorkflowTaskInfo {
            state: state.into(),
            scheduled_time: scheduled.time.wire(),
            original_scheduled_time: scheduled.original_time.wire(),
            started_time,
            attempt: i32::try_from(scheduled.attempt).unwrap_or(i32::MAX),
        })
    }
}

pub(crate) fn activity_state(activity: &Activity) -> PendingActivityState {
    let cancels = activity.cancel_requested_event_id.is_some();
    match activity.state {
        Attempt::Started { .. } if cancels => PendingActivityState::CancelRequested,
        Attempt::Started { .. } if activity.paused.is_some() => PendingActivityState::PauseRequested,
        Attempt::Started { .. } => PendingActivityState::Started,
        Attempt::Paused { .. } => PendingActivityState::Paused,
        Attempt::Scheduled { .. } | Attempt::BackingOff { .. } => PendingActivityState::Scheduled,
    }
}

fn describe_activity(activity: &Activity) -> PendingActivityInfo {
    let state = activity_state(activity);
    let (scheduled_time, next, interval) = match activity.state {
        Attempt::BackingOff { until, interval } => (until, until.wire(), time::wire(interval)),
        Attempt::Scheduled { since } | Attempt::Paused { since } => (since, None, None),
        Attempt::Started { scheduled, .. } => (scheduled, None, None),
    };
    PendingActivityInfo {
        activity_id: activity.id.clone(),
        activity_type: Some(common::ActivityType {
            name: activity.activity_type.clone(),
        }),
        state: state.into(),
        heartbeat_details: activity.heartbeat_details.clone(),
        last_heartbeat_time: activity.last_heartbeat.and_then(Time::wire),
        last_started_time: activity
            .last_started
            .filter(|_| activity.is_started())
            .and_then(Time::wire),
        attempt: i32::try_from(activity.attempt).unwrap_or(i32::MAX),
        maximum_attempts: i32::try_from(activity.retry.maximum_attempts).unwrap_or(i32::MAX),
        scheduled_time: scheduled_time.wire(),
        expiration_time: activity.closes().and_then(Time::wire),
        last_failure: activity.last_failure.as_deref().cloned(),
        last_worker_identity: activity.last_identity.clone(),
        current_retry_interval: interval,
        last_attempt_complete_time: activity.last_completed.and_then(Time::wire),
        next_attempt_schedule_time: next,
        priority: super::options::chosen(activity.priority.clone()),
        paused: activity.paused.is_some(),
        pause_info: activity.paused.as_ref().map(|paused| PauseInfo {
            pause_time: paused.time.wire(),
            paused_by: Some(PausedBy::Manual(Manual {
                identity: paused.identity.clone(),
                reason: paused.reason.clone(),
            })),
        }),
        activity_options: Some(described_options(activity)),
        ..Default::default()
    }
}

/// As a description has them: its queue under both names.
fn described_options(activity: &Activity) -> ActivityOptions {
    let mut options = activity.options();
    options.task_queue = Some(TaskQueue {
        name: activity.task_queue.clone(),
        normal_name: activity.task_queue.clone(),
        ..Default::default()
    });
    options
}
