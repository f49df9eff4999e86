//! What operators do to pending activities: pause them, let them go on, begin them anew, change their options.

use super::{
    Engine,
    activity::{Activity, Attempt, Paused},
    error::{Error, Result},
    retry::RetryPolicy,
    run::Run,
    signal::check_execution,
    start::check_queue,
    time,
    world::World,
};
use std::time::Duration;
use steadfast_proto::{
    activity::ActivityOptions,
    common,
    history::history_event::Attributes,
    prost_types,
    workflowservice::{
        pause_activity_request::Activity as ToPause, reset_activity_request::Activity as ToReset,
        unpause_activity_request::Activity as ToUnpause, update_activity_options_request::Activity as ToUpdate, *,
    },
};

/// Which activities of a run are meant.
enum Which {
    Id(String),
    Type(String),
    All,
}

impl Which {
    fn events(&self, run: &Run) -> Result<Vec<i64>> {
        let is_meant = |activity: &Activity| match self {
            Self::Id(id) => activity.id == *id,
            Self::Type(name) => activity.activity_type == *name,
            Self::All => true,
        };
        let found: Vec<i64> = run
            .activities
            .iter()
            .filter(|(_, activity)| is_meant(activity))
            .map(|(event_id, _)| *event_id)
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
        Err(Error::not_found(match self {
            Self::Id(_) => {
                "Can't find pending activity with such ID. Invalid activityID or activity already completed".to_owned()
            }
            Self::Type(name) => format!("cannot find pending activity of type {name}"),
            Self::All => "the workflow has no pending activity".to_owned(),
        }))
    }

    fn missing() -> Error {
        Error::invalid("either an activity id or an activity type must be set on request")
    }
}

/// How an activity goes on that was paused, or that begins anew.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Begin {
    pub(crate) jitter: Duration,
    /// Its next attempt counts as the first.
    pub(crate) attempts: bool,
    /// It forgets what its heartbeats said.
    pub(crate) heartbeat: bool,
    pub(crate) keeps_paused: bool,
    /// Its options are again those that it was scheduled with.
    pub(crate) restores: bool,
}

impl Engine {
    fn with_activities(
        &mut self,
        namespace: &str,
        execution: Option<common::WorkflowExecution>,
        which: Option<Which>,
        mut act: impl FnMut(&mut Run, &mut World, i64) -> Result<()>,
    ) -> Result<()> {
        let namespace = self.world.namespaces.find(namespace)?.key;
        let execution = execution.unwrap_or_default();
        check_execution(&execution)?;
        let which = which.ok_or_else(Which::missing)?;
        let key = self.find(namespace, &execution)?;
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        if !run.is_open() {
            return Err(Error::completed());
        }
        for event_id in which.events(run)? {
            act(run, world, event_id)?;
        }
        Ok(())
    }

    pub(crate) fn pause_activity(&mut self, request: PauseActivityRequest) -> Result<PauseActivityResponse> {
        let which = request.activity.map(|activity| match activity {
            ToPause::Id(id) => Which::Id(id),
            ToPause::Type(name) => Which::Type(name),
        });
        let (identity, reason) = (request.identity, request.reason);
        self.with_activities(&request.namespace, request.execution, which, |run, world, event_id| {
            run.pause_activity(world, event_id, &identity, &reason);
            Ok(())
        })?;
        Ok(PauseActivityResponse {})
    }

    pub(crate) fn unpause_activity(&mut self, request: UnpauseActivityRequest) -> Result<UnpauseActivityResponse> {
        let which = request.activity.map(|activity| match activity {
            ToUnpause::Id(id) => Which::Id(id),
            ToUnpause::Type(name) => Which::Type(name),
            ToUnpause::UnpauseAll(_) => Which::All,
        });
        let begin = Begin {
            jitter: time::lasting(request.jitter.as_ref()),
            attempts: request.reset_attempts,
            heartbeat: request.reset_heartbeat,
            ..Begin::default()
        };
        self.with_activities(&request.namespace, request.execution, which, |run, world, event_id| {
            run.unpause_activity(world, event_id, begin);
            Ok(())
        })?;
        Ok(UnpauseActivityResponse {})
    }

