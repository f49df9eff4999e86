//! What the server knows about a schedule.

use super::{Schedule, ScheduleOverlapPolicy, ScheduleSpec};
use crate::{
    client::WorkflowStatus,
    convert::{Converter, Data, DecodeError},
    search_attribute::{SearchAttributeKey, SearchAttributeValue},
};
use std::time::{Duration, SystemTime};
use steadfast_proto::{
    schedule::{self as wire, ScheduleActionResult as WireResult, ScheduleInfo},
    std_duration, system_time,
    workflowservice::DescribeScheduleResponse,
};

/// What the server knows about a schedule, at the time it was asked.
#[derive(Debug, Clone)]
pub struct ScheduleDescription {
    response: Box<DescribeScheduleResponse>,
    converter: Converter,
}

/// One start by a schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleActionResult(WireResult);

impl ScheduleDescription {
    pub(super) fn new(response: DescribeScheduleResponse, converter: Converter) -> Self {
        Self {
            response: Box::new(response),
            converter,
        }
    }

    /// The schedule, to be changed.
    pub fn into_schedule(self) -> Schedule {
        Schedule {
            wire: Box::new(self.response.schedule.unwrap_or_default()),
            error: None,
        }
    }

    /// When it starts its workflow. The server writes calendars and cron expressions as calendars of ranges.
    pub fn spec(&self) -> ScheduleSpec {
        ScheduleSpec(
            self.schedule()
                .and_then(|schedule| schedule.spec.clone())
                .unwrap_or_default(),
        )
    }

    /// The name of the type of the workflow that it starts.
    #[must_use]
    pub fn workflow_type(&self) -> &str {
        let action = self.schedule().and_then(|schedule| schedule.action.as_ref());
        match action.and_then(|action| action.action.as_ref()) {
            Some(wire::schedule_action::Action::StartWorkflow(workflow)) => workflow
                .workflow_type
                .as_ref()
                .map_or("", |workflow_type| &workflow_type.name),
            None => "",
        }
    }

    /// What happens if it is time and the workflow of the last time still runs.
    #[must_use]
    pub fn overlap(&self) -> ScheduleOverlapPolicy {
        self.policies()
            .map(wire::SchedulePolicies::overlap_policy)
            .unwrap_or_default()
    }

    /// How late a start may be that was missed.
    #[must_use]
    pub fn catch_up_window(&self) -> Option<Duration> {
        self.policies()
            .and_then(|policies| policies.catchup_window.as_ref())
            .and_then(std_duration)
    }

    /// Whether it is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.state().is_some_and(|state| state.paused)
    }

    /// What people should know of it.
    #[must_use]
    pub fn note(&self) -> &str {
        self.state().map_or("", |state| &state.notes)
    }

    /// How many workflows it still starts; `None` if there is no limit.
    #[must_use]
    pub fn remaining_actions(&self) -> Option<u64> {
        self.state()
            .filter(|state| state.limited_actions)
            .map(|state| u64::try_from(state.remaining_actions).unwrap_or_default())
    }

    /// How many workflows it has started.
    #[must_use]
    pub fn action_count(&self) -> u64 {
        self.count(|info| info.action_count)
    }

    /// How many starts came too late for the catch-up window.
    #[must_use]
    pub fn missed_catch_up_window(&self) -> u64 {
        self.count(|info| info.missed_catchup_window)
    }

    /// How many starts were left out because a workflow ran.
    #[must_use]
    pub fn skipped_overlaps(&self) -> u64 {
        self.count(|info| info.overlap_skipped)
    }

    /// Ids and run ids of the workflows of its that run.
    pub fn running_workflows(&self) -> impl Iterator<Item = (&str, &str)> {
        let running = self.info().map_or(&[][..], |info| &info.running_workflows);
        running
            .iter()
            .map(|workflow| (workflow.workflow_id.as_str(), workflow.run_id.as_str()))
    }

    /// Its latest starts, the last one at the end.
    pub fn recent_actions(&self) -> impl Iterator<Item = ScheduleActionResult> {
        results(self.info().map_or(&[][..], |info| &info.recent_actions))
    }

    /// When it starts its workflow next, up to ten times.
    pub fn next_action_times(&self) -> impl Iterator<Item = SystemTime> {
        let times = self.info().map_or(&[][..], |info| &info.future_action_times);
        times.iter().filter_map(system_time)
    }

    /// When it was created.
    #[must_use]
    pub fn create_time(&self) -> Option<SystemTime> {
        self.info()
            .and_then(|info| info.create_time.as_ref())
            .and_then(system_time)
    }

    /// When it was last updated, if it was.
    #[must_use]
    pub fn update_time(&self) -> Option<SystemTime> {
        self.info()
            .and_then(|info| info.update_time.as_ref())
            .and_then(system_time)
    }

    /// A field of the schedule's own memo, `None` if there is none of the name.
    ///
    /// # Errors
    /// It is not a `T`.
    pub fn memo<T: Data>(&self, name: &str) -> Result<Option<T>, DecodeError> {
        self.converter
            .decode_field(self.response.memo.as_ref().map(|memo| &memo.fields), name)
    }

    /// The value of a search attribute of the schedule itself, `None` if it is not set.
    ///
    /// # Errors
    /// It is of another type than the key says.
    pub fn search_attribute<T: SearchAttributeValue>(
        &self,
        key: &SearchAttributeKey<T>,
    ) -> Result<Option<T>, DecodeError> {
        key.among(self.response.search_attributes.as_ref())
    }

    /// The answer as it came.
    #[must_use]
    pub fn raw(&self) -> &DescribeScheduleResponse {
        &self.response
    }

    fn schedule(&self) -> Option<&wire::Schedule> {
        self.response.schedule.as_ref()
    }

    fn policies(&self) -> Option<&wire::SchedulePolicies> {
        self.schedule().and_then(|schedule| schedule.policies.as_ref())
    }

    fn state(&self) -> Option<&wire::ScheduleState> {
        self.schedule().and_then(|schedule| schedule.state.as_ref())
    }

    fn info(&self) -> Option<&ScheduleInfo> {
        self.response.info.as_ref()
    }

    fn count(&self, of: impl Fn(&ScheduleInfo) -> i64) -> u64 {
        self.info()
            .map_or(0, |info| u64::try_from(of(info)).unwrap_or_default())
    }
}

pub(super) fn results(results: &[WireResult]) -> impl Iterator<Item = ScheduleActionResult> {
    results.iter().cloned().map(ScheduleActionResult)
}

impl ScheduleActionResult {
    /// The time that it was for.
    #[must_use]
    pub fn schedule_time(&self) -> Option<SystemTime> {
        self.0.schedule_time.as_ref().and_then(system_time)
    }

    /// When it happened.
    #[must_use]
    pub fn actual_time(&self) -> Option<SystemTime> {
        self.0.actual_time.as_ref().and_then(system_time)
    }

    /// The workflow's id.
    #[must_use]
    pub fn workflow_id(&self) -> &str {
        let workflow = self.0.start_workflow_result.as_ref();
        workflow.map_or("", |workflow| &workflow.workflow_id)
    }

    /// The run's id.
    #[must_use]
    pub fn run_id(&self) -> &str {
        let workflow = self.0.start_workflow_result.as_ref();
        workflow.map_or("", |workflow| &workflow.run_id)
    }

    /// What became of the workflow, as far as the schedule knows.
    #[must_use]
    pub fn status(&self) -> WorkflowStatus {
        self.0.start_workflow_status()
    }
}
