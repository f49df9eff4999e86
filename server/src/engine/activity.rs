//! Activities: scheduled, handed out, tried again, ended. Attempts are state of the run; history hears of the last one.

use super::{
    attempt::{size, too_large},
    backlog::Urgency,
    deadline::{DeadlineKey, Due},
    error::{Error, Result},
    options,
    poller::Poller,
    retry::RetryPolicy,
    run::Run,
    task_queue::{self, Task, Work},
    time::{self, Time},
    token::TaskToken,
    world::World,
};
use std::time::Duration;
use steadfast_proto::{
    command, common, enums::TimeoutType, failure::Failure, history::ActivityTaskScheduledEventAttributes,
    workflowservice::PollActivityTaskQueueResponse,
};

/// An activity that has not ended.
#[derive(Clone, Debug)]
pub(crate) struct Activity {
    pub(crate) id: String,
    pub(crate) activity_type: String,
    pub(crate) task_queue: String,
    pub(crate) header: Option<common::Header>,
    pub(crate) input: Option<common::Payloads>,
    pub(crate) priority: common::Priority,
    pub(crate) schedule_to_close: Duration,
    pub(crate) schedule_to_start: Duration,
    pub(crate) start_to_close: Duration,
    pub(crate) heartbeat: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) scheduled: Time,
    pub(crate) attempt: u32,
    pub(crate) state: Attempt,
    pub(crate) stamp: u64,
    pub(crate) cancel_requested_event_id: Option<i64>,
    pub(crate) last_failure: Option<Box<Failure>>,
    pub(crate) last_identity: String,
    pub(crate) last_started: Option<Time>,
    pub(crate) last_completed: Option<Time>,
    pub(crate) heartbeat_details: Option<common::Payloads>,
    pub(crate) last_heartbeat: Option<Time>,
    /// Who paused it, if anybody did.
    pub(crate) paused: Option<Paused>,
    /// It was reset during the attempt at hand, of which the worker hears.
    pub(crate) is_reset: bool,
    /// Its next attempt does not hear what heartbeats said so far.
    pub(crate) forgets_heartbeat: bool,
    /// Nobody is at work on the attempt at hand, so time need not wait for it.
    pub(crate) is_unattended: bool,
    pub(super) deadline: Option<DeadlineKey>,
}

/// By whom an activity was paused, and why.
#[derive(Clone, Debug)]
pub(crate) struct Paused {
    pub(crate) time: Time,
    pub(crate) identity: String,
    pub(crate) reason: String,
}

/// What a worker hears when it says that it is still at work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Beat {
    pub(crate) cancel_requested: bool,
    pub(crate) activity_paused: bool,
    pub(crate) activity_reset: bool,
}

/// Where the attempt at hand is.
#[derive(Clone, Debug)]
pub(crate) enum Attempt {
    /// It waits for its time.
    BackingOff { until: Time, interval: Duration },
    /// An operator holds it back.
    Paused { since: Time },
    /// It waits for a worker.
    Scheduled { since: Time },
    /// A worker has it.
    Started {
        since: Time,
        scheduled: Time,
        request_id: String,
        version: Option<common::WorkerVersionStamp>,
    },
}

impl Activity {
    /// The first attempt of an activity, as its event says.
    pub(crate) fn scheduled(event: &ActivityTaskScheduledEventAttributes, scheduled: Time) -> Self {
        let retry = event
            .retry_policy
            .as_ref()
            .and_then(|policy| RetryPolicy::read(policy).ok());
        Self {
            id: event.activity_id.clone(),
            activity_type: event.activity_type.clone().unwrap_or_default().name,
            task_queue: event.task_queue.clone().unwrap_or_default().name,
            header: event.header.clone(),
            input: event.input.clone(),
            priority: event.priority.clone().unwrap_or_default(),
            schedule_to_close: time::lasting(event.schedule_to_close_timeout.as_ref()),
            schedule_to_start: time::lasting(event.schedule_to_start_timeout.as_ref()),
            start_to_close: time::lasting(event.start_to_close_timeout.as_ref()),
            heartbeat: time::lasting(event.heartbeat_timeout.as_ref()),
            retry: retry.unwrap_or_else(RetryPolicy::of_activities),
            scheduled,
            attempt: 1,
            state: Attempt::Scheduled { since: scheduled },
            stamp: 0,
            cancel_requested_event_id: None,
            last_failure: None,
            last_identity: String::new(),
            last_started: None,
            last_completed: None,
            heartbeat_details: None,
            last_heartbeat: None,
            paused: None,
            is_reset: false,
            forgets_heartbeat: false,
            is_unattended: false,
            deadline: None,
        }
    }