    pub(crate) fn reset_activity(&mut self, request: ResetActivityRequest) -> Result<ResetActivityResponse> {
        let which = request.activity.map(|activity| match activity {
            ToReset::Id(id) => Which::Id(id),
            ToReset::Type(name) => Which::Type(name),
            ToReset::MatchAll(_) => Which::All,
        });
        let begin = Begin {
            jitter: time::lasting(request.jitter.as_ref()),
            attempts: true,
            heartbeat: request.reset_heartbeat,
            keeps_paused: request.keep_paused,
            restores: request.restore_original_options,
        };
        self.with_activities(&request.namespace, request.execution, which, |run, world, event_id| {
            run.reset_activity(world, event_id, begin)
        })?;
        Ok(ResetActivityResponse {})
    }

    pub(crate) fn update_activity_options(
        &mut self,
        request: UpdateActivityOptionsRequest,
    ) -> Result<UpdateActivityOptionsResponse> {
        let which = request.activity.map(|activity| match activity {
            ToUpdate::Id(id) => Which::Id(id),
            ToUpdate::Type(name) => Which::Type(name),
            ToUpdate::MatchAll(_) => Which::All,
        });
        let mask = request.update_mask.unwrap_or_default();
        let options = request.activity_options.unwrap_or_default();
        let mut effective = None;
        let restores = request.restore_original;
        self.with_activities(&request.namespace, request.execution, which, |run, world, event_id| {
            effective = run.update_activity(world, event_id, &options, &mask, restores)?;
            Ok(())
        })?;
        Ok(UpdateActivityOptionsResponse {
            activity_options: effective,
        })
    }
}

impl Activity {
    /// Its attempts are counted from the start. One that a worker has is the first from now on, so that the worker's token,
    /// which names its attempt, is good only if it was the first before; without a workflow it stays what it is, and the
    /// next one is the first.
    fn begin_anew(&mut self, is_alone: bool) {
        if self.is_started() {
            if !is_alone {
                self.attempt = 1;
            }
        } else {
            self.attempt = 1;
            if self.paused.is_none() {
                self.last_failure = None;
            }
        }
    }

    /// Another attempt follows: if the one before was reset with what it said, that is forgotten. Until then it is shown.
    pub(crate) fn forget_heartbeat(&mut self) {
        if std::mem::take(&mut self.forgets_heartbeat) {
            self.heartbeat_details = None;
        }
    }

    pub(crate) fn options(&self) -> ActivityOptions {
        ActivityOptions {
            task_queue: Some(super::task_queue::normal(&self.task_queue)),
            schedule_to_close_timeout: time::wire(self.schedule_to_close),
            schedule_to_start_timeout: time::wire(self.schedule_to_start),
            start_to_close_timeout: time::wire(self.start_to_close),
            heartbeat_timeout: time::wire(self.heartbeat),
            retry_policy: Some(self.retry.wire()),
            priority: super::options::chosen(self.priority.clone()),
            ..Default::default()
        }
    }

