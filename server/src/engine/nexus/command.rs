//! Commands about operations, checked.

use super::super::{
    command::{BadCommand, Seen},
    limits, time,
};
use super::operation;
use steadfast_proto::{command::ScheduleNexusOperationCommandAttributes, enums::WorkflowTaskFailedCause as Cause};

impl Seen<'_> {
    pub(in super::super) fn check_operation(
        &mut self,
        command: &ScheduleNexusOperationCommandAttributes,
    ) -> Result<(), BadCommand> {
        const WHERE: &str = "ScheduleNexusOperationCommandAttributes";
        let bad = |message: String| Err(BadCommand::new(Cause::BadScheduleNexusOperationAttributes, message));
        if self.endpoints.find(&command.endpoint).is_none() {
            return bad(format!("endpoint {:?} not found", command.endpoint));
        }
        for (what, text) in [("Service", &command.service), ("Operation", &command.operation)] {
            if text.len() > limits::NAME_BYTES_MAX {
                return bad(format!(
                    "{WHERE}.{what} exceeds length limit of {}",
                    limits::NAME_BYTES_MAX
                ));
            }
        }
        let timeouts = [
            ("ScheduleToCloseTimeout", &command.schedule_to_close_timeout),
            ("ScheduleToStartTimeout", &command.schedule_to_start_timeout),
            ("StartToCloseTimeout", &command.start_to_close_timeout),
        ];
        for (what, timeout) in timeouts {
            if time::is_negative(timeout.as_ref()) {
                return bad(format!("{WHERE}.{what} is invalid: negative duration"));
            }
        }
        let header = &command.nexus_header;
        if let Some(key) = operation::disallowed(header) {
            return bad(format!("{WHERE}.NexusHeader contains a disallowed header key: {key:?}"));
        }
        if limits::header_bytes(header) > limits::NEXUS_HEADER_BYTES_MAX {
            return bad(format!("{WHERE}.NexusHeader exceeds size limit"));
        }
        self.operations_added.insert(self.next_event_id);
        let limit = self.limits.pending_operations;
        if self.run.operations.len().saturating_add(self.operations_added.len()) > limit {
            return Err(BadCommand::new(
                Cause::PendingNexusOperationsLimitExceeded,
                format!("workflow has reached the pending nexus operation limit of {limit} for this namespace"),
            ));
        }
        Ok(())
    }

    pub(in super::super) fn check_cancel_operation(&mut self, event_id: i64) -> Result<(), BadCommand> {
        let bad = |message: String| {
            Err(BadCommand::new(
                Cause::BadRequestCancelNexusOperationAttributes,
                message,
            ))
        };
        let operation = self.run.operations.get(&event_id);
        let is_canceled = operation.is_some_and(|operation| operation.cancellation.is_some());
        let is_known = operation.is_some()
            || self.operations_added.contains(&event_id)
            || self.run.is_operation_end_buffered(event_id);
        if !is_known {
            return bad(format!(
                "requested cancelation for a non-existing or already completed operation with scheduled event ID of {event_id}"
            ));
        }
        if is_canceled || !self.operations_canceled.insert(event_id) {
            return bad(format!(
                "cancelation was already requested for an operation with scheduled event ID {event_id}"
            ));
        }
        Ok(())
    }
}
