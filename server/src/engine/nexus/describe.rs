//! What pending operations look like from outside.

use super::{
    super::{
        run::Run,
        time::{self, Time},
    },
    delivery::Stage,
    operation::{Cancellation, Operation},
};
use std::time::Duration;
use steadfast_proto::{
    enums::{NexusOperationCancellationState, PendingNexusOperationState},
    workflow::{NexusOperationCancellationInfo, PendingNexusOperationInfo},
};

impl Run {
    pub(crate) fn pending_operations(&self) -> Vec<PendingNexusOperationInfo> {
        let operations = self.operations.iter();
        operations
            .filter_map(|(event_id, operation)| self.pending_operation(*event_id, operation))
            .collect()
    }

    fn pending_operation(&self, event_id: i64, operation: &Operation) -> Option<PendingNexusOperationInfo> {
        let scheduled = self.operation_event(event_id)?;
        let start = &operation.start;
        let set = |timeout: Duration| (!timeout.is_zero()).then_some(timeout).and_then(time::wire);
        Some(PendingNexusOperationInfo {
            endpoint: scheduled.endpoint.clone(),
            service: scheduled.service.clone(),
            operation: scheduled.operation.clone(),
            operation_id: operation.token().to_owned(),
            schedule_to_close_timeout: set(operation.schedule_to_close),
            scheduled_time: operation.scheduled.wire(),
            state: operation.state().into(),
            attempt: start.wire_attempts(),
            last_attempt_complete_time: start.last_ended.and_then(Time::wire),
            last_attempt_failure: start.last_failure.clone(),
            next_attempt_schedule_time: start.next_attempt().and_then(Time::wire),
            cancellation_info: operation.cancellation.as_ref().map(describe_cancellation),
            scheduled_event_id: event_id,
            operation_token: operation.token().to_owned(),
            schedule_to_start_timeout: set(operation.schedule_to_start),
            start_to_close_timeout: set(operation.start_to_close),
            blocked_reason: start.blocked_reason(),
        })
    }
}

impl Operation {
    pub(crate) fn state(&self) -> PendingNexusOperationState {
        match (&self.started, self.start.stage) {
            (Some(_), _) => PendingNexusOperationState::Started,
            (None, Stage::BackingOff { .. }) => PendingNexusOperationState::BackingOff,
            (None, Stage::Blocked) => PendingNexusOperationState::Blocked,
            (None, _) => PendingNexusOperationState::Scheduled,
        }
    }
}

impl Cancellation {
    pub(crate) fn state(&self) -> NexusOperationCancellationState {
        match self.delivery.stage {
            Stage::Idle => NexusOperationCancellationState::Unspecified,
            Stage::Queued { .. } | Stage::Held => NexusOperationCancellationState::Scheduled,
            Stage::BackingOff { .. } => NexusOperationCancellationState::BackingOff,
            Stage::Blocked => NexusOperationCancellationState::Blocked,
            Stage::Answered => NexusOperationCancellationState::Succeeded,
            Stage::Refused => NexusOperationCancellationState::Failed,
        }
    }
}

fn describe_cancellation(cancellation: &Cancellation) -> NexusOperationCancellationInfo {
    let delivery = &cancellation.delivery;
    NexusOperationCancellationInfo {
        requested_time: cancellation.requested.and_then(Time::wire),
        state: cancellation.state().into(),
        attempt: delivery.wire_attempts(),
        last_attempt_complete_time: delivery.last_ended.and_then(Time::wire),
        last_attempt_failure: delivery.last_failure.clone(),
        next_attempt_schedule_time: delivery.next_attempt().and_then(Time::wire),
        blocked_reason: delivery.blocked_reason(),
    }
}