    fn set_options(&mut self, options: ActivityOptions) -> Result<()> {
        let timeouts = [
            &options.schedule_to_close_timeout,
            &options.schedule_to_start_timeout,
            &options.start_to_close_timeout,
            &options.heartbeat_timeout,
        ];
        if timeouts.iter().any(|timeout| time::is_negative(timeout.as_ref())) {
            return Err(Error::invalid("an activity's time-outs cannot be negative"));
        }
        let [schedule_to_close, schedule_to_start, start_to_close, heartbeat] =
            timeouts.map(|timeout| time::lasting(timeout.as_ref()));
        if schedule_to_close.is_zero() && start_to_close.is_zero() {
            return Err(Error::invalid(
                "a start-to-close or a schedule-to-close time-out must be set",
            ));
        }
        let task_queue = options.task_queue.unwrap_or_default().name;
        check_queue(&task_queue)?;
        self.retry = RetryPolicy::read(&options.retry_policy.unwrap_or_default())?;
        self.task_queue = task_queue;
        self.schedule_to_close = schedule_to_close;
        self.schedule_to_start = schedule_to_start;
        self.start_to_close = start_to_close;
        self.heartbeat = match start_to_close.is_zero() {
            true => heartbeat,
            false => heartbeat.min(start_to_close),
        };
        self.priority = options.priority.unwrap_or_default();
        Ok(())
    }
}

/// Options with the named fields taken from others.
fn masked(
    mut own: ActivityOptions,
    others: &ActivityOptions,
    mask: &prost_types::FieldMask,
) -> Result<ActivityOptions> {
    for path in &mask.paths {
        match snake(path).as_str() {
            "task_queue" | "task_queue.name" => own.task_queue.clone_from(&others.task_queue),
            "schedule_to_close_timeout" => own.schedule_to_close_timeout = others.schedule_to_close_timeout,
            "schedule_to_start_timeout" => own.schedule_to_start_timeout = others.schedule_to_start_timeout,
            "start_to_close_timeout" => own.start_to_close_timeout = others.start_to_close_timeout,
            "heartbeat_timeout" => own.heartbeat_timeout = others.heartbeat_timeout,
            "retry_policy" => own.retry_policy.clone_from(&others.retry_policy),
            "priority" => own.priority.clone_from(&others.priority),
            other => {
                let retry = others.retry_policy.clone().unwrap_or_default();
                let priority = others.priority.clone().unwrap_or_default();
                let own_retry = own.retry_policy.get_or_insert_default();
                let own_priority = own.priority.get_or_insert_default();
                match other {
                    "retry_policy.initial_interval" => own_retry.initial_interval = retry.initial_interval,
                    "retry_policy.backoff_coefficient" => own_retry.backoff_coefficient = retry.backoff_coefficient,
                    "retry_policy.maximum_interval" => own_retry.maximum_interval = retry.maximum_interval,
                    "retry_policy.maximum_attempts" => own_retry.maximum_attempts = retry.maximum_attempts,
                    "retry_policy.non_retryable_error_types" => {
                        own_retry.non_retryable_error_types = retry.non_retryable_error_types;
                    }
                    "priority.priority_key" => own_priority.priority_key = priority.priority_key,
                    "priority.fairness_key" => own_priority.fairness_key = priority.fairness_key,
                    "priority.fairness_weight" => own_priority.fairness_weight = priority.fairness_weight,
                    _ => {
                        return Err(Error::invalid(format!(
                            "update mask: {path:?} is no field of activity options that can be updated"
                        )));
                    }
                }
            }
        }
    }
    Ok(own)
}