    pub(crate) fn is_started(&self) -> bool {
        matches!(self.state, Attempt::Started { .. })
    }

    pub(crate) fn closes(&self) -> Option<Time> {
        (!self.schedule_to_close.is_zero()).then(|| self.scheduled.plus(self.schedule_to_close))
    }

    /// Which time-out is next, and when.
    pub(super) fn next_timeout(&self) -> Option<(Time, TimeoutType)> {
        let after = |since: Time, timeout: Duration, kind| (!timeout.is_zero()).then(|| (since.plus(timeout), kind));
        let attempt = match &self.state {
            Attempt::Paused { .. } => return None,
            Attempt::BackingOff { .. } => None,
            Attempt::Scheduled { since } => after(*since, self.schedule_to_start, TimeoutType::ScheduleToStart),
            Attempt::Started { since, .. } => {
                let beat = self.last_heartbeat.map_or(*since, |beat| beat.max(*since));
                let close = after(*since, self.start_to_close, TimeoutType::StartToClose);
                close
                    .into_iter()
                    .chain(after(beat, self.heartbeat, TimeoutType::Heartbeat))
                    .min_by_key(|(at, kind)| (*at, *kind as i32))
            }
        };
        let close = self.closes().map(|at| (at, TimeoutType::ScheduleToClose));
        attempt
            .into_iter()
            .chain(close)
            .min_by_key(|(at, kind)| (*at, *kind as i32))
    }
}

/// The time-outs that an activity gets for those that were asked for.
pub(crate) fn timeouts(
    command: &command::ScheduleActivityTaskCommandAttributes,
    run_timeout: Duration,
) -> [Duration; 4] {
    let asked = [
        &command.schedule_to_close_timeout,
        &command.schedule_to_start_timeout,
        &command.start_to_close_timeout,
        &command.heartbeat_timeout,
    ];
    let [mut close, mut start, mut run, mut beat] = asked.map(|timeout| time::lasting(timeout.as_ref()));
    let capped = |timeout: Duration, cap: Duration| match (timeout.is_zero(), cap.is_zero()) {
        (_, true) => timeout,
        (true, false) => cap,
        (false, false) => timeout.min(cap),
    };
    if close.is_zero() {
        close = run_timeout;
        start = capped(start, run_timeout);
    } else {
        start = capped(start, close);
        run = capped(run, close);
    }
    let at_most = |timeout: Duration, cap: Duration| if cap.is_zero() { timeout } else { timeout.min(cap) };
    close = at_most(close, run_timeout);
    start = at_most(start, run_timeout);
    run = at_most(run, run_timeout);
    beat = at_most(at_most(beat, run_timeout), run);
    [close, start, run, beat]
}

