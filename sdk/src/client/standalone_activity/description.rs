//! What the server knows about a standalone activity.

use super::ActivityStatus;
use crate::{
    client::{pending::attempts, standalone::execution_facts},
    convert::{Converter, Data, DecodeError},
    error::Failure,
};
use std::time::{Duration, SystemTime};
use steadfast_proto::{
    activity::ActivityExecutionInfo, enums::PendingActivityState, std_duration, system_time,
    workflowservice::DescribeActivityExecutionResponse,
};

/// What the server knows about a standalone activity, at the time it was asked.
#[derive(Debug, Clone)]
pub struct ActivityDescription {
    response: Box<DescribeActivityExecutionResponse>,
    info: Box<ActivityExecutionInfo>,
    converter: Converter,
}

attempts!(ActivityDescription);

execution_facts!(ActivityDescription, activity_id, ActivityStatus);

impl ActivityDescription {
    pub(super) fn new(mut response: DescribeActivityExecutionResponse, converter: Converter) -> Self {
        Self {
            info: Box::new(response.info.take().unwrap_or_default()),
            response: Box::new(response),
            converter,
        }
    }

    /// The name of the activity's type.
    #[must_use]
    pub fn activity_type(&self) -> &str {
        self.info.activity_type.as_ref().map_or("", |kind| &kind.name)
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

    /// Why its cancellation was asked for, empty if it was not.
    #[must_use]
    pub fn cancel_reason(&self) -> &str {
        &self.info.canceled_reason
    }

    /// One line about it, for people; `None` if nobody wrote one.
    ///
    /// # Errors
    /// It is no text.
    pub fn summary(&self) -> Result<Option<String>, DecodeError> {
        self.converter.decode_summary(self.info.user_metadata.as_ref())
    }

    /// The answer as it came, and the part of it that is about the activity.
    #[must_use]
    pub fn raw(&self) -> (&DescribeActivityExecutionResponse, &ActivityExecutionInfo) {
        (&self.response, &self.info)
    }
}
