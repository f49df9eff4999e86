//! What users do with schedules: create, change, trigger, make up for, pause, delete.

use super::{
    Counts, Plan, Schedule,
    overlap::{Backfill, Overlap, WaitingAction},
    spec::{ActionTime, Spec},
};
use crate::engine::{
    Engine,
    error::{Code, Error, Result},
    limits,
    namespace::NamespaceKey,
    retry::RetryPolicy,
    search_attribute::{self, SearchAttributeTypes},
    start::{check_blob, check_name, check_queue, check_timeouts},
    time::{self, Time},
    world::World,
};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use steadfast_proto::{
    common,
    enums::{TaskQueueKind, WorkflowIdReusePolicy as Reuse},
    errordetails,
    schedule::{self as wire, schedule_action::Action},
    workflow::NewWorkflowExecutionInfo,
    workflowservice::*,
};

impl Engine {
    pub(crate) fn create_schedule(&mut self, request: CreateScheduleRequest) -> Result<CreateScheduleResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?;
        let (namespace, namespace_name) = (namespace.key, namespace.name.clone());
        check_id(&request.schedule_id)?;
        if request.request_id.is_empty() {
            return Err(Error::invalid("RequestId is not set on request."));
        }
        check_name("RequestId", &request.request_id)?;
        if let Ok(schedule) = self.schedules.find(namespace, &request.schedule_id) {
            return schedule.met(&request.request_id);
        }
        let plan = self.read_plan(namespace, request.schedule)?;
        let patch = request.initial_patch.unwrap_or_default();
        check_patch(&patch)?;
        let search_attributes = self.check_attributes(namespace, request.search_attributes)?;
        check_blob(&self.world, request.memo.as_ref())?;
        let now = self.world.now();
        let mut schedule = Box::new(Schedule {
            key: self.schedules.next_key(),
            namespace,
            namespace_name,
            id: request.schedule_id.into(),
            plan,
            memo: request.memo.unwrap_or_default().fields,
            search_attributes: search_attributes.unwrap_or_default(),
            created: now,
            updated: None,
            requests: VecDeque::from([request.request_id]),
            version: 1,
            seen: now,
            next: None,
            deadline: None,
            waiting: VecDeque::new(),
            backfills: VecDeque::new(),
            running: None,
            recent: VecDeque::new(),
            counts: Counts::default(),
            last_result: None,
            last_failure: None,
        });
        schedule.begin_anew(now);
        schedule.patch(&patch, now)?;
        self.proceed_schedule(&mut schedule);
        let conflict_token = schedule.conflict_token();
        self.schedules.put(schedule);
        Ok(CreateScheduleResponse { conflict_token })
    }

    pub(crate) fn update_schedule(&mut self, request: UpdateScheduleRequest) -> Result<UpdateScheduleResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let schedule = self.schedules.find(namespace, &request.schedule_id)?;
        let key = schedule.key;
        if !request.conflict_token.is_empty() && request.conflict_token != schedule.conflict_token() {
            return Err(Error::new(
                Code::FailedPrecondition,
                "mismatched conflict token: the schedule has changed since it was described",
            ));
        }
        let plan = self.read_plan(namespace, request.schedule)?;
        if plan.action.is_none() {
            return Err(Error::invalid("Only StartWorkflow action is supported for schedules"));
        }
        let search_attributes = self.check_attributes(namespace, request.search_attributes)?;
        check_blob(&self.world, request.memo.as_ref())?;
        let now = self.world.now();
        let Some(mut schedule) = self.schedules.take(key) else {
            return Err(Error::not_found("schedule not found"));
        };
        if schedule.is_new_request(&request.request_id) {
            schedule.plan = plan;
            if let Some(search_attributes) = search_attributes {
                schedule.search_attributes = search_attributes;
            }
            if let Some(memo) = request.memo {
                schedule.memo = memo.fields;
            }
            schedule.updated = Some(now);
            schedule.changed();
            schedule.begin_anew(now);
            self.proceed_schedule(&mut schedule);
        }
        self.schedules.put(schedule);
        Ok(UpdateScheduleResponse {})
    }

    pub(crate) fn patch_schedule(&mut self, request: PatchScheduleRequest) -> Result<PatchScheduleResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let Some(patch) = request.patch else {
            return Err(Error::invalid("Patch is not set on request."));
        };
        let key = self.schedules.find(namespace, &request.schedule_id)?.key;
        check_patch(&patch)?;
        let now = self.world.now();
        let Some(mut schedule) = self.schedules.take(key) else {
            return Err(Error::not_found("schedule not found"));
        };
        let patched = match schedule.is_new_request(&request.request_id) {
            true => schedule.patch(&patch, now),
            false => Ok(()),
        };
        self.proceed_schedule(&mut schedule);
        self.schedules.put(schedule);
        patched.map(|()| PatchScheduleResponse {})
    }

    /// What it started goes on.
    pub(crate) fn delete_schedule(&mut self, request: &DeleteScheduleRequest) -> Result<DeleteScheduleResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let mut schedule = self.schedules.remove(namespace, &request.schedule_id)?;
        schedule.retire(&mut self.world);
        Ok(DeleteScheduleResponse {})
    }

    fn check_attributes(
        &self,
        namespace: NamespaceKey,
        attributes: Option<common::SearchAttributes>,
    ) -> Result<Option<BTreeMap<String, common::Payload>>> {
        let Some(mut attributes) = attributes else {
            return Ok(None);
        };
        if let Some(namespace) = self.world.namespaces.get(namespace) {
            namespace
                .search_attributes
                .check(&namespace.name, &mut attributes.indexed_fields)?;
        }
        let mut kept = BTreeMap::new();
        search_attribute::merge(&mut kept, &attributes.indexed_fields);
        Ok(Some(kept))
    }

    fn read_plan(&self, namespace: NamespaceKey, schedule: Option<wire::Schedule>) -> Result<Plan> {
        let schedule = schedule.unwrap_or_default();
        let action = match schedule.action.and_then(|action| action.action) {
            Some(Action::StartWorkflow(mut action)) => {
                if let Some(namespace) = self.world.namespaces.get(namespace) {
                    check_action(&self.world, &namespace.name, &namespace.search_attributes, &mut action)?;
                }
                Some(Box::new(action))
            }
            None => None,
        };
        let policies = schedule.policies.unwrap_or_default();
        let state = schedule.state.unwrap_or_default();
        if state.remaining_actions < 0 {
            return Err(Error::invalid(format!(
                "{} remaining actions: expected none or more",
                state.remaining_actions
            )));
        }
        let catchup_window = match &policies.catchup_window {
            Some(window) => time::lasting(Some(window)).max(limits::SCHEDULE_CATCHUP_WINDOW_MIN),
            None => limits::SCHEDULE_CATCHUP_WINDOW,
        };
        Ok(Plan {
            spec: Spec::read(schedule.spec.unwrap_or_default())?,
            action,
            overlap: Overlap::read(policies.overlap_policy, Overlap::Skip)?,
            catchup_window,
            pauses_on_failure: policies.pause_on_failure,
            keeps_workflow_id: policies.keep_original_workflow_id,
            state,
        })
    }
}