impl Run {
    /// Schedules an activity. If the worker asked to have it at once, it gets it.
    pub(crate) fn schedule_activity(
        &mut self,
        world: &mut World,
        command: command::ScheduleActivityTaskCommandAttributes,
        completed: i64,
        eager: Option<&Poller>,
    ) -> Option<PollActivityTaskQueueResponse> {
        let [schedule_to_close, schedule_to_start, start_to_close, heartbeat] = timeouts(&command, self.is.run_timeout);
        let policy = command
            .retry_policy
            .as_ref()
            .and_then(|policy| RetryPolicy::read(policy).ok());
        let retry = policy.unwrap_or_else(RetryPolicy::of_activities);
        let task_queue = command.task_queue.map_or_else(String::new, |queue| queue.name);
        let attributes = ActivityTaskScheduledEventAttributes {
            activity_id: command.activity_id,
            activity_type: command.activity_type,
            task_queue: Some(task_queue::normal(&task_queue)),
            header: command.header,
            input: command.input,
            schedule_to_close_timeout: time::wire(schedule_to_close),
            schedule_to_start_timeout: time::wire(schedule_to_start),
            start_to_close_timeout: time::wire(start_to_close),
            heartbeat_timeout: time::wire(heartbeat),
            workflow_task_completed_event_id: completed,
            retry_policy: Some(retry.wire()),
            use_workflow_build_id: command.use_workflow_build_id,
            priority: command.priority,
        };
        let eager = eager.filter(|poller| self.activity_version(world, &task_queue) == poller.deployment);
        let mut activity = Activity::scheduled(&attributes, self.now(world));
        activity.stamp = world.next_stamp();
        let event = self.event(world, attributes);
        let event_id = self.push(world, event);
        self.activity_ids.insert(activity.id.clone(), event_id);
        self.activities.insert(event_id, Box::new(activity));
        if let Some(poller) = eager.filter(|_| !self.is_paused()) {
            return self.start_activity(world, event_id, None, poller);
        }
        if !self.is_paused() {
            self.dispatch_activity(world, event_id);
        }
        None
    }

    /// Puts an activity on its queue as if it had just been scheduled.
    pub(crate) fn reschedule_activity(&mut self, world: &mut World, event_id: i64) {
        let now = self.now(world);
        if let Some(activity) = self.activities.get_mut(&event_id) {
            activity.scheduled = now;
            activity.state = Attempt::Scheduled { since: now };
            activity.stamp = world.next_stamp();
        }
        self.dispatch_activity(world, event_id);
    }

    pub(crate) fn dispatch_activity(&mut self, world: &mut World, event_id: i64) {
        let Some(activity) = self.activities.get(&event_id) else {
            return;
        };
        let urgency = Urgency::of(&activity.priority).or(&self.is.priority);
        let version = self.activity_version(world, &activity.task_queue);
        let queue = world.version_queue(
            self.is.namespace,
            Work::Activity,
            &activity.task_queue,
            version.as_ref(),
        );
        let task = Task::Activity {
            run: self.is.key,
            scheduled_event_id: event_id,
            stamp: activity.stamp,
        };
        world.queues.add(queue, task, urgency, world.real);
        self.arm_activity(world, event_id);
    }

    /// Sets the deadline of an activity to its next time-out.
    pub(crate) fn arm_activity(&mut self, world: &mut World, event_id: i64) {
        let run = self.is.key;
        let Some(activity) = self.activities.get_mut(&event_id) else {
            return;
        };
        world.deadlines.clear(&mut activity.deadline);
        let due = Due::ActivityTimeout {
            run,
            scheduled_event_id: event_id,
        };
        activity.deadline = activity
            .next_timeout()
            .map(|(at, _)| world.deadlines.set(at.minus(self.skipped), due));
    }

