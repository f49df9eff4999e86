//! What the server knows about a standalone activity.

use super::ActivityStatus;
use crate::{
    convert::{Converter, Data, DecodeError},
    error::Failure,
    search_attribute::{SearchAttributeKey, SearchAttributeValue},
};
use std::time::{Duration, SystemTime};
use steadfast_proto::{
    activity::ActivityExecutionInfo, enums::PendingActivityState, prost_types::Timestamp, std_duration, system_time,
    workflowservice::DescribeActivityExecutionResponse,
};

/// What the server knows about a standalone activity, at the time it was asked.
#[derive(Debug, Clone)]
pub struct ActivityDescription {
    response: Box<DescribeActivityExecutionResponse>,
    info: Box<ActivityExecutionInfo>,
    converter: Converter,
}

fn time(timestamp: Option<&Timestamp>) -> Option<SystemTime> {
    timestamp.and_then(system_time)
}

impl ActivityDescription {
    pub(super) fn new(mut response: DescribeActivityExecutionResponse, converter: Converter) -> Self {
        Self {
            info: Box::new(response.info.take().unwrap_or_default()),
            response: Box::new(response),
            converter,
        }
    }

    /// The activity's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.info.activity_id
    }

    /// The run's id.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.info.run_id
    }

    /// The name of the activity's type.
    #[must_use]
    pub fn activity_type(&self) -> &str {
        self.info.activity_type.as_ref().map_or("", |kind| &kind.name)
    }

    /// Whether it runs, and if not, how it ended.
    #[must_use]
    pub fn status(&self) -> ActivityStatus {
        self.info.status()
    }

    /// Whether a worker has it, while it runs.
    #[must_use]
    pub fn state(&self) -> PendingActivityState {
        self.info.run_state()
    }

    /// The task queue.
    #[must_use]
    pub fn task_queue(&self) -> &str {
        &self.info.task_queue
    }

    /// The attempt that runs, or is the next to; the first is 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        u32::try_from(self.info.attempt).unwrap_or_default()
    }

    /// How long one attempt may take.
    #[must_use]
    pub fn start_to_close_timeout(&self) -> Option<Duration> {
        self.info.start_to_close_timeout.as_ref().and_then(std_duration)
    }

    /// How long all attempts together may take.
    #[must_use]
    pub fn schedule_to_close_timeout(&self) -> Option<Duration> {
        self.info.schedule_to_close_timeout.as_ref().and_then(std_duration)
    }

    /// When it was started.
    #[must_use]
    pub fn schedule_time(&self) -> Option<SystemTime> {
        time(self.info.schedule_time.as_ref())
    }

    /// When a worker last took it.
    #[must_use]
    pub fn last_started_time(&self) -> Option<SystemTime> {
        time(self.info.last_started_time.as_ref())
    }

    /// When it last reported.
    #[must_use]
    pub fn last_heartbeat_time(&self) -> Option<SystemTime> {
        time(self.info.last_heartbeat_time.as_ref())
    }

    /// When the next attempt is due, if it waits for one.
    #[must_use]
    pub fn next_attempt_time(&self) -> Option<SystemTime> {
        time(self.info.next_attempt_schedule_time.as_ref())
    }

    /// When it ended, if it did.
    #[must_use]
    pub fn close_time(&self) -> Option<SystemTime> {
        time(self.info.close_time.as_ref())
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
    pub fn last_failure(&self) -> Option<&Failure> {
        self.info.last_failure.as_ref()
    }

    /// Who last took it.
    #[must_use]
    pub fn last_worker_identity(&self) -> &str {
        &self.info.last_worker_identity
    }

    /// Why its cancellation was asked for, empty if it was not.
    #[must_use]
    pub fn cancel_reason(&self) -> &str {
        &self.info.canceled_reason
    }

    /// The value of a search attribute, `None` if it is not set.
    ///
    /// # Errors
    /// It is of another type than the key says.
    pub fn search_attribute<T: SearchAttributeValue>(
        &self,
        key: &SearchAttributeKey<T>,
    ) -> Result<Option<T>, DecodeError> {
        let attributes = self.info.search_attributes.as_ref();
        key.read(attributes.and_then(|attributes| attributes.indexed_fields.get(key.name())))
    }

    /// One line about it, for people; `None` if nobody wrote one.
    ///
    /// # Errors
    /// It is no text.
    pub fn summary(&self) -> Result<Option<String>, DecodeError> {
        let summary = self
            .info
            .user_metadata
            .as_ref()
            .and_then(|metadata| metadata.summary.as_ref());
        summary.map(|summary| self.converter.decode(Some(summary))).transpose()
    }

    /// The answer as it came, and the part of it that is about the activity.
    #[must_use]
    pub fn raw(&self) -> (&DescribeActivityExecutionResponse, &ActivityExecutionInfo) {
        (&self.response, &self.info)
    }
}
