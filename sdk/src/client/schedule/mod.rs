//! Schedules: workflows that are started at certain times.
//!
//! ```no_run
//! use std::time::Duration;
//! use steadfast::client::{Client, Schedule, ScheduleCalendar, ScheduleOverlapPolicy, ScheduleSpec};
//!
//! # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
//! let mornings = ScheduleSpec::calendar(ScheduleCalendar::default().hour(9).minute(30).day_of_week(1..=5))
//!     .time_zone("Europe/Berlin");
//! let report = client.start_untyped("Report", ("sales",)).id("report").task_queue("reports");
//! let reports = client
//!     .create_schedule("reports", Schedule::new(mornings, report).overlap(ScheduleOverlapPolicy::BufferOne))
//!     .await?;
//! reports.pause("holidays").await?;
//! reports
//!     .update(|schedule| schedule.spec(ScheduleSpec::every(Duration::from_secs(3600))))
//!     .await?;
//! # Ok(())
//! # }
//! ```

mod action;
mod description;
mod handle;
mod list;
mod spec;

pub use description::{ScheduleActionResult, ScheduleDescription};
pub use handle::ScheduleHandle;
pub use list::{ScheduleList, ScheduleSummary};
pub use spec::{ScheduleCalendar, ScheduleRange, ScheduleRanges, ScheduleSpec};
pub use steadfast_proto::enums::ScheduleOverlapPolicy;

use super::{
    Client, RpcError, StartCall, TaskQueueSet, new_id,
    start::{add_note, encode_field},
};
use crate::{
    convert::EncodeError,
    search_attribute::{self, SearchAttributeUpdate},
};
use serde::Serialize;
use std::{
    future::IntoFuture,
    time::{Duration, SystemTime},
};
use steadfast_core::BoxFuture;
use steadfast_proto::{
    duration,
    schedule::{
        self as wire, BackfillRequest, ScheduleAction, SchedulePatch, SchedulePolicies, ScheduleState,
        TriggerImmediatelyRequest, schedule_action::Action,
    },
    timestamp,
    workflowservice::CreateScheduleRequest,
};

use super::ScheduleError;

/// What is started, when, and what happens if that meets what runs already.
#[derive(Debug, Clone)]
#[must_use = "give it to `Client::create_schedule`"]
pub struct Schedule {
    pub(super) wire: Box<wire::Schedule>,
    pub(super) error: Option<ScheduleError>,
}

impl Schedule {
    /// A workflow is started at the times of a spec: a call of [`Client::start`] that is not awaited. Without an id it gets
    /// the schedule's; the time is added to the id at each start.
    ///
    /// Options of the call that schedules lack, such as a start delay or a signal, are mistakes that are told when the schedule
    /// is created or updated.
    pub fn new<W: ?Sized, M>(spec: ScheduleSpec, start: StartCall<W, TaskQueueSet, M>) -> Self {
        let empty = Self {
            wire: Box::default(),
            error: None,
        };
        empty.spec(spec).start(start)
    }

    /// Other times.
    pub fn spec(mut self, spec: ScheduleSpec) -> Self {
        self.wire.spec = Some(spec.0);
        self
    }

    /// Another workflow, as for [`new`](Self::new).
    pub fn start<W: ?Sized, M>(mut self, start: StartCall<W, TaskQueueSet, M>) -> Self {
        match action::workflow(start) {
            Ok(workflow) => {
                self.wire.action = Some(ScheduleAction {
                    action: Some(Action::StartWorkflow(workflow)),
                });
            }
            Err(error) => self.error = Some(error),
        }
        self
    }

    /// What happens if it is time and the workflow of the last time still runs. Nothing is started then, unless this says
    /// otherwise.
    pub fn overlap(mut self, policy: ScheduleOverlapPolicy) -> Self {
        self.policies().overlap_policy = policy.into();
        self
    }

    /// How late a start may be that was missed while the server was down: a year, unless this says otherwise; at least 10 s.
    pub fn catch_up_window(mut self, window: Duration) -> Self {
        self.policies().catchup_window = Some(duration(window));
        self
    }

    /// Whether the schedule is paused when a workflow of its fails or times out. It is not, unless this says otherwise.
    pub fn pause_on_failure(mut self, pause: bool) -> Self {
        self.policies().pause_on_failure = pause;
        self
    }

    /// Whether the workflow's id is kept as it is, without the time. It is not, unless this says otherwise; not all servers
    /// know this, and those that don't add the time.
    pub fn keep_workflow_id(mut self, keep: bool) -> Self {
        self.policies().keep_original_workflow_id = keep;
        self
    }

