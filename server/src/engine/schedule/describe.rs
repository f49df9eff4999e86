//! What a schedule tells of itself.

use super::{Schedule, spec};
use crate::engine::{
    Engine,
    error::{Error, Result},
    limits,
    time::{self, Time},
};
use std::collections::BTreeMap;
use steadfast_proto::{
    common,
    prost_types::Timestamp,
    schedule::{self as wire, schedule_action::Action},
    workflowservice::*,
};

impl Engine {
    pub(crate) fn describe_schedule(&self, request: &DescribeScheduleRequest) -> Result<DescribeScheduleResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let schedule = self.schedules.find(namespace, &request.schedule_id)?;
        let kept = |fields: &BTreeMap<String, common::Payload>| (!fields.is_empty()).then(|| fields.clone());
        Ok(DescribeScheduleResponse {
            schedule: Some(schedule.wire()),
            info: Some(schedule.info(self.world.now())),
            memo: kept(&schedule.memo).map(|fields| common::Memo { fields }),
            search_attributes: kept(&schedule.search_attributes)
                .map(|indexed_fields| common::SearchAttributes { indexed_fields }),
            conflict_token: schedule.conflict_token(),
        })
    }

    pub(crate) fn list_schedule_matching_times(
        &self,
        request: &ListScheduleMatchingTimesRequest,
    ) -> Result<ListScheduleMatchingTimesResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let schedule = self.schedules.find(namespace, &request.schedule_id)?;
        let moment = |time: &Option<Timestamp>| time.as_ref().and_then(Time::from_wire);
        let (Some(start), Some(end)) = (moment(&request.start_time), moment(&request.end_time)) else {
            return Err(Error::invalid("StartTime and EndTime have to be set on request."));
        };
        let times = schedule.plan.spec.between(start, end, schedule.seed());
        Ok(ListScheduleMatchingTimesResponse {
            start_time: times
                .take(limits::SCHEDULE_MATCHING_MAX)
                .filter_map(|time| time.due.wire())
                .collect(),
        })
    }
}

impl Schedule {
    fn wire(&self) -> wire::Schedule {
        let plan = &self.plan;
        let action = plan.action.as_deref().cloned().map(Action::StartWorkflow);
        wire::Schedule {
            spec: Some(plan.spec.wire().clone()),
            action: Some(wire::ScheduleAction { action }),
            policies: Some(wire::SchedulePolicies {
                overlap_policy: plan.overlap.wire(),
                catchup_window: time::wire(plan.catchup_window),
                pause_on_failure: plan.pauses_on_failure,
                keep_original_workflow_id: plan.keeps_workflow_id,
            }),
            state: Some(plan.state.clone()),
        }
    }

    fn info(&self, now: Time) -> wire::ScheduleInfo {
        let counts = self.counts;
        wire::ScheduleInfo {
            action_count: counts.actions,
            missed_catchup_window: counts.missed,
            overlap_skipped: counts.skipped,
            buffer_dropped: counts.dropped,
            buffer_size: i64::try_from(self.waiting.len()).unwrap_or(i64::MAX),
            running_workflows: self.running.iter().map(|running| running.execution.clone()).collect(),
            recent_actions: self.recent.iter().cloned().collect(),
            future_action_times: self.coming(now, limits::SCHEDULE_COMING_MAX),
            create_time: self.created.wire(),
            update_time: self.updated.and_then(Time::wire),
            ..Default::default()
        }
    }

    pub(super) fn list_info(&self, now: Time) -> wire::ScheduleListInfo {
        let older = self.recent.len().saturating_sub(limits::SCHEDULE_LISTED_MAX);
        wire::ScheduleListInfo {
            spec: Some(self.plan.spec.wire().clone()),
            workflow_type: self
                .plan
                .action
                .as_ref()
                .and_then(|action| action.workflow_type.clone()),
            notes: self.plan.state.notes.clone(),
            paused: self.plan.state.paused,
            recent_actions: self.recent.iter().skip(older).cloned().collect(),
            future_action_times: self.coming(now, limits::SCHEDULE_LISTED_MAX),
            ..Default::default()
        }
    }

    /// The next times, also while the schedule is paused.
    fn coming(&self, now: Time, count: usize) -> Vec<Timestamp> {
        let state = &self.plan.state;
        let count = match state.limited_actions {
            true => count.min(usize::try_from(state.remaining_actions).unwrap_or(0)),
            false => count,
        };
        let after = if state.paused { self.seen.max(now) } else { self.seen };
        let times = self.plan.spec.between(after, Time::END, spec::seed(&self.id));
        times.take(count).filter_map(|time| time.due.wire()).collect()
    }
}
