//! Histories, written event by event.

mod upsert;

pub use upsert::fields;

use super::json;
use crate::{
    history::{
        event::PatchMarker,
        local_activity::{self, LOCAL_ACTIVITY_MARKER, MarkerData},
    },
    machines::{patch, search_attribute},
};
use prost::Message as _;
use std::{
    collections::BTreeMap,
    time::{Duration, UNIX_EPOCH},
};
use steadfast_proto::{
    Shared,
    common::{ActivityType, Payloads, WorkflowType},
    enums::{EventType, WorkflowTaskFailedCause},
    failure::Failure,
    history::{self as h, History, HistoryEvent, history_event::Attributes as A},
    prost_types::Timestamp,
    sdk::WorkflowTaskCompletedMetadata,
    taskqueue::TaskQueue,
    update::{Input, Meta, Outcome, Request, outcome},
};

/// A history in the making: each method adds events, with ids and times in order.
///
/// ```
/// # use steadfast_core::testing::HistoryBuilder;
/// let history = HistoryBuilder::new("script")
///     .task()
///     .activity_scheduled("1", "charge")
///     .activity_completed("1", 7)
///     .open_task()
///     .history();
/// assert_eq!(history.events.len(), 9);
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct HistoryBuilder {
    events: Vec<HistoryEvent>,
    flags: Vec<u32>,
    scheduled: BTreeMap<String, i64>,
    timers: BTreeMap<String, i64>,
    task_scheduled: i64,
    task_started: i64,
    task_completed: i64,
}

impl HistoryBuilder {
    /// A run of a workflow type; its tasks record all flags that this core knows.
    pub fn new(workflow_type: &str) -> Self {
        let started = h::WorkflowExecutionStartedEventAttributes {
            workflow_type: Some(WorkflowType {
                name: workflow_type.to_owned(),
            }),
            task_queue: Some(TaskQueue {
                name: "queue".to_owned(),
                ..TaskQueue::default()
            }),
            original_execution_run_id: "run".to_owned(),
            workflow_id: "workflow".to_owned(),
            attempt: 1,
            ..h::WorkflowExecutionStartedEventAttributes::default()
        };
        Self {
            flags: vec![1, 2, 3],
            ..Self::default()
        }
        .add(
            EventType::WorkflowExecutionStarted,
            A::WorkflowExecutionStartedEventAttributes(Shared::new(started)),
        )
    }

    /// The flags that the next completed task records.
    pub fn flags(mut self, flags: &[u32]) -> Self {
        self.flags = flags.to_vec();
        self
    }

    /// The events so far.
    #[must_use]
    pub fn history(self) -> History {
        History { events: self.events }
    }

    /// The events so far, encoded.
    #[must_use]
    pub fn bytes(self) -> Vec<u8> {
        self.history().encode_to_vec()
    }

    /// The id of the last event.
    #[must_use]
    pub fn last_event_id(&self) -> i64 {
        self.events.last().map_or(0, |event| event.event_id)
    }

    /// The id of the last `WorkflowTaskStarted`.
    #[must_use]
    pub fn last_started_event_id(&self) -> i64 {
        self.task_started
    }

    /// An event of any kind.
    pub fn add(mut self, kind: EventType, attributes: A) -> Self {
        let event_id = self.last_event_id().saturating_add(1);
        self.events.push(HistoryEvent {
            event_id,
            event_type: i32::from(kind),
            event_time: Some(Timestamp {
                seconds: event_id,
                nanos: 0,
            }),
            attributes: Some(attributes),
            ..HistoryEvent::default()
        });
        self
    }

    /// A workflow task from beginning to end; its commands follow.
    pub fn task(self) -> Self {
        self.open_task().task_completed()
    }

    /// A workflow task that is scheduled.
    pub fn task_scheduled(self) -> Self {
        let mut next = self.add(
            EventType::WorkflowTaskScheduled,
            A::WorkflowTaskScheduledEventAttributes(Shared::default()),
        );
        next.task_scheduled = next.last_event_id();
        next
    }

    /// A workflow task that is scheduled and started.
    pub fn open_task(self) -> Self {
        self.task_scheduled().task_started()
    }

    /// The scheduled workflow task is started.
    pub fn task_started(self) -> Self {
        let started = h::WorkflowTaskStartedEventAttributes {
            scheduled_event_id: self.task_scheduled,
            history_size_bytes: self.last_event_id().saturating_mul(100),
            ..h::WorkflowTaskStartedEventAttributes::default()
        };
        let mut next = self.add(
            EventType::WorkflowTaskStarted,
            A::WorkflowTaskStartedEventAttributes(Shared::new(started)),
        );
        next.task_started = next.last_event_id();
        next
    }

