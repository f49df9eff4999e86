//! Attempts of activities: how they end, and whether there is another one.

use super::{
    activity::{Activity, Attempt},
    deadline::Due,
    error::{Error, Result},
    limits,
    run::Run,
    world::World,
};
use steadfast_proto::{
    common,
    enums::{RetryState, TimeoutType},
    failure::{Failure, ServerFailureInfo, TimeoutFailureInfo, failure::FailureInfo},
    history::{
        ActivityTaskCancelRequestedEventAttributes, ActivityTaskCanceledEventAttributes,
        ActivityTaskCompletedEventAttributes, ActivityTaskFailedEventAttributes, ActivityTaskStartedEventAttributes,
        ActivityTaskTimedOutEventAttributes,
    },
    prost::Message,
};

impl Run {
    /// Takes an activity out of the run, and puts its started event into history (or among the kept back).
    pub(crate) fn end_activity(&mut self, world: &mut World, event_id: i64) -> (i64, Option<Box<Activity>>) {
        let Some(mut activity) = self.activities.remove(&event_id) else {
            return (0, None);
        };
        self.activity_ids.remove(&activity.id);
        world.deadlines.clear(&mut activity.deadline);
        if let Some(standalone) = &mut self.standalone {
            standalone.ended = Some(activity.clone());
        }
        let mut started_event_id = 0;
        if let Attempt::Started {
            since,
            request_id,
            version,
            ..
        } = &activity.state
        {
            self.activities_started = self.activities_started.saturating_sub(1);
            let unattended = usize::from(activity.is_unattended);
            self.activities_unattended = self.activities_unattended.saturating_sub(unattended);
            let mut event = self.event(
                world,
                ActivityTaskStartedEventAttributes {
                    scheduled_event_id: event_id,
                    identity: activity.last_identity.clone(),
                    request_id: request_id.clone(),
                    attempt: i32::try_from(activity.attempt).unwrap_or(i32::MAX),
                    last_failure: activity.last_failure.clone(),
                    worker_version: version.clone(),
                    ..Default::default()
                },
            );
            event.event_time = since.wire();
            started_event_id = self.happen_event(world, event);
        }
        (started_event_id, Some(activity))
    }

    /// The worker that answers says which build it is.
    pub(crate) fn note_activity_worker(&mut self, event_id: i64, build: Option<common::WorkerVersionStamp>) {
        if let Some(Attempt::Started { version, .. }) = self.activities.get_mut(&event_id).map(|a| &mut a.state)
            && build.is_some()
        {
            *version = build;
        }
    }

    pub(crate) fn complete_activity(
        &mut self,
        world: &mut World,
        event_id: i64,
        result: Option<common::Payloads>,
        identity: &str,
    ) {
        if size(result.as_ref()) > world.limits.blob_bytes {
            let failure = too_large("Complete result exceeds size limit.");
            return self.fail_activity(world, event_id, Some(failure), identity);
        }
        let (started_event_id, _) = self.end_activity(world, event_id);
        self.happen(
            world,
            ActivityTaskCompletedEventAttributes {
                result,
                scheduled_event_id: event_id,
                started_event_id,
                identity: identity.to_owned(),
                ..Default::default()
            },
        );
        self.want_task(world);
    }

    pub(crate) fn cancel_activity(
        &mut self,
        world: &mut World,
        event_id: i64,
        details: Option<common::Payloads>,
        identity: &str,
    ) -> Result<()> {
        let requested = self
            .activities
            .get(&event_id)
            .and_then(|activity| activity.cancel_requested_event_id);
        let Some(latest_cancel_requested_event_id) = requested else {
            return Err(Error::invalid(
                "unable to mark activity as canceled without activity being request canceled first",
            ));
        };
        let (started_event_id, _) = self.end_activity(world, event_id);
        self.happen(
            world,
            ActivityTaskCanceledEventAttributes {
                details,
                latest_cancel_requested_event_id,
                scheduled_event_id: event_id,
                started_event_id,
                identity: identity.to_owned(),
                ..Default::default()
            },
        );
        self.want_task(world);
        Ok(())
    }

