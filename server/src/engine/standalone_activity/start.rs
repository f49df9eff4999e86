//! Starts of standalone activities.

use super::{
    super::{
        Engine,
        activity::{self, Activity, Attempt},
        error::{Code, Error, Result},
        limits,
        poller::Poller,
        retry::RetryPolicy,
        run::{Identity, Run, RunKey},
        search_attribute,
        start::{check_blob, check_queue},
        task_queue, time,
        waiter::or_drawn,
        world::World,
    },
    SCHEDULED, Standalone,
};
use std::time::Duration;
use steadfast_proto::{
    command::ScheduleActivityTaskCommandAttributes,
    enums::{ActivityIdConflictPolicy as Conflict, ActivityIdReusePolicy as Reuse, WorkflowExecutionStatus as Status},
    errordetails::ActivityExecutionAlreadyStartedFailure,
    history::ActivityTaskScheduledEventAttributes,
    workflowservice::*,
};

impl Engine {
    pub(crate) fn start_activity_execution(
        &mut self,
        mut request: StartActivityExecutionRequest,
    ) -> Result<StartActivityExecutionResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?;
        check(&request)?;
        check_blob(&self.world, request.input.as_ref())?;
        if let Some(attributes) = &mut request.search_attributes {
            namespace
                .search_attributes
                .check(&request.namespace, &mut attributes.indexed_fields)?;
        }
        let (key, name) = (namespace.key, namespace.name.clone());
        request.request_id = or_drawn(&request.request_id, self.world.ids.random());
        let met = self.runs.current_activity(key, &request.activity_id);
        if let Some(met) = met.and_then(|met| self.runs.get(met))
            && let Some(response) = meet(met, &request)?
        {
            return Ok(response);
        }
        let now = self.world.now();
        let delay = time::lasting(request.start_delay.as_ref());
        let run_id = self.world.ids.ordered(now);
        let is = Identity {
            workflow_type: request.activity_type.clone().unwrap_or_default().name,
            task_queue: request.task_queue.clone().unwrap_or_default().name.into(),
            start_request_id: request.request_id.clone(),
            priority: request.priority.clone().unwrap_or_default(),
            user_metadata: request.user_metadata.clone().map(Box::new),
            execution_time: now.plus(delay),
            ..Identity::without_workflow(
                self.runs.vacant(),
                key,
                name,
                request.activity_id.as_str().into(),
                run_id,
                now,
            )
        };
        let (run, response) = Run::standalone(&mut self.world, is, request, delay);
        let key: RunKey = run.is.key;
        self.runs.insert(run);
        self.runs.touch(key)?;
        Ok(response)
    }
}

/// There is one of that id already. `None` if another one may start.
fn meet(met: &Run, request: &StartActivityExecutionRequest) -> Result<Option<StartActivityExecutionResponse>> {
    let same = || {
        Ok(Some(StartActivityExecutionResponse {
            run_id: met.is.run_id.to_string(),
            started: false,
            link: Some(met.activity_link()),
            ..Default::default()
        }))
    };
    if met.is.start_request_id == request.request_id {
        return same();
    }
    let refused = if met.is_open() {
        if request.id_conflict_policy() == Conflict::UseExisting {
            return same();
        }
        true
    } else {
        match request.id_reuse_policy() {
            Reuse::RejectDuplicate => true,
            Reuse::AllowDuplicateFailedOnly => met.status == Status::Completed,
            Reuse::AllowDuplicate | Reuse::Unspecified => false,
        }
    };
    if !refused {
        return Ok(None);
    }
    let error = Error::new(Code::AlreadyExists, "activity execution already started");
    Err(error.with(&ActivityExecutionAlreadyStartedFailure {
        start_request_id: met.is.start_request_id.clone(),
        run_id: met.is.run_id.to_string(),
    }))
}

