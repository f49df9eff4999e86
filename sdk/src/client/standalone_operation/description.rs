//! What the server knows about a standalone Nexus operation.

use super::NexusOperationStatus;
use crate::{
    client::standalone::execution_facts,
    convert::{Converter, DecodeError},
    error::Failure,
};
use std::time::Duration;
use steadfast_proto::{
    nexus::NexusOperationExecutionInfo, std_duration, workflowservice::DescribeNexusOperationExecutionResponse,
};

/// What the server knows about a standalone Nexus operation, at the time it was asked.
#[derive(Debug, Clone)]
pub struct NexusOperationDescription {
    info: Box<NexusOperationExecutionInfo>,
    converter: Converter,
}

execution_facts!(NexusOperationDescription, operation_id, NexusOperationStatus);

impl NexusOperationDescription {
    pub(super) fn new(response: DescribeNexusOperationExecutionResponse, converter: Converter) -> Self {
        Self {
            info: Box::new(response.info.unwrap_or_default()),
            converter,
        }
    }

    /// The endpoint, the service and the operation's name.
    #[must_use]
    pub fn names(&self) -> [&str; 3] {
        [&self.info.endpoint, &self.info.service, &self.info.operation]
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

    /// Why its cancellation was asked for; `None` if it was not.
    #[must_use]
    pub fn cancel_reason(&self) -> Option<&str> {
        self.info
            .cancellation_info
            .as_ref()
            .map(|cancellation| cancellation.reason.as_str())
    }

    /// One line about it, for people; `None` if nobody wrote one.
    ///
    /// # Errors
    /// It is no text.
    pub fn summary(&self) -> Result<Option<String>, DecodeError> {
        self.converter.decode_summary(self.info.user_metadata.as_ref())
    }

    /// All of it, as it came.
    #[must_use]
    pub fn raw(&self) -> &NexusOperationExecutionInfo {
        &self.info
    }
}
