//! Starts: a request becomes a plan, a plan becomes a run.

use super::{
    Engine, callback,
    conflict::policies,
    deadline::Due,
    deployment::{Decided, Version},
    error::{Error, Result},
    id::Uuid,
    limits,
    namespace::NamespaceKey,
    poller::Poller,
    retry::RetryPolicy,
    run::{Identity, Parent, Run, RunKey},
    search_attribute, time,
    time::Time,
    time_skipping::Inherited,
    waiter::or_drawn,
    workflow_task::Kind,
    world::World,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use steadfast_proto::{
    common,
    deployment::InheritedAutoUpgradeInfo,
    enums::{ContinueAsNewInitiator as Initiator, EventType, VersioningBehavior, WorkflowExecutionStatus as Status},
    failure::Failure,
    history::{WorkflowExecutionSignaledEventAttributes, WorkflowExecutionStartedEventAttributes},
    prost::Message,
    prost_types, sdk, workflow,
    workflowservice::*,
};

/// Everything that a run begins with.
#[derive(Debug, Default)]
pub(crate) struct StartPlan {
    pub(crate) namespace: Option<NamespaceKey>,
    pub(crate) namespace_name: Arc<str>,
    pub(crate) workflow_id: Arc<str>,
    pub(crate) run_id: Uuid,
    pub(crate) first_run_id: Uuid,
    pub(crate) original_run_id: Uuid,
    pub(crate) continued_run_id: Option<Uuid>,
    pub(crate) workflow_type: String,
    pub(crate) task_queue: Arc<str>,
    pub(crate) input: Option<common::Payloads>,
    pub(crate) execution_timeout: Duration,
    pub(crate) run_timeout: Duration,
    /// The first event names the run's time-out even where there is none.
    pub(crate) names_run_timeout: bool,
    pub(crate) task_timeout: Duration,
    pub(crate) expiration: Option<Time>,
    pub(crate) retry_policy: Option<RetryPolicy>,
    pub(crate) cron_schedule: String,
    pub(crate) initiator: Initiator,
    pub(crate) attempt: u32,
    pub(crate) backoff: Duration,
    pub(crate) continued_failure: Option<Box<Failure>>,
    pub(crate) last_completion_result: Option<common::Payloads>,
    pub(crate) identity: String,
    pub(crate) request_id: String,
    pub(crate) memo: Option<common::Memo>,
    pub(crate) search_attributes: Option<common::SearchAttributes>,
    pub(crate) header: Option<common::Header>,
    pub(crate) priority: Option<common::Priority>,
    pub(crate) user_metadata: Option<Box<sdk::UserMetadata>>,
    pub(crate) links: Vec<common::Link>,
    pub(crate) callbacks: Vec<common::Callback>,
    pub(crate) versioning_override: Option<Box<workflow::VersioningOverride>>,
    /// The version that the run before or the parent is pinned to.
    pub(crate) inherited_version: Option<Version>,
    /// Of the version of the run before, if this one is not bound to it.
    pub(crate) left_version: Option<Box<InheritedAutoUpgradeInfo>>,
    /// Its first workflow task goes to the ramping version.
    pub(crate) begins_on_ramp: bool,
    pub(crate) reset_points: Vec<workflow::ResetPointInfo>,
    pub(crate) parent: Option<Box<Parent>>,
    pub(crate) root: Option<common::WorkflowExecution>,
    pub(crate) signal: Option<WorkflowExecutionSignaledEventAttributes>,
    pub(crate) is_eager: bool,
    /// How far the run's time is ahead, and whether it jumps.
    pub(crate) time: Option<Box<Inherited>>,
}

impl Run {
    /// Begins a run: its first events, and its first workflow task unless that has to wait.
    pub(crate) fn begin(world: &mut World, key: RunKey, mut plan: StartPlan) -> Option<Self> {
        let namespace = plan.namespace?;
        let time = plan.time.as_deref().cloned().unwrap_or_default();
        let now = world.now().plus(time.skipped);
        let execution_time = now.plus(plan.backoff);
        let expires = |timeout: Duration, since: Time| (!timeout.is_zero()).then(|| since.plus(timeout));
        let expiration = plan
            .expiration
            .or_else(|| expires(plan.execution_timeout, execution_time));
        let run_expiration = expires(plan.run_timeout, execution_time);
        let run_expiration = [run_expiration, expiration].into_iter().flatten().min();
        let started = plan.take_started(expiration);
        let memo = plan.memo.map(|memo| memo.fields).unwrap_or_default();
        let mut search_attributes = BTreeMap::new();
        if let Some(attributes) = &plan.search_attributes {
            search_attribute::merge(&mut search_attributes, &attributes.indexed_fields);
        }
        let mut run = Self::blank(Identity {
            key,
            namespace,
            namespace_name: plan.namespace_name,
            workflow_id: plan.workflow_id,
            run_id: plan.run_id,
            first_run_id: plan.first_run_id,
            workflow_type: plan.workflow_type,
            task_queue: plan.task_queue,
            execution_timeout: plan.execution_timeout,
            run_timeout: plan.run_timeout,
            task_timeout: plan.task_timeout,
            retry_policy: plan.retry_policy,
            cron_schedule: plan.cron_schedule,
            attempt: plan.attempt,
            start_request_id: plan.request_id.clone(),
            parent: plan.parent,
            root: plan.root,
            priority: plan.priority.unwrap_or_default(),
            user_metadata: plan.user_metadata.clone(),
            start_time: now,
            execution_time,
            expiration,
            run_expiration,
            original_start_time: now,
            last_reset: None,
            reset_request_id: String::new(),
        });
        run.skipped = time.skipped;
        run.skipping = time.skipping.map(Box::new);
        run.memo = memo;
        run.search_attributes = search_attributes;
        run.reset_points = plan.reset_points;
        run.add_callbacks(&plan.callbacks, now);
        run.versioning.decided = plan.versioning_override.as_deref().and_then(Decided::read);
        run.versioning.begins_on_ramp = plan.begins_on_ramp;
        if let Some(version) = plan.inherited_version {
            run.versioning.behavior = VersioningBehavior::Pinned;
            run.versioning.version = Some(version);
        }
        if run.versioning.effective().is_some() {
            run.index_versions();
        }
        let mut event = run.event(world, started);
        event.user_metadata = plan.user_metadata;
        event.links = plan.links;
        let event_id = run.push(world, event);
        run.note_request(&plan.request_id, EventType::WorkflowExecutionStarted, event_id);
        if let Some(signal) = plan.signal {
            run.note_signal(world, signal, Vec::new());
        }
        run.is_waiting_for_parent = run.is.parent.is_some() && plan.continued_run_id.is_none();
        run.await_first_task(world, plan.backoff, plan.is_eager);
        Some(run)
    }

    /// Schedules the first workflow task, or sets the time for it; and the time at which the run is over.
    fn await_first_task(&mut self, world: &mut World, backoff: Duration, is_eager: bool) {
        let (run, execution_time) = (self.is.key, self.is.execution_time);
        if backoff.is_zero() {
            if !self.is_waiting_for_parent {
                self.schedule_task(world, Kind::Normal, self.is.start_time, !is_eager);
            }
        } else {
            let due = Due::FirstWorkflowTask { run };
            let deadline = world.deadlines.set(self.due(execution_time), due);
            self.backoff = Some((execution_time, deadline));
        }
        self.expiry = self
            .is
            .run_expiration
            .map(|at| world.deadlines.set(self.due(at), Due::RunTimeout { run }));
    }

    pub(crate) fn note_request(&mut self, request_id: &str, kind: EventType, event_id: i64) {
        if !request_id.is_empty() {
            let info = workflow::RequestIdInfo {
                event_type: kind.into(),
                event_id,
                buffered: event_id == 0,
            };
            self.request_ids.insert(request_id.to_owned(), info);
        }
    }

    /// The time of a delayed run's first workflow task has come (or something calls for it at once).
    pub(crate) fn end_backoff(&mut self, world: &mut World) {
        if let Some((_, deadline)) = self.backoff.take() {
            world.deadlines.clear(&mut Some(deadline));
            self.want_task(world);
        }
    }
}

impl StartPlan {
    /// The first event, with what the plan has for it alone.
    fn take_started(&mut self, expiration: Option<Time>) -> WorkflowExecutionStartedEventAttributes {
        WorkflowExecutionStartedEventAttributes {
            workflow_type: Some(common::WorkflowType {
                name: self.workflow_type.clone(),
            }),
            parent_workflow_namespace: self
                .parent
                .as_ref()
                .map(|parent| parent.namespace.to_string())
                .unwrap_or_default(),
            parent_workflow_namespace_id: self
                .parent
                .as_ref()
                .map(|parent| parent.namespace_id.clone())
                .unwrap_or_default(),
            parent_workflow_execution: self.parent.as_ref().map(|parent| Box::new(parent.execution.clone())),
            parent_initiated_event_id: self.parent.as_ref().map_or(0, |parent| parent.initiated_event_id),
            root_workflow_execution: self.root.clone(),
            task_queue: Some(super::task_queue::normal(&self.task_queue)),
            input: self.input.take(),
            workflow_execution_timeout: time::nonzero(self.execution_timeout),
            workflow_run_timeout: if self.names_run_timeout {
                time::wire(self.run_timeout)
            } else {
                time::nonzero(self.run_timeout)
            },
            workflow_task_timeout: time::wire(self.task_timeout),
            continued_execution_run_id: self.continued_run_id.map(|id| id.to_string()).unwrap_or_default(),
            initiator: self.initiator.into(),
            continued_failure: self.continued_failure.take(),
            last_completion_result: self.last_completion_result.take(),
            original_execution_run_id: self.original_run_id.text(),
            identity: self.identity.clone(),
            first_execution_run_id: self.first_run_id.text(),
            retry_policy: self.retry_policy.as_ref().map(|policy| Box::new(policy.wire())),
            attempt: i32::try_from(self.attempt).unwrap_or(i32::MAX),
            workflow_execution_expiration_time: expiration.and_then(Time::wire),
            cron_schedule: self.cron_schedule.clone(),
            first_workflow_task_backoff: time::wire(self.backoff),
            memo: self.memo.clone(),
            search_attributes: self.search_attributes.clone(),
            prev_auto_reset_points: (!self.reset_points.is_empty()).then(|| workflow::ResetPoints {
                points: self.reset_points.clone(),
            }),
            header: self.header.take(),
            workflow_id: self.workflow_id.to_string(),
            completion_callbacks: self.callbacks.clone(),
            versioning_override: self.versioning_override.clone(),
            inherited_pinned_version: self.inherited_version.as_ref().map(|version| Box::new(version.wire())),
            inherited_auto_upgrade_info: self.left_version.clone(),
            priority: self.priority.clone(),
            eager_execution_accepted: self.is_eager,
            time_skipping_config: self.time.as_ref().and_then(|time| time.config()).map(Box::new),
            time_skipping_state_propagation: self.time.as_ref().and_then(|time| time.wire()).map(Box::new),
            ..Default::default()
        }
    }
}

/// What became of a start.
pub(crate) struct Outcome {
    pub(crate) key: RunKey,
    pub(crate) is_new: bool,
    pub(crate) response: StartWorkflowExecutionResponse,
}

/// Checks what a start request says by itself.
fn check_start(request: &StartWorkflowExecutionRequest) -> Result<()> {
    let length = request.workflow_id.len();
    if length > limits::NAME_BYTES_MAX {
        return Err(Error::invalid(format!(
            "WorkflowId exceeds maximum allowed length ({length}/{})",
            limits::NAME_BYTES_MAX
        )));
    }
    if request.workflow_id.is_empty() {
        return Err(Error::invalid("WorkflowId is not set on request."));
    }
    let workflow_type = request.workflow_type.as_ref().map_or("", |kind| kind.name.as_str());
    if workflow_type.is_empty() {
        return Err(Error::invalid("WorkflowType is not set on request."));
    }
    check_name("WorkflowType", workflow_type)?;
    let Some(task_queue) = &request.task_queue else {
        return Err(Error::invalid("taskQueue is not set"));
    };
    check_queue(&task_queue.name)?;
    check_name("RequestId", &request.request_id)?;
    check_name("Identity", &request.identity)?;
    check_timeouts([
        &request.workflow_execution_timeout,
        &request.workflow_run_timeout,
        &request.workflow_task_timeout,
    ])?;
    if time::is_negative(request.workflow_start_delay.as_ref()) {
        return Err(Error::invalid(
            "An invalid WorkflowStartDelaySeconds is set on request. cause: negative duration",
        ));
    }
    let delay = time::lasting(request.workflow_start_delay.as_ref());
    if !request.cron_schedule.is_empty() && !delay.is_zero() {
        return Err(Error::invalid(
            "CronSchedule and WorkflowStartDelay may not be used together.",
        ));
    }
    if request
        .priority
        .as_ref()
        .is_some_and(|priority| priority.priority_key < 0)
    {
        return Err(Error::invalid("priority key can't be negative"));
    }
    if request.links.len() > limits::LINKS_MAX {
        return Err(Error::invalid(format!(
            "cannot attach more than {} links per request, got {}",
            limits::LINKS_MAX,
            request.links.len()
        )));
    }
    Ok(())
}

impl Engine {
    /// Checks a start request and fills in what it leaves out.
    fn plan(&mut self, request: StartWorkflowExecutionRequest) -> Result<StartPlan> {
        let now = self.world.now();
        let namespace = self.world.namespaces.find(&request.namespace)?;
        check_start(&request)?;
        let workflow_type = request.workflow_type.unwrap_or_default().name;
        let task_queue = request.task_queue.unwrap_or_default();
        let retry_policy = request.retry_policy.as_deref().map(RetryPolicy::read).transpose()?;
        let delay = time::lasting(request.workflow_start_delay.as_ref());
        check_blob(&self.world, request.input.as_ref())?;
        check_blob(&self.world, request.memo.as_ref())?;
        let time = Inherited::asked(request.time_skipping_config.map(|config| *config), now)?;
        let mut callbacks = request.completion_callbacks;
        callback::check(&mut callbacks)?;
        let mut search_attributes = request.search_attributes;
        if let Some(attributes) = &mut search_attributes {
            namespace
                .search_attributes
                .check(&request.namespace, &mut attributes.indexed_fields)?;
        }
        self.check_override(namespace.key, &task_queue.name, request.versioning_override.as_deref())?;
        let cron = super::cron::Schedule::read(&request.cron_schedule)?;
        let backoff = match &cron {
            Some(cron) => cron.wait(now, now),
            None => delay,
        };
        let execution_timeout = time::lasting(request.workflow_execution_timeout.as_ref());
        let run_timeout = time::lasting(request.workflow_run_timeout.as_ref());
        let run_timeout = shorter(run_timeout, execution_timeout);
        let run_id = self.world.ids.ordered(now);
        Ok(StartPlan {
            namespace: Some(namespace.key),
            namespace_name: namespace.name.clone(),
            workflow_id: request.workflow_id.into(),
            run_id,
            first_run_id: run_id,
            original_run_id: run_id,
            workflow_type,
            task_queue: task_queue.name.into(),
            input: request.input,
            execution_timeout,
            run_timeout,
            task_timeout: task_timeout(time::lasting(request.workflow_task_timeout.as_ref()), run_timeout),
            retry_policy,
            initiator: if cron.is_some() {
                Initiator::CronSchedule
            } else {
                Initiator::Unspecified
            },
            cron_schedule: request.cron_schedule,
            attempt: 1,
            backoff,
            continued_failure: request.continued_failure,
            last_completion_result: request.last_completion_result,
            identity: request.identity,
            request_id: or_drawn(&request.request_id, self.world.ids.random()),
            memo: request.memo,
            search_attributes,
            header: request.header,
            priority: request.priority,
            user_metadata: request.user_metadata,
            links: request.links,
            callbacks,
            versioning_override: request.versioning_override,
            is_eager: request.request_eager_execution && backoff.is_zero(),
            time,
            ..StartPlan::default()
        })
    }

    pub(crate) fn start_workflow(
        &mut self,
        request: StartWorkflowExecutionRequest,
    ) -> Result<StartWorkflowExecutionResponse> {
        self.start(request, None).map(|outcome| outcome.response)
    }

    pub(crate) fn start(
        &mut self,
        request: StartWorkflowExecutionRequest,
        signal: Option<WorkflowExecutionSignaledEventAttributes>,
    ) -> Result<Outcome> {
        let (reuse, conflict) = policies(
            request.workflow_id_reuse_policy(),
            request.workflow_id_conflict_policy(),
            signal.is_some(),
        )?;
        let on_conflict = request.on_conflict_options;
        let mut plan = self.plan(request)?;
        if signal.is_some() {
            // The original draws these at random.
            plan.run_id = self.world.ids.random();
            plan.first_run_id = plan.run_id;
            plan.original_run_id = plan.run_id;
        }
        plan.signal = signal;
        let met = plan
            .namespace
            .and_then(|namespace| self.runs.current(namespace, &plan.workflow_id));
        if let Some(key) = met
            && let Some(outcome) = self.meet(key, &mut plan, reuse, conflict, on_conflict)?
        {
            return Ok(outcome);
        }
        self.begin(plan)
    }

    /// Makes a run of a plan.
    pub(crate) fn begin(&mut self, plan: StartPlan) -> Result<Outcome> {
        let key = self.runs.vacant();
        let is_eager = plan.is_eager;
        let poller = Poller {
            identity: plan.identity.clone(),
            ..Poller::default()
        };
        let request_id = plan.request_id.clone();
        let Some(mut run) = Run::begin(&mut self.world, key, plan) else {
            return Err(Error::broken("a run is begun in a namespace"));
        };
        let eager_workflow_task = if is_eager {
            run.start_task(&mut self.world, None, &poller, request_id)
        } else {
            None
        };
        let response = StartWorkflowExecutionResponse {
            run_id: run.is.run_id.text(),
            first_execution_run_id: run.is.first_run_id.text(),
            started: true,
            status: Status::Running.into(),
            link: Some(run.link(1, EventType::WorkflowExecutionStarted)),
            eager_workflow_task: eager_workflow_task.map(Box::new),
        };
        self.runs.insert(run);
        Ok(Outcome {
            key,
            is_new: true,
            response,
        })
    }

    pub(crate) fn signal_with_start(
        &mut self,
        request: SignalWithStartWorkflowExecutionRequest,
    ) -> Result<SignalWithStartWorkflowExecutionResponse> {
        if request.signal_name.is_empty() {
            return Err(Error::invalid("signal not set"));
        }
        check_name("SignalName", &request.signal_name)?;
        check_blob(&self.world, request.signal_input.as_ref())?;
        let signal = WorkflowExecutionSignaledEventAttributes {
            signal_name: request.signal_name,
            input: request.signal_input,
            identity: request.identity.clone(),
            header: request.header.clone(),
            request_id: or_drawn(&request.request_id, self.world.ids.random()),
            ..Default::default()
        };
        let request_id = signal.request_id.clone();
        let start = StartWorkflowExecutionRequest {
            namespace: request.namespace,
            workflow_id: request.workflow_id,
            workflow_type: request.workflow_type,
            task_queue: request.task_queue,
            input: request.input,
            workflow_execution_timeout: request.workflow_execution_timeout,
            workflow_run_timeout: request.workflow_run_timeout,
            workflow_task_timeout: request.workflow_task_timeout,
            identity: request.identity,
            request_id: request.request_id,
            workflow_id_reuse_policy: request.workflow_id_reuse_policy,
            workflow_id_conflict_policy: request.workflow_id_conflict_policy,
            retry_policy: request.retry_policy.map(Box::new),
            cron_schedule: request.cron_schedule,
            memo: request.memo,
            search_attributes: request.search_attributes,
            header: request.header,
            workflow_start_delay: request.workflow_start_delay,
            user_metadata: request.user_metadata.map(Box::new),
            links: request.links,
            versioning_override: request.versioning_override.map(Box::new),
            priority: request.priority,
            time_skipping_config: request.time_skipping_config.map(Box::new),
            ..Default::default()
        };
        let outcome = self.start(start, Some(signal))?;
        let run = self.runs.touch(outcome.key)?;
        Ok(SignalWithStartWorkflowExecutionResponse {
            run_id: outcome.response.run_id,
            first_execution_run_id: outcome.response.first_execution_run_id,
            started: outcome.is_new,
            signal_link: Some(run.link_by_request(&request_id, EventType::WorkflowExecutionSignaled)),
        })
    }
}

/// A workflow task's time-out where this one is asked for.
pub(crate) fn task_timeout(asked: Duration, run_timeout: Duration) -> Duration {
    let asked = if asked.is_zero() {
        limits::WORKFLOW_TASK_TIMEOUT
    } else {
        asked
    };
    let capped = asked.min(limits::WORKFLOW_TASK_TIMEOUT_MAX);
    if run_timeout.is_zero() {
        capped
    } else {
        capped.min(run_timeout)
    }
}

/// A time-out within another one; zero is none.
pub(crate) fn shorter(timeout: Duration, within: Duration) -> Duration {
    match (timeout.is_zero(), within.is_zero()) {
        (_, true) => timeout,
        (true, false) => within,
        (false, false) => timeout.min(within),
    }
}

/// The time-outs of the execution, of a run, of a workflow task.
pub(crate) fn check_timeouts(timeouts: [&Option<prost_types::Duration>; 3]) -> Result<()> {
    let names = [
        "WorkflowExecutionTimeoutSeconds",
        "WorkflowRunTimeoutSeconds",
        "WorkflowTaskTimeoutSeconds",
    ];
    for (name, timeout) in names.into_iter().zip(timeouts) {
        if time::is_negative(timeout.as_ref()) {
            return Err(Error::invalid(format!(
                "An invalid {name} is set on request. cause: negative duration"
            )));
        }
    }
    Ok(())
}

pub(crate) fn check_name(what: &str, name: &str) -> Result<()> {
    if name.len() > limits::NAME_BYTES_MAX {
        return Err(Error::invalid(format!("{what} length exceeds limit.")));
    }
    Ok(())
}

pub(crate) fn check_queue(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(Error::invalid("missing task queue name"));
    }
    if name.starts_with("/_sys/") {
        return Err(Error::invalid(format!(
            "task queue name cannot start with reserved prefix /_sys/: {name}"
        )));
    }
    if name.len() > limits::NAME_BYTES_MAX {
        return Err(Error::invalid("taskQueue length exceeds limit"));
    }
    Ok(())
}

pub(crate) fn check_blob<M: Message>(world: &World, blob: Option<&M>) -> Result<()> {
    if blob.is_some_and(|blob| blob.encoded_len() > world.limits.blob_bytes) {
        return Err(Error::invalid("Blob data size exceeds limit."));
    }
    Ok(())
}
