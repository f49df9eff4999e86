//! What a workflow waits for.

use crate::{
    convert::{Converter, Data, DecodeError},
    error::Failure,
};
use std::time::{Duration, SystemTime};
use steadfast_proto::{
    enums::{ParentClosePolicy, PendingActivityState, PendingWorkflowTaskState},
    std_duration, system_time,
    workflow::{PendingActivityInfo, PendingChildExecutionInfo, PendingWorkflowTaskInfo},
};

/// An activity that has not ended.
#[derive(Debug, Clone, Copy)]
pub struct PendingActivity<'a> {
    pub(super) info: &'a PendingActivityInfo,
    pub(super) converter: &'a Converter,
}

/// What is known of an activity's attempts, whether a workflow called it or not.
macro_rules! attempts {
    ($name:ident $(<$lifetime:lifetime>)?) => {
        impl$(<$lifetime>)? $name$(<$lifetime>)? {
            /// The attempt that runs, or is the next to; the first is 1.
            #[must_use]
            pub fn attempt(&self) -> u32 {
                u32::try_from(self.info.attempt).unwrap_or_default()
            }

            /// When a worker last took it.
            #[must_use]
            pub fn last_started_time(&self) -> Option<SystemTime> {
                self.info.last_started_time.as_ref().and_then(system_time)
            }

            /// When it last reported.
            #[must_use]
            pub fn last_heartbeat_time(&self) -> Option<SystemTime> {
                self.info.last_heartbeat_time.as_ref().and_then(system_time)
            }

            /// When the next attempt is due, if it waits for one.
            #[must_use]
            pub fn next_attempt_time(&self) -> Option<SystemTime> {
                self.info.next_attempt_schedule_time.as_ref().and_then(system_time)
            }

            /// What it last reported, `None` if it did not.
            ///
            /// # Errors
            /// It is not a `T`.
            pub fn heartbeat_details<T: Data>(&self) -> Result<Option<T>, DecodeError> {
                let details = self.info.heartbeat_details.as_ref();
                details
                    .map(|details| self.converter.decode_result(Some(details)))
                    .transpose()
            }

            /// How the attempt before failed.
            #[must_use]
            pub fn last_failure(&self) -> Option<& $($lifetime)? Failure> {
                self.info.last_failure.as_ref()
            }

            /// Who last took it.
            #[must_use]
            pub fn last_worker_identity(&self) -> & $($lifetime)? str {
                &self.info.last_worker_identity
            }
        }
    };
}

pub(super) use attempts;

attempts!(PendingActivity<'a>);

impl<'a> PendingActivity<'a> {
    /// The activity's id.
    #[must_use]
    pub fn id(&self) -> &'a str {
        &self.info.activity_id
    }

    /// The name of its type.
    #[must_use]
    pub fn activity_type(&self) -> &'a str {
        self.info.activity_type.as_ref().map_or("", |kind| &kind.name)
    }

    /// Whether a worker has it.
    #[must_use]
    pub fn state(&self) -> PendingActivityState {
        self.info.state()
    }

    /// Whether somebody paused it.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.info.paused
    }

    /// How many attempts there may be; 0 for any number.
    #[must_use]
    pub fn maximum_attempts(&self) -> u32 {
        u32::try_from(self.info.maximum_attempts).unwrap_or_default()
    }

    /// When it was, or will be, given to a worker.
    #[must_use]
    pub fn scheduled_time(&self) -> Option<SystemTime> {
        self.info.scheduled_time.as_ref().and_then(system_time)
    }

    /// How long it waits between this attempt and the next.
    #[must_use]
    pub fn retry_interval(&self) -> Option<Duration> {
        self.info.current_retry_interval.as_ref().and_then(std_duration)
    }

    /// All of it, as it came.
    #[must_use]
    pub fn raw(&self) -> &'a PendingActivityInfo {
        self.info
    }
}

/// A child workflow that has not ended.
#[derive(Debug, Clone, Copy)]
pub struct PendingChild<'a>(pub(super) &'a PendingChildExecutionInfo);

impl<'a> PendingChild<'a> {
    /// The child's workflow id.
    #[must_use]
    pub fn id(&self) -> &'a str {
        &self.0.workflow_id
    }

    /// Its run's id, empty if it has not been started yet.
    #[must_use]
    pub fn run_id(&self) -> &'a str {
        &self.0.run_id
    }

    /// The name of its type.
    #[must_use]
    pub fn workflow_type(&self) -> &'a str {
        &self.0.workflow_type_name
    }

    /// The parent's event that asked for it.
    #[must_use]
    pub fn initiated_event_id(&self) -> i64 {
        self.0.initiated_id
    }

    /// What becomes of it when the parent ends.
    #[must_use]
    pub fn parent_close_policy(&self) -> ParentClosePolicy {
        self.0.parent_close_policy()
    }
}

/// A workflow task that has not ended.
#[derive(Debug, Clone, Copy)]
pub struct PendingWorkflowTask<'a>(pub(super) &'a PendingWorkflowTaskInfo);

impl PendingWorkflowTask<'_> {
    /// Whether a worker has it.
    #[must_use]
    pub fn state(&self) -> PendingWorkflowTaskState {
        self.0.state()
    }

    /// The attempt; the first is 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        u32::try_from(self.0.attempt).unwrap_or_default()
    }

    /// When this attempt was scheduled.
    #[must_use]
    pub fn scheduled_time(&self) -> Option<SystemTime> {
        self.0.scheduled_time.as_ref().and_then(system_time)
    }

    /// When the first attempt was scheduled.
    #[must_use]
    pub fn original_scheduled_time(&self) -> Option<SystemTime> {
        self.0.original_scheduled_time.as_ref().and_then(system_time)
    }

    /// When a worker took it, if one has.
    #[must_use]
    pub fn started_time(&self) -> Option<SystemTime> {
        self.0.started_time.as_ref().and_then(system_time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use steadfast_proto::timestamp;

    #[test]
    fn a_pending_task_tells_when_it_and_when_its_first_attempt_was_scheduled() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let info = PendingWorkflowTaskInfo {
            scheduled_time: Some(timestamp(at(20))),
            original_scheduled_time: Some(timestamp(at(10))),
            started_time: Some(timestamp(at(30))),
            ..PendingWorkflowTaskInfo::default()
        };
        let task = PendingWorkflowTask(&info);
        assert_eq!(task.scheduled_time(), Some(at(20)));
        assert_eq!(task.original_scheduled_time(), Some(at(10)));
        assert_eq!(task.started_time(), Some(at(30)));
        let nothing = PendingWorkflowTaskInfo::default();
        assert_eq!(PendingWorkflowTask(&nothing).original_scheduled_time(), None);
    }
}