    /// Hands an activity to a worker. `None` if it is not the attempt that the queue names.
    pub(crate) fn start_activity(
        &mut self,
        world: &mut World,
        event_id: i64,
        stamp: Option<u64>,
        poller: &Poller,
    ) -> Option<PollActivityTaskQueueResponse> {
        let request_id = world.ids.random().text();
        let now = self.now(world);
        let execution = self.execution();
        let activity = self.activities.get_mut(&event_id)?;
        let Attempt::Scheduled { since } = activity.state else {
            return None;
        };
        if stamp.is_some_and(|stamp| stamp != activity.stamp) {
            return None;
        }
        activity.state = Attempt::Started {
            since: now,
            scheduled: since,
            request_id,
            // Builds without a version are told by the answer, not by the poll.
            version: poller.version.clone().filter(|version| version.use_versioning),
        };
        activity.last_identity.clone_from(&poller.identity);
        activity.last_started = Some(now);
        activity.is_unattended = false;
        self.activities_started = self.activities_started.saturating_add(1);
        let response = PollActivityTaskQueueResponse {
            task_token: TaskToken::new(self.is.run_id, event_id, activity.attempt, activity.stamp).bytes(),
            workflow_namespace: String::from(&*self.is.namespace_name),
            workflow_type: Some(common::WorkflowType {
                name: self.is.workflow_type.clone(),
            }),
            workflow_execution: Some(execution),
            activity_type: Some(common::ActivityType {
                name: activity.activity_type.clone(),
            }),
            activity_id: activity.id.clone(),
            header: activity.header.clone(),
            input: activity.input.clone(),
            heartbeat_details: activity.heartbeat_details.clone(),
            scheduled_time: activity.scheduled.wire(),
            current_attempt_scheduled_time: since.wire(),
            started_time: now.wire(),
            attempt: i32::try_from(activity.attempt).unwrap_or(i32::MAX),
            schedule_to_close_timeout: time::wire(activity.schedule_to_close),
            start_to_close_timeout: time::wire(activity.start_to_close),
            heartbeat_timeout: time::wire(activity.heartbeat),
            retry_policy: Some(activity.retry.wire()),
            priority: options::chosen(merged(&activity.priority, &self.is.priority)),
            ..Default::default()
        };
        self.arm_activity(world, event_id);
        if let Some(standalone) = &mut self.standalone {
            standalone.sdk.clone_from(&poller.sdk);
            return Some(PollActivityTaskQueueResponse {
                workflow_execution: Some(common::WorkflowExecution::default()),
                workflow_type: None,
                activity_run_id: self.is.run_id.to_string(),
                ..response
            });
        }
        Some(response)
    }

    /// Nobody is at work on this attempt, which is in a worker's hands: time need not wait for it.
    pub(crate) fn leave_unattended(&mut self, event_id: i64) {
        if let Some(activity) = self.activities.get_mut(&event_id)
            && activity.is_started()
            && !std::mem::replace(&mut activity.is_unattended, true)
        {
            self.activities_unattended = self.activities_unattended.saturating_add(1);
        }
    }

    /// The activity that a worker speaks of, which must be in its hands.
    pub(crate) fn held_activity(&self, token: &TaskToken) -> Result<i64> {
        let held = self.activities.get(&token.scheduled_event_id).filter(|activity| {
            activity.is_started() && activity.stamp == token.stamp && activity.attempt == token.attempt
        });
        held.map(|_| token.scheduled_event_id).ok_or_else(Self::no_activity)
    }

    pub(crate) fn no_activity() -> Error {
        Error::not_found("invalid activityID or activity already timed out or invoking workflow is completed")
    }

    /// Notes a heartbeat; says whether the activity is asked to stop. Its deadline moves when it falls due.
    pub(crate) fn heartbeat(&mut self, world: &mut World, event_id: i64, details: Option<common::Payloads>) -> Beat {
        if size(details.as_ref()) > world.limits.blob_bytes {
            let failure = too_large("Heartbeat details exceed size limit.");
            self.fail_activity(world, event_id, Some(failure), "history-service");
            return Beat {
                cancel_requested: true,
                ..Beat::default()
            };
        }
        let now = self.now(world);
        let Some(activity) = self.activities.get_mut(&event_id) else {
            return Beat::default();
        };
        activity.heartbeat_details = details;
        activity.last_heartbeat = Some(now);
        let beat = Beat {
            cancel_requested: activity.cancel_requested_event_id.is_some(),
            activity_paused: activity.paused.is_some(),
            activity_reset: activity.is_reset,
        };
        if let Some(standalone) = &mut self.standalone {
            standalone.heartbeats = standalone.heartbeats.saturating_add(1);
            self.note_change();
        }
        beat
    }
}

/// A priority with what it leaves out taken from the workflow's.
fn merged(own: &common::Priority, of_workflow: &common::Priority) -> common::Priority {
    let mut merged = own.clone();
    if merged.priority_key == 0 {
        merged.priority_key = of_workflow.priority_key;
    }
    if merged.fairness_key.is_empty() {
        merged.fairness_key.clone_from(&of_workflow.fairness_key);
    }
    if merged.fairness_weight == 0.0 {
        merged.fairness_weight = of_workflow.fairness_weight;
    }
    merged
}