/// Workflow ids get a time of this length.
const ID_SUFFIX_BYTES: usize = "-2000-01-01T00:00:00Z".len();

fn check_id(id: &str) -> Result<()> {
    if id.is_empty() {
        return Err(Error::invalid("ScheduleId is not set on request."));
    }
    check_name("ScheduleId", id)
}

/// What would not start later is refused now.
fn check_action(
    world: &World,
    namespace: &str,
    types: &SearchAttributeTypes,
    action: &mut NewWorkflowExecutionInfo,
) -> Result<()> {
    if !action.cron_schedule.is_empty() {
        return Err(Error::invalid("Scheduled workflow must not contain CronSchedule"));
    }
    if !matches!(
        action.workflow_id_reuse_policy(),
        Reuse::Unspecified | Reuse::AllowDuplicate
    ) {
        return Err(Error::invalid(
            "Scheduled workflow must not contain WorkflowIDReusePolicy",
        ));
    }
    if action.workflow_id.len().saturating_add(ID_SUFFIX_BYTES) > limits::NAME_BYTES_MAX {
        return Err(Error::invalid("WorkflowId length exceeds limit."));
    }
    let workflow_type = action.workflow_type.as_ref().map_or("", |kind| kind.name.as_str());
    if workflow_type.is_empty() {
        return Err(Error::invalid("WorkflowType is not set on request."));
    }
    check_name("WorkflowType", workflow_type)?;
    let queue = action.task_queue.get_or_insert_default();
    check_queue(&queue.name)?;
    queue.kind = TaskQueueKind::Normal.into();
    check_timeouts([
        &action.workflow_execution_timeout,
        &action.workflow_run_timeout,
        &action.workflow_task_timeout,
    ])?;
    action.retry_policy.as_ref().map(RetryPolicy::read).transpose()?;
    check_blob(world, action.input.as_ref())?;
    check_blob(world, action.memo.as_ref())?;
    match &mut action.search_attributes {
        Some(attributes) => types.check(namespace, &mut attributes.indexed_fields),
        None => Ok(()),
    }
}