    /// What people should know of it.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.state().notes = text.into();
        self
    }

    /// Whether it starts nothing for now. It does start, unless this says otherwise.
    pub fn paused(mut self, paused: bool) -> Self {
        self.state().paused = paused;
        self
    }

    /// How many workflows it still starts, `None` for no limit, which it has none of unless this says otherwise.
    pub fn remaining_actions(mut self, actions: impl Into<Option<u32>>) -> Self {
        let actions = actions.into();
        let state = self.state();
        state.limited_actions = actions.is_some();
        state.remaining_actions = actions.unwrap_or_default().into();
        self
    }

    fn policies(&mut self) -> &mut SchedulePolicies {
        self.wire.policies.get_or_insert_default()
    }

    fn state(&mut self) -> &mut ScheduleState {
        self.wire.state.get_or_insert_default()
    }

    /// What is sent: a workflow without an id has the schedule's.
    pub(super) fn into_wire(mut self, schedule_id: &str) -> Result<wire::Schedule, ScheduleError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if let Some(Action::StartWorkflow(workflow)) =
            self.wire.action.as_mut().and_then(|action| action.action.as_mut())
            && workflow.workflow_id.is_empty()
        {
            schedule_id.clone_into(&mut workflow.workflow_id);
        }
        Ok(*self.wire)
    }
}

/// The creation of a schedule, which happens when it is awaited.
#[must_use = "nothing is created until awaited"]
pub struct CreateScheduleCall {
    client: Client,
    request: Box<CreateScheduleRequest>,
    schedule: Schedule,
    error: Option<EncodeError>,
}

impl CreateScheduleCall {
    pub(super) fn new(client: &Client, id: String, schedule: Schedule) -> Self {
        let request = Box::new(CreateScheduleRequest {
            namespace: client.namespace().to_owned(),
            schedule_id: id,
            identity: client.identity().to_owned(),
            request_id: new_id(),
            ..CreateScheduleRequest::default()
        });
        Self {
            client: client.clone(),
            request,
            schedule,
            error: None,
        }
    }

    /// Starts the workflow once at once, whatever the times say.
    pub fn trigger_immediately(mut self) -> Self {
        self.patch().trigger_immediately = Some(TriggerImmediatelyRequest::default());
        self
    }

    /// Starts the workflow for the times between two moments, as [`ScheduleHandle::backfill`].
    pub fn backfill(mut self, from: SystemTime, to: SystemTime, overlap: ScheduleOverlapPolicy) -> Self {
        self.patch().backfill_request.push(backfill(from, to, overlap));
        self
    }

    /// A note for people and programs about the schedule itself, shown in lists.
    #[allow(clippy::needless_pass_by_value)] // notes are mostly written on the spot
    pub fn memo<T: Serialize + 'static>(mut self, name: impl Into<String>, value: T) -> Self {
        let payload = encode_field(&self.client, &value, &mut self.error);
        add_note(&mut self.request.memo, name.into(), payload);
        self
    }

    /// Values by which the schedule itself is found. The server must know their names and types.
    pub fn search_attributes(mut self, attributes: impl IntoIterator<Item = SearchAttributeUpdate>) -> Self {
        self.request.search_attributes = Some(search_attribute::collect(attributes));
        self
    }

    fn patch(&mut self) -> &mut SchedulePatch {
        self.request.initial_patch.get_or_insert_default()
    }
}

impl IntoFuture for CreateScheduleCall {
    type Output = Result<ScheduleHandle, ScheduleError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            if let Some(error) = self.error {
                return Err(error.into());
            }
            let id = self.request.schedule_id.clone();
            self.request.schedule = Some(self.schedule.into_wire(&id)?);
            self.client.connection().create_schedule(*self.request).await?;
            Ok(ScheduleHandle::new(self.client, id))
        })
    }
}

fn backfill(from: SystemTime, to: SystemTime, overlap: ScheduleOverlapPolicy) -> BackfillRequest {
    BackfillRequest {
        start_time: Some(timestamp(from)),
        end_time: Some(timestamp(to)),
        overlap_policy: overlap.into(),
    }
}

pub(super) async fn count(client: &Client, query: String) -> Result<u64, RpcError> {
    let request = steadfast_proto::workflowservice::CountSchedulesRequest {
        namespace: client.namespace().to_owned(),
        query,
    };
    let answer = client.connection().count_schedules(request).await?;
    Ok(u64::try_from(answer.count).unwrap_or_default())
}
