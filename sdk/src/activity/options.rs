//! How an activity is to be run.

use super::{LocalActivityOptions, RetryPolicy};
use crate::{Priority, workflow::metadata_text};
use std::time::Duration;
use steadfast_proto::{
    command::ScheduleActivityTaskCommandAttributes, duration, sdk::UserMetadata, taskqueue::TaskQueue,
};

pub use steadfast_core::ActivityCancellation;

/// How an activity is to be run; what isn't set is left to the server.
///
/// Calls and stubs have setters of the same names; this is the form in which attributes give defaults.
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use]
pub struct ActivityOptions {
    start_to_close_timeout: Option<Duration>,
    schedule_to_close_timeout: Option<Duration>,
    schedule_to_start_timeout: Option<Duration>,
    heartbeat_timeout: Option<Duration>,
    retry_policy: Option<RetryPolicy>,
    task_queue: Option<String>,
    cancellation: Option<ActivityCancellation>,
    priority: Option<Priority>,
    summary: Option<String>,
}

/// Options that local activities have, too.
macro_rules! shared_options {
    ($options:ident) => {
        impl $options {
            /// How long one attempt may take.
            pub fn start_to_close_timeout(mut self, timeout: Duration) -> Self {
                self.start_to_close_timeout = Some(timeout);
                self
            }

            /// How long all attempts together may take.
            pub fn schedule_to_close_timeout(mut self, timeout: Duration) -> Self {
                self.schedule_to_close_timeout = Some(timeout);
                self
            }

            /// What cancelling it means for the workflow.
            pub fn cancellation_type(mut self, cancellation: ActivityCancellation) -> Self {
                self.cancellation = Some(cancellation);
                self
            }

            /// One line that tools show beside it.
            pub fn summary(mut self, summary: impl Into<String>) -> Self {
                self.summary = Some(summary.into());
                self
            }
        }
    };
}

pub(super) use shared_options;

shared_options!(ActivityOptions);

impl ActivityOptions {
    /// How long it may wait for a worker.
    pub fn schedule_to_start_timeout(mut self, timeout: Duration) -> Self {
        self.schedule_to_start_timeout = Some(timeout);
        self
    }

    /// How long it may go without a heartbeat.
    pub fn heartbeat_timeout(mut self, timeout: Duration) -> Self {
        self.heartbeat_timeout = Some(timeout);
        self
    }

    /// How it is retried.
    pub fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.retry_policy = Some(policy);
        self
    }

    /// Where it runs, if not on the workflow's task queue.
    pub fn task_queue(mut self, task_queue: impl Into<String>) -> Self {
        self.task_queue = Some(task_queue.into());
        self
    }

    /// Its place among others on the task queue: a number from 1, the highest, to 5, or a whole [`Priority`].
    pub fn priority(mut self, priority: impl Into<Priority>) -> Self {
        self.priority = Some(priority.into());
        self
    }

    /// What of this concerns local activities; what speaks of the server's task queues and heartbeats doesn't.
    pub(super) fn local(&self) -> LocalActivityOptions {
        let mut local = LocalActivityOptions::default();
        if let Some(timeout) = self.start_to_close_timeout {
            local = local.start_to_close_timeout(timeout);
        }
        if let Some(timeout) = self.schedule_to_close_timeout {
            local = local.schedule_to_close_timeout(timeout);
        }
        if let Some(timeout) = self.schedule_to_start_timeout {
            local = local.schedule_to_start_timeout(timeout);
        }
        if let Some(policy) = &self.retry_policy {
            local = local.retry_policy(policy.clone());
        }
        if let Some(cancellation) = self.cancellation {
            local = local.cancellation_type(cancellation);
        }
        if let Some(summary) = &self.summary {
            local = local.summary(summary.clone());
        }
        local
    }

    /// Writes what is set here over what is there.
    pub(crate) fn write(&self, call: &mut Scheduling) {
        let attributes = &mut *call.attributes;
        let set = |place: &mut Option<_>, value: Option<Duration>| {
            if let Some(value) = value {
                *place = Some(duration(value));
            }
        };
        set(&mut attributes.start_to_close_timeout, self.start_to_close_timeout);
        set(
            &mut attributes.schedule_to_close_timeout,
            self.schedule_to_close_timeout,
        );
        set(
            &mut attributes.schedule_to_start_timeout,
            self.schedule_to_start_timeout,
        );
        set(&mut attributes.heartbeat_timeout, self.heartbeat_timeout);
        if let Some(policy) = &self.retry_policy {
            attributes.retry_policy = Some(policy.clone().into());
        }
        if let Some(name) = &self.task_queue {
            attributes.task_queue = Some(task_queue(name.clone()));
        }
        if let Some(cancellation) = self.cancellation {
            call.cancellation = cancellation;
        }
        if let Some(priority) = &self.priority {
            attributes.priority = Some(priority.clone().into());
        }
        if let Some(summary) = &self.summary {
            call.summarise(summary);
        }
    }
}

/// A call, as its command will be.
#[derive(Default)]
pub(crate) struct Scheduling {
    pub(crate) attributes: Box<ScheduleActivityTaskCommandAttributes>,
    pub(crate) cancellation: ActivityCancellation,
    pub(crate) user_metadata: Option<UserMetadata>,
}

impl Scheduling {
    pub(super) fn summarise(&mut self, summary: &str) {
        self.user_metadata.get_or_insert_with(UserMetadata::default).summary = Some(metadata_text(summary));
    }
}

pub(super) fn task_queue(name: String) -> TaskQueue {
    TaskQueue {
        name,
        ..TaskQueue::default()
    }
}