/// Refuses what can't be done, before anything of a patch is.
fn check_patch(patch: &wire::SchedulePatch) -> Result<()> {
    if let Some(trigger) = &patch.trigger_immediately {
        Overlap::own(trigger.overlap_policy)?;
    }
    if patch.backfill_request.len() > limits::SCHEDULE_BACKFILLS_MAX {
        return Err(Error::invalid(format!(
            "{} backfills in one request: at most {} are allowed",
            patch.backfill_request.len(),
            limits::SCHEDULE_BACKFILLS_MAX
        )));
    }
    for backfill in &patch.backfill_request {
        Overlap::own(backfill.overlap_policy)?;
        if backfill.start_time.is_none() || backfill.end_time.is_none() {
            return Err(Error::invalid("a backfill needs its start time and its end time"));
        }
    }
    Ok(())
}

impl Schedule {
    pub(super) fn conflict_token(&self) -> Bytes {
        Bytes::copy_from_slice(&self.version.to_be_bytes())
    }

    /// Somebody creates a schedule of the same id.
    fn met(&self, request_id: &str) -> Result<CreateScheduleResponse> {
        if self.requests.front().is_some_and(|first| first == request_id) {
            return Ok(CreateScheduleResponse {
                conflict_token: self.conflict_token(),
            });
        }
        let message = format!("schedule {:?} is already registered", self.id);
        let detail = errordetails::WorkflowExecutionAlreadyStartedFailure::default();
        Err(Error::new(Code::AlreadyExists, message).with(&detail))
    }

    fn patch(&mut self, patch: &wire::SchedulePatch, now: Time) -> Result<()> {
        if self.backfills.len().saturating_add(patch.backfill_request.len()) > limits::SCHEDULE_BACKFILLS_MAX {
            let message = "too many backfills wait: try again when some are done";
            return Err(Error::new(Code::ResourceExhausted, message));
        }
        if let Some(trigger) = &patch.trigger_immediately {
            let nominal = trigger.scheduled_time.as_ref().and_then(Time::from_wire).unwrap_or(now);
            self.wait(WaitingAction {
                time: ActionTime { nominal, due: nominal },
                is_manual: true,
                overlap: Overlap::own(trigger.overlap_policy)?,
            });
        }
        for backfill in &patch.backfill_request {
            let moment = |time: Option<&_>| time.and_then(Time::from_wire).unwrap_or_default();
            self.backfills.push_back(Backfill {
                // The start is one of the times.
                after: moment(backfill.start_time.as_ref()).minus(Duration::from_millis(1)),
                end: moment(backfill.end_time.as_ref()),
                overlap: Overlap::own(backfill.overlap_policy)?,
            });
        }
        for (paused, notes) in [(true, &patch.pause), (false, &patch.unpause)] {
            if !notes.is_empty() {
                self.plan.state.paused = paused;
                self.plan.state.notes.clone_from(notes);
                self.changed();
                self.begin_anew(now);
            }
        }
        Ok(())
    }
}