    /// An attempt failed: there is another one, or the activity has failed.
    pub(crate) fn fail_activity(&mut self, world: &mut World, event_id: i64, failure: Option<Failure>, identity: &str) {
        let failure = match size(failure.as_ref()) > world.limits.blob_bytes {
            true => Some(too_large("Failure exceeds size limit.")),
            false => failure,
        };
        let retry_state = match self.retry_activity(world, event_id, failure.as_ref()) {
            Ok(()) => return,
            Err(state) => state,
        };
        let (started_event_id, _) = self.end_activity(world, event_id);
        self.happen(
            world,
            ActivityTaskFailedEventAttributes {
                failure,
                scheduled_event_id: event_id,
                started_event_id,
                identity: identity.to_owned(),
                retry_state: retry_state.into(),
                ..Default::default()
            },
        );
        self.want_task(world);
    }

    /// Sets the next attempt up, or says why there is none.
    fn retry_activity(
        &mut self,
        world: &mut World,
        event_id: i64,
        failure: Option<&Failure>,
    ) -> Result<(), RetryState> {
        let now = self.now(world);
        let Some(activity) = self.activities.get_mut(&event_id) else {
            return Err(RetryState::Unspecified);
        };
        if activity.cancel_requested_event_id.is_some() {
            return Err(RetryState::CancelRequested);
        }
        let is_reset = std::mem::take(&mut activity.is_reset);
        // The attempt at hand was made the first when it was reset, unless it has no workflow.
        let attempt = match is_reset && self.standalone.is_some() {
            true => 0,
            false => activity.attempt,
        };
        let interval = activity.retry.next(attempt.max(1), failure)?;
        let until = now.plus(interval);
        if activity.closes().is_some_and(|closes| until > closes) {
            return Err(RetryState::Timeout);
        }
        if activity.is_started() {
            self.activities_started = self.activities_started.saturating_sub(1);
            let unattended = usize::from(std::mem::take(&mut activity.is_unattended));
            self.activities_unattended = self.activities_unattended.saturating_sub(unattended);
        }
        activity.last_failure = failure.map(|failure| Box::new(kept(failure)));
        activity.last_completed = Some(now);
        activity.forget_heartbeat();
        activity.attempt = attempt.saturating_add(1);
        activity.stamp = world.next_stamp();
        if activity.paused.is_some() {
            activity.state = Attempt::Paused { since: now };
            self.arm_activity(world, event_id);
            return Ok(());
        }
        activity.state = Attempt::BackingOff { until, interval };
        self.arm_retry(world, event_id);
        Ok(())
    }

    /// Sets the deadline of an activity to when its next attempt is due.
    pub(crate) fn arm_retry(&mut self, world: &mut World, event_id: i64) {
        let run = self.is.key;
        let Some(activity) = self.activities.get_mut(&event_id) else {
            return;
        };
        let Attempt::BackingOff { until, .. } = activity.state else {
            return;
        };
        world.deadlines.clear(&mut activity.deadline);
        let due = Due::ActivityRetry {
            run,
            scheduled_event_id: event_id,
        };
        activity.deadline = Some(world.deadlines.set(until.minus(self.skipped), due));
    }

    /// The time of the next attempt has come.
    pub(crate) fn resume_activity(&mut self, world: &mut World, event_id: i64) {
        let now = self.now(world);
        let Some(activity) = self.activities.get_mut(&event_id) else {
            return;
        };
        if !matches!(activity.state, Attempt::BackingOff { .. }) {
            return;
        }
        activity.deadline = None;
        activity.state = Attempt::Scheduled { since: now };
        self.dispatch_activity(world, event_id);
    }