    /// The open workflow task is completed.
    pub fn task_completed(mut self) -> Self {
        let completed = h::WorkflowTaskCompletedEventAttributes {
            scheduled_event_id: self.task_scheduled,
            started_event_id: self.task_started,
            sdk_metadata: Some(Box::new(WorkflowTaskCompletedMetadata {
                core_used_flags: std::mem::take(&mut self.flags),
                ..WorkflowTaskCompletedMetadata::default()
            })),
            ..h::WorkflowTaskCompletedEventAttributes::default()
        };
        let mut next = self.add(
            EventType::WorkflowTaskCompleted,
            A::WorkflowTaskCompletedEventAttributes(Shared::new(completed)),
        );
        next.task_completed = next.last_event_id();
        next
    }

    /// The open workflow task failed.
    pub fn task_failed(self) -> Self {
        self.add(
            EventType::WorkflowTaskFailed,
            A::WorkflowTaskFailedEventAttributes(Shared::default()),
        )
    }

    /// The run was reset here, and goes on under another id.
    pub fn task_reset(self, new_run_id: &str) -> Self {
        let failed = h::WorkflowTaskFailedEventAttributes {
            cause: i32::from(WorkflowTaskFailedCause::ResetWorkflow),
            new_run_id: new_run_id.to_owned(),
            ..h::WorkflowTaskFailedEventAttributes::default()
        };
        self.add(
            EventType::WorkflowTaskFailed,
            A::WorkflowTaskFailedEventAttributes(Shared::new(failed)),
        )
    }

    /// The open workflow task timed out.
    pub fn task_timed_out(self) -> Self {
        self.add(
            EventType::WorkflowTaskTimedOut,
            A::WorkflowTaskTimedOutEventAttributes(Shared::default()),
        )
    }

    /// An activity is scheduled.
    pub fn activity_scheduled(self, id: &str, type_name: &str) -> Self {
        let scheduled = h::ActivityTaskScheduledEventAttributes {
            activity_id: id.to_owned(),
            activity_type: Some(ActivityType {
                name: type_name.to_owned(),
            }),
            workflow_task_completed_event_id: self.task_completed,
            ..h::ActivityTaskScheduledEventAttributes::default()
        };
        let mut next = self.add(
            EventType::ActivityTaskScheduled,
            A::ActivityTaskScheduledEventAttributes(Shared::new(scheduled)),
        );
        let event_id = next.last_event_id();
        next.scheduled.insert(id.to_owned(), event_id);
        next
    }

    /// An activity is started.
    pub fn activity_started(self, id: &str) -> Self {
        let started = h::ActivityTaskStartedEventAttributes {
            scheduled_event_id: self.scheduled(id),
            ..h::ActivityTaskStartedEventAttributes::default()
        };
        self.add(
            EventType::ActivityTaskStarted,
            A::ActivityTaskStartedEventAttributes(Shared::new(started)),
        )
    }

    /// An activity is started and returns a value.
    pub fn activity_completed(self, id: &str, result: impl Into<serde_json::Value>) -> Self {
        let started = self.activity_started(id);
        let completed = h::ActivityTaskCompletedEventAttributes {
            result: Some(json(&result.into())),
            scheduled_event_id: started.scheduled(id),
            started_event_id: started.last_event_id(),
            ..h::ActivityTaskCompletedEventAttributes::default()
        };
        started.add(
            EventType::ActivityTaskCompleted,
            A::ActivityTaskCompletedEventAttributes(Shared::new(completed)),
        )
    }

    /// An activity is started and fails for good.
    pub fn activity_failed(self, id: &str, failure: Failure) -> Self {
        let started = self.activity_started(id);
        let failed = h::ActivityTaskFailedEventAttributes {
            failure: Some(failure),
            scheduled_event_id: started.scheduled(id),
            started_event_id: started.last_event_id(),
            ..h::ActivityTaskFailedEventAttributes::default()
        };
        started.add(
            EventType::ActivityTaskFailed,
            A::ActivityTaskFailedEventAttributes(Shared::new(failed)),
        )
    }

    /// An activity times out before it is started.
    pub fn activity_timed_out(self, id: &str) -> Self {
        let timed_out = h::ActivityTaskTimedOutEventAttributes {
            scheduled_event_id: self.scheduled(id),
            ..h::ActivityTaskTimedOutEventAttributes::default()
        };
        self.add(
            EventType::ActivityTaskTimedOut,
            A::ActivityTaskTimedOutEventAttributes(Shared::new(timed_out)),
        )
    }

