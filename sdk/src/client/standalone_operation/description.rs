//! What the server knows about a standalone Nexus operation.

use super::NexusOperationStatus;
use crate::{
    convert::{Converter, DecodeError},
    error::Failure,
    search_attribute::{SearchAttributeKey, SearchAttributeValue},
};
use std::time::{Duration, SystemTime};
use steadfast_proto::{
    nexus::NexusOperationExecutionInfo, std_duration, system_time,
    workflowservice::DescribeNexusOperationExecutionResponse,
};

/// What the server knows about a standalone Nexus operation, at the time it was asked.
#[derive(Debug, Clone)]
pub struct NexusOperationDescription {
    info: Box<NexusOperationExecutionInfo>,
    converter: Converter,
}

impl NexusOperationDescription {
    pub(super) fn new(response: DescribeNexusOperationExecutionResponse, converter: Converter) -> Self {
        Self {
            info: Box::new(response.info.unwrap_or_default()),
            converter,
        }
    }

    /// The operation's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.info.operation_id
    }

    /// The run's id.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.info.run_id
    }

    /// The endpoint, the service and the operation's name.
    #[must_use]
    pub fn names(&self) -> [&str; 3] {
        [&self.info.endpoint, &self.info.service, &self.info.operation]
    }

    /// Whether it runs, and if not, how it ended.
    #[must_use]
    pub fn status(&self) -> NexusOperationStatus {
        self.info.status()
    }

    /// How often its handler was asked to start it, the first time included.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        u32::try_from(self.info.attempt).unwrap_or_default()
    }

    /// Why the last attempt to start it failed, if it did.
    #[must_use]
    pub fn last_attempt_failure(&self) -> Option<&Failure> {
        self.info.last_attempt_failure.as_ref()
    }

    /// What its handler knows it by, empty if it answered at once or not yet.
    #[must_use]
    pub fn operation_token(&self) -> &str {
        &self.info.operation_token
    }

    /// How long it may take in all.
    #[must_use]
    pub fn schedule_to_close_timeout(&self) -> Option<Duration> {
        self.info.schedule_to_close_timeout.as_ref().and_then(std_duration)
    }

    /// When it was started.
    #[must_use]
    pub fn schedule_time(&self) -> Option<SystemTime> {
        self.info.schedule_time.as_ref().and_then(system_time)
    }

    /// When it ended, if it did.
    #[must_use]
    pub fn close_time(&self) -> Option<SystemTime> {
        self.info.close_time.as_ref().and_then(system_time)
    }

    /// Why its cancellation was asked for; `None` if it was not.
    #[must_use]
    pub fn cancel_reason(&self) -> Option<&str> {
        self.info
            .cancellation_info
            .as_ref()
            .map(|cancellation| cancellation.reason.as_str())
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
        let metadata = self.info.user_metadata.as_ref();
        let summary = metadata.and_then(|metadata| metadata.summary.as_ref());
        summary.map(|summary| self.converter.decode(Some(summary))).transpose()
    }

    /// All of it, as it came.
    #[must_use]
    pub fn raw(&self) -> &NexusOperationExecutionInfo {
        &self.info
    }
}