fn check(request: &StartActivityExecutionRequest) -> Result<()> {
    let Some(queue) = &request.task_queue else {
        return Err(Error::invalid("taskQueue is not set"));
    };
    check_queue(&queue.name)?;
    let name = request.activity_type.as_ref().map_or("", |kind| kind.name.as_str());
    for (what, text) in [("activityId", request.activity_id.as_str()), ("activityType", name)] {
        if text.is_empty() {
            return Err(Error::invalid(format!("{what} is not set")));
        }
        if text.len() > limits::NAME_BYTES_MAX {
            return Err(Error::invalid(format!(
                "{what} exceeds length limit. Length={} Limit={}",
                text.len(),
                limits::NAME_BYTES_MAX
            )));
        }
    }
    let timeouts = [
        ("ScheduleToCloseTimeout", &request.schedule_to_close_timeout),
        ("ScheduleToStartTimeout", &request.schedule_to_start_timeout),
        ("StartToCloseTimeout", &request.start_to_close_timeout),
        ("HeartbeatTimeout", &request.heartbeat_timeout),
        ("StartDelay", &request.start_delay),
    ];
    for (what, timeout) in timeouts {
        if time::is_negative(timeout.as_ref()) {
            return Err(Error::invalid(format!("invalid {what}: negative duration")));
        }
    }
    let is_zero = |timeout: &Option<_>| time::lasting(timeout.as_ref()).is_zero();
    if is_zero(&request.schedule_to_close_timeout) && is_zero(&request.start_to_close_timeout) {
        return Err(Error::invalid(format!(
            "a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity. ActivityId={} ActivityType={name}",
            request.activity_id
        )));
    }
    if let Some(policy) = &request.retry_policy {
        RetryPolicy::read(policy)?;
    }
    if !request.completion_callbacks.is_empty() {
        return Err(Error::unbuilt("a standalone activity with completion callbacks"));
    }
    Ok(())
}

impl Run {
    fn standalone(
        world: &mut World,
        is: Identity,
        request: StartActivityExecutionRequest,
        delay: Duration,
    ) -> (Self, StartActivityExecutionResponse) {
        let asked = ScheduleActivityTaskCommandAttributes {
            schedule_to_close_timeout: request.schedule_to_close_timeout,
            schedule_to_start_timeout: request.schedule_to_start_timeout,
            start_to_close_timeout: request.start_to_close_timeout,
            heartbeat_timeout: request.heartbeat_timeout,
            ..Default::default()
        };
        let [close, start, run, beat] = activity::timeouts(&asked, Duration::ZERO);
        let policy = request.retry_policy.as_ref();
        let retry = policy
            .and_then(|policy| RetryPolicy::read(policy).ok())
            .unwrap_or_else(RetryPolicy::of_activities);
        let attributes = ActivityTaskScheduledEventAttributes {
            activity_id: request.activity_id,
            activity_type: request.activity_type,
            task_queue: Some(task_queue::normal(&is.task_queue)),
            header: request.header,
            input: request.input,
            schedule_to_close_timeout: time::wire(close),
            schedule_to_start_timeout: time::wire(start),
            start_to_close_timeout: time::wire(run),
            heartbeat_timeout: time::wire(beat),
            retry_policy: Some(retry.wire()),
            priority: Some(is.priority.clone()),
            ..Default::default()
        };
        let mut this = Self::blank(is);
        // Nothing ever asks for a workflow task.
        this.is_waiting_for_parent = true;
        this.standalone = Some(Box::new(Standalone {
            start_delay: delay,
            ..Standalone::default()
        }));
        if let Some(attributes) = &request.search_attributes {
            search_attribute::merge(&mut this.search_attributes, &attributes.indexed_fields);
        }
        let first = this.is.execution_time;
        let mut activity = Activity::scheduled(&attributes, first);
        activity.stamp = world.next_stamp();
        if !delay.is_zero() {
            activity.state = Attempt::BackingOff {
                until: first,
                interval: Duration::ZERO,
            };
        }
        let mut event = this.event(world, attributes);
        event.links = request.links;
        event.user_metadata = request.user_metadata.map(Box::new);
        this.push(world, event);
        this.activity_ids.insert(activity.id.clone(), SCHEDULED);
        this.activities.insert(SCHEDULED, Box::new(activity));
        let eager_activity_task = this.send_off(world, delay, request.request_eager_execution, request.identity);
        let response = StartActivityExecutionResponse {
            run_id: this.is.run_id.to_string(),
            started: true,
            link: Some(this.activity_link()),
            eager_activity_task,
        };
        (this, response)
    }

    fn send_off(
        &mut self,
        world: &mut World,
        delay: Duration,
        is_eager: bool,
        identity: String,
    ) -> Option<PollActivityTaskQueueResponse> {
        if !delay.is_zero() {
            self.arm_retry(world, SCHEDULED);
            return None;
        }
        if is_eager {
            let poller = Poller {
                identity,
                ..Poller::default()
            };
            return self.start_activity(world, SCHEDULED, None, &poller);
        }
        self.dispatch_activity(world, SCHEDULED);
        None
    }
}