    /// An activity's cancellation is requested.
    pub fn activity_cancel_requested(self, id: &str) -> Self {
        let requested = h::ActivityTaskCancelRequestedEventAttributes {
            scheduled_event_id: self.scheduled(id),
            workflow_task_completed_event_id: self.task_completed,
        };
        self.add(
            EventType::ActivityTaskCancelRequested,
            A::ActivityTaskCancelRequestedEventAttributes(Shared::new(requested)),
        )
    }

    /// An activity is started and ends as cancelled.
    pub fn activity_canceled(self, id: &str) -> Self {
        let started = self.activity_started(id);
        let canceled = h::ActivityTaskCanceledEventAttributes {
            scheduled_event_id: started.scheduled(id),
            started_event_id: started.last_event_id(),
            ..h::ActivityTaskCanceledEventAttributes::default()
        };
        started.add(
            EventType::ActivityTaskCanceled,
            A::ActivityTaskCanceledEventAttributes(Shared::new(canceled)),
        )
    }

    /// A timer is started.
    pub fn timer_started(self, id: &str) -> Self {
        let started = h::TimerStartedEventAttributes {
            timer_id: id.to_owned(),
            workflow_task_completed_event_id: self.task_completed,
            ..h::TimerStartedEventAttributes::default()
        };
        let mut next = self.add(
            EventType::TimerStarted,
            A::TimerStartedEventAttributes(Shared::new(started)),
        );
        let event_id = next.last_event_id();
        next.timers.insert(id.to_owned(), event_id);
        next
    }

    /// A timer fires.
    pub fn timer_fired(self, id: &str) -> Self {
        let fired = h::TimerFiredEventAttributes {
            timer_id: id.to_owned(),
            started_event_id: self.timers.get(id).copied().unwrap_or_default(),
        };
        self.add(EventType::TimerFired, A::TimerFiredEventAttributes(Shared::new(fired)))
    }

    /// A timer is cancelled.
    pub fn timer_canceled(self, id: &str) -> Self {
        let canceled = h::TimerCanceledEventAttributes {
            timer_id: id.to_owned(),
            started_event_id: self.timers.get(id).copied().unwrap_or_default(),
            workflow_task_completed_event_id: self.task_completed,
            ..h::TimerCanceledEventAttributes::default()
        };
        self.add(
            EventType::TimerCanceled,
            A::TimerCanceledEventAttributes(Shared::new(canceled)),
        )
    }

    /// A signal arrives.
    pub fn signaled(self, name: &str) -> Self {
        let signaled = h::WorkflowExecutionSignaledEventAttributes {
            signal_name: name.to_owned(),
            ..h::WorkflowExecutionSignaledEventAttributes::default()
        };
        self.add(
            EventType::WorkflowExecutionSignaled,
            A::WorkflowExecutionSignaledEventAttributes(Shared::new(signaled)),
        )
    }

    /// Cancellation of the workflow is requested.
    pub fn cancel_requested(self) -> Self {
        self.add(
            EventType::WorkflowExecutionCancelRequested,
            A::WorkflowExecutionCancelRequestedEventAttributes(Shared::default()),
        )
    }

    /// A patch's marker, without the search attribute.
    pub fn patch_marker(self, id: &str, deprecated: bool) -> Self {
        let marker = patch::marker(id, deprecated);
        let marker = h::MarkerRecordedEventAttributes {
            marker_name: marker.marker_name,
            details: marker.details,
            workflow_task_completed_event_id: self.task_completed,
            ..h::MarkerRecordedEventAttributes::default()
        };
        debug_assert!(PatchMarker::read(&marker).is_some(), "just written as a patch marker");
        self.marker(marker)
    }

    /// The marker of a local activity that ended in the given run of code within its task, counted from zero. What isn't
    /// a value has failed. `None`: by a core that did not count.
    pub fn local_activity(
        self,
        number: u32,
        type_name: &str,
        run: Option<u64>,
        result: Result<serde_json::Value, Failure>,
    ) -> Self {
        self.local_attempt(number, type_name, run, result, 1, None)
    }

    /// The marker of a local activity's attempt, after which there is another if there is a `backoff`.
    pub fn local_attempt(
        self,
        number: u32,
        type_name: &str,
        run: Option<u64>,
        result: Result<serde_json::Value, Failure>,
        attempt: u32,
        backoff: Option<Duration>,
    ) -> Self {
        let at = self.last_event_id().unsigned_abs();
        let time = UNIX_EPOCH.checked_add(Duration::from_secs(at));
        let mut data = MarkerData::new(number, attempt, number.to_string(), type_name.to_owned())
            .with_times(time, backoff, UNIX_EPOCH);
        data.activation_index = run;
        let marker = h::MarkerRecordedEventAttributes {
            marker_name: LOCAL_ACTIVITY_MARKER.to_owned(),
            details: local_activity::details(&data, result.as_ref().ok().map(json), None),
            failure: result.err(),
            workflow_task_completed_event_id: self.task_completed,
            ..h::MarkerRecordedEventAttributes::default()
        };
        self.marker(marker)
    }