    /// A time-out of an activity may have passed.
    pub(crate) fn time_activity_out(&mut self, world: &mut World, event_id: i64) {
        let now = self.now(world);
        let Some(activity) = self.activities.get_mut(&event_id) else {
            return;
        };
        activity.deadline = None;
        let kind = match activity.next_timeout() {
            Some((at, kind)) if at <= now => kind,
            // A heartbeat has moved it.
            _ => return self.arm_activity(world, event_id),
        };
        let mut failure = timeout_failure(kind, activity);
        let mut state = RetryState::Timeout;
        if matches!(kind, TimeoutType::StartToClose | TimeoutType::Heartbeat) {
            match self.retry_activity(world, event_id, Some(&failure)) {
                Ok(()) => return,
                Err(why) => state = why,
            }
        }
        let (started_event_id, ended) = self.end_activity(world, event_id);
        if let Some(activity) = ended {
            if state == RetryState::Timeout && kind != TimeoutType::ScheduleToStart {
                // What was wanting was time for another attempt; the original says so also of one that never had any.
                failure = timeout_failure(TimeoutType::ScheduleToClose, &activity);
                "Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying"
                    .clone_into(&mut failure.message);
            }
            failure.cause = activity.last_failure;
        }
        self.happen(
            world,
            ActivityTaskTimedOutEventAttributes {
                failure: Some(failure),
                scheduled_event_id: event_id,
                started_event_id,
                retry_state: state.into(),
            },
        );
        self.want_task(world);
    }

    /// The workflow asks an activity to stop. One that no worker has is stopped on the spot.
    pub(crate) fn request_activity_cancel(&mut self, world: &mut World, event_id: i64, completed: i64, identity: &str) {
        let requested = self.record(
            world,
            ActivityTaskCancelRequestedEventAttributes {
                scheduled_event_id: event_id,
                workflow_task_completed_event_id: completed,
            },
        );
        let Some(activity) = self.activities.get_mut(&event_id) else {
            return;
        };
        activity.cancel_requested_event_id = Some(requested);
        if activity.is_started() {
            return;
        }
        self.end_activity(world, event_id);
        let details = common::Payload::encoded("json/plain", "\"ACTIVITY_ID_NOT_STARTED\"");
        self.record(
            world,
            ActivityTaskCanceledEventAttributes {
                details: Some(vec![details].into()),
                latest_cancel_requested_event_id: requested,
                scheduled_event_id: event_id,
                started_event_id: 0,
                identity: identity.to_owned(),
                ..Default::default()
            },
        );
        self.wants_task = true;
    }

    pub(crate) fn drop_activities(&mut self, world: &mut World) {
        for activity in self.activities.values_mut() {
            world.deadlines.clear(&mut activity.deadline);
        }
        self.activities.clear();
        self.activity_ids.clear();
        self.activities_started = 0;
        self.activities_unattended = 0;
    }
}

pub(crate) fn size<M: Message>(message: Option<&M>) -> usize {
    message.map_or(0, Message::encoded_len)
}

pub(crate) fn too_large(message: &str) -> Failure {
    Failure {
        message: message.to_owned(),
        failure_info: Some(FailureInfo::ServerFailureInfo(ServerFailureInfo {
            non_retryable: true,
        })),
        ..Failure::default()
    }
}

fn timeout_failure(kind: TimeoutType, activity: &Activity) -> Failure {
    let name = match kind {
        TimeoutType::StartToClose => "StartToClose",
        TimeoutType::ScheduleToStart => "ScheduleToStart",
        TimeoutType::ScheduleToClose => "ScheduleToClose",
        TimeoutType::Heartbeat => "Heartbeat",
        TimeoutType::Unspecified => "Unspecified",
    };
    Failure {
        message: format!("activity {name} timeout"),
        source: "Server".to_owned(),
        failure_info: Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo {
            timeout_type: kind.into(),
            last_heartbeat_details: activity.heartbeat_details.clone(),
        })),
        ..Failure::default()
    }
}

/// A failure as it is kept between attempts: a very long one loses its tail.
fn kept(failure: &Failure) -> Failure {
    let mut kept = failure.clone();
    if kept.encoded_len() > limits::KEPT_FAILURE_BYTES_MAX {
        let shorten = |text: &mut String| {
            let longest = text.len().min(limits::KEPT_FAILURE_BYTES_MAX / 3);
            let end = (0..=longest).rev().find(|end| text.is_char_boundary(*end));
            text.truncate(end.unwrap_or(0));
        };
        shorten(&mut kept.message);
        shorten(&mut kept.stack_trace);
        kept.cause = None;
    }
    kept
}