/// A path of a field mask, which JSON writes in another way.
pub(crate) fn snake(path: &str) -> String {
    let mut snake = String::new();
    for letter in path.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

impl Run {
    /// No attempt is begun any more; one that a worker has goes on, and its worker hears of it.
    pub(crate) fn pause_activity(&mut self, world: &mut World, event_id: i64, identity: &str, reason: &str) {
        let time = self.now(world);
        let Some(activity) = self
            .activities
            .get_mut(&event_id)
            .filter(|activity| activity.paused.is_none())
        else {
            return;
        };
        activity.paused = Some(Paused {
            time,
            identity: identity.to_owned(),
            reason: reason.to_owned(),
        });
        if !activity.is_started() {
            activity.state = Attempt::Paused { since: time };
            activity.stamp = world.next_stamp();
            self.arm_activity(world, event_id);
        }
    }

    pub(crate) fn unpause_activity(&mut self, world: &mut World, event_id: i64, begin: Begin) {
        let is_alone = self.standalone.is_some();
        let Some(activity) = self.activities.get_mut(&event_id) else {
            return;
        };
        if activity.paused.take().is_none() {
            return;
        }
        if begin.attempts {
            activity.begin_anew(is_alone);
            // Whose activity a workflow has is not told of it.
            activity.is_reset |= is_alone && activity.is_started();
        }
        if begin.heartbeat {
            activity.heartbeat_details = None;
            activity.last_heartbeat = None;
        }
        activity.forget_heartbeat();
        if matches!(activity.state, Attempt::Paused { .. }) {
            if !is_alone || activity.attempt == 1 {
                activity.last_failure = None;
            }
            self.go_on(world, event_id, begin.jitter);
        }
    }

    pub(crate) fn reset_activity(&mut self, world: &mut World, event_id: i64, begin: Begin) -> Result<()> {
        if begin.restores {
            self.restore_options(event_id)?;
        }
        let is_alone = self.standalone.is_some();
        let Some(activity) = self.activities.get_mut(&event_id) else {
            return Ok(());
        };
        if !begin.keeps_paused {
            activity.paused = None;
        }
        activity.begin_anew(is_alone);
        activity.is_reset |= activity.is_started();
        activity.forgets_heartbeat |= begin.heartbeat;
        if !activity.is_started() && activity.paused.is_none() {
            activity.forget_heartbeat();
            self.go_on(world, event_id, begin.jitter);
        }
        Ok(())
    }

    /// Changes the named options of an activity, or takes the original ones back. The options in force then.
    pub(crate) fn update_activity(
        &mut self,
        world: &mut World,
        event_id: i64,
        options: &ActivityOptions,
        mask: &prost_types::FieldMask,
        restores: bool,
    ) -> Result<Option<ActivityOptions>> {
        if restores && !mask.paths.is_empty() {
            return Err(Error::invalid("restore_original cannot be used with an update mask"));
        }
        if restores {
            self.restore_options(event_id)?;
        }
        let Some(activity) = self.activities.get_mut(&event_id) else {
            return Ok(None);
        };
        let updated = masked(activity.options(), options, mask)?;
        activity.set_options(updated)?;
        let effective = activity.options();
        if matches!(activity.state, Attempt::Scheduled { .. }) {
            self.go_on(world, event_id, Duration::ZERO);
        } else if !matches!(activity.state, Attempt::BackingOff { .. }) {
            self.arm_activity(world, event_id);
        }
        Ok(Some(effective))
    }

    /// Puts an activity on its queue at once, or at some time within the jitter.
    fn go_on(&mut self, world: &mut World, event_id: i64, jitter: Duration) {
        let now = self.now(world);
        let drawn = world.ids.random().0.checked_rem(jitter.as_nanos()).unwrap_or(0);
        let wait = Duration::from_nanos(u64::try_from(drawn).unwrap_or(0));
        let Some(activity) = self.activities.get_mut(&event_id) else {
            return;
        };
        activity.stamp = world.next_stamp();
        if wait.is_zero() {
            activity.state = Attempt::Scheduled { since: now };
            return self.dispatch_activity(world, event_id);
        }
        activity.state = Attempt::BackingOff {
            until: now.plus(wait),
            interval: wait,
        };
        self.arm_retry(world, event_id);
    }

    /// The options that the activity was scheduled with.
    fn restore_options(&mut self, event_id: i64) -> Result<()> {
        let Some(Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled))) =
            self.history.get(event_id).map(|event| &event.attributes)
        else {
            return Err(Error::broken("an activity has an event that scheduled it"));
        };
        let original = Activity::scheduled(scheduled, self.is.start_time);
        match self.activities.get_mut(&event_id) {
            Some(activity) => activity.set_options(original.options()),
            None => Ok(()),
        }
    }
}