    /// Any marker.
    pub fn marker(self, marker: h::MarkerRecordedEventAttributes) -> Self {
        self.add(
            EventType::MarkerRecorded,
            A::MarkerRecordedEventAttributes(Shared::new(marker)),
        )
    }

    /// The search attribute that lists patches.
    pub fn change_versions(self, ids: &[&str]) -> Self {
        let upsert = search_attribute::upsert_change_versions(ids.iter().copied()).unwrap_or_default();
        let upsert = h::UpsertWorkflowSearchAttributesEventAttributes {
            search_attributes: upsert.search_attributes,
            workflow_task_completed_event_id: self.task_completed,
        };
        self.add(
            EventType::UpsertWorkflowSearchAttributes,
            A::UpsertWorkflowSearchAttributesEventAttributes(Shared::new(upsert)),
        )
    }

    /// A patch's marker and the search attribute that comes with it.
    pub fn patched(self, id: &str) -> Self {
        self.patch_marker(id, false).change_versions(&[id])
    }

    /// An update whose request is an event, as after a reset.
    pub fn update_admitted(self, id: &str, name: &str) -> Self {
        let admitted = h::WorkflowExecutionUpdateAdmittedEventAttributes {
            request: Some(request(id, name)),
            ..h::WorkflowExecutionUpdateAdmittedEventAttributes::default()
        };
        self.add(
            EventType::WorkflowExecutionUpdateAdmitted,
            A::WorkflowExecutionUpdateAdmittedEventAttributes(Shared::new(admitted)),
        )
    }

    /// An update is accepted, having been requested before the last task started.
    pub fn update_accepted(self, id: &str, name: &str) -> Self {
        let sequencing = self.task_scheduled;
        self.update_accepted_after(sequencing, id, Some(name))
    }

    /// An update is accepted; without a name, the request is in an earlier event.
    pub fn update_accepted_after(self, sequencing_event_id: i64, id: &str, name: Option<&str>) -> Self {
        let accepted = h::WorkflowExecutionUpdateAcceptedEventAttributes {
            protocol_instance_id: id.to_owned(),
            accepted_request_message_id: format!("{id}/request"),
            accepted_request_sequencing_event_id: sequencing_event_id,
            accepted_request: name.map(|name| request(id, name)),
        };
        self.add(
            EventType::WorkflowExecutionUpdateAccepted,
            A::WorkflowExecutionUpdateAcceptedEventAttributes(Shared::new(accepted)),
        )
    }

    /// An update is completed.
    pub fn update_completed(self, id: &str) -> Self {
        let completed = h::WorkflowExecutionUpdateCompletedEventAttributes {
            meta: Some(Meta {
                update_id: id.to_owned(),
                ..Meta::default()
            }),
            outcome: Some(Outcome {
                value: Some(outcome::Value::Success(Payloads::default())),
            }),
            ..h::WorkflowExecutionUpdateCompletedEventAttributes::default()
        };
        self.add(
            EventType::WorkflowExecutionUpdateCompleted,
            A::WorkflowExecutionUpdateCompletedEventAttributes(Shared::new(completed)),
        )
    }

    /// The workflow completes.
    pub fn completed(self) -> Self {
        self.add(
            EventType::WorkflowExecutionCompleted,
            A::WorkflowExecutionCompletedEventAttributes(Shared::default()),
        )
    }

    /// The workflow fails.
    pub fn failed(self) -> Self {
        self.add(
            EventType::WorkflowExecutionFailed,
            A::WorkflowExecutionFailedEventAttributes(Shared::default()),
        )
    }

    /// The workflow is cancelled.
    pub fn canceled(self) -> Self {
        self.add(
            EventType::WorkflowExecutionCanceled,
            A::WorkflowExecutionCanceledEventAttributes(Shared::default()),
        )
    }

    /// The workflow is terminated.
    pub fn terminated(self) -> Self {
        self.add(
            EventType::WorkflowExecutionTerminated,
            A::WorkflowExecutionTerminatedEventAttributes(Shared::default()),
        )
    }

    fn scheduled(&self, id: &str) -> i64 {
        self.scheduled.get(id).copied().unwrap_or_default()
    }
}

fn request(id: &str, name: &str) -> Request {
    Request {
        meta: Some(Meta {
            update_id: id.to_owned(),
            identity: "test".to_owned(),
        }),
        input: Some(Input {
            name: name.to_owned(),
            ..Input::default()
        }),
        ..Request::default()
    }
}
