//! The journal and Nexus operations.

use super::{Applied, Journal};
use crate::{
    NexusCancellation, OperationId, Resolution,
    issued::What,
    machines::{
        Unexpected,
        nexus::{self, Effect, Input},
    },
    operation::{Kind, NexusOperation},
};
use std::{panic::Location, task::Waker};
use steadfast_proto::{
    command::{
        RequestCancelNexusOperationCommandAttributes, ScheduleNexusOperationCommandAttributes,
        command::Attributes as CommandAttributes,
    },
    common::Payloads,
    history::history_event::Attributes,
    sdk::UserMetadata,
};

type Caller = &'static Location<'static>;

/// The event that scheduled the operation that this one is about, if it is about one.
pub(super) fn scheduled_event_id(attributes: &Attributes) -> Option<i64> {
    use Attributes as A;
    Some(match attributes {
        A::NexusOperationStartedEventAttributes(event) => event.scheduled_event_id,
        A::NexusOperationCompletedEventAttributes(event) => event.scheduled_event_id,
        A::NexusOperationFailedEventAttributes(event) => event.scheduled_event_id,
        A::NexusOperationCanceledEventAttributes(event) => event.scheduled_event_id,
        A::NexusOperationTimedOutEventAttributes(event) => event.scheduled_event_id,
        A::NexusOperationCancelRequestCompletedEventAttributes(event) => event.scheduled_event_id,
        A::NexusOperationCancelRequestFailedEventAttributes(event) => event.scheduled_event_id,
        _ => return None,
    })
}

impl Journal {
    pub(super) fn ask_nexus(
        &mut self,
        attributes: Box<ScheduleNexusOperationCommandAttributes>,
        cancellation: NexusCancellation,
        user_metadata: Option<UserMetadata>,
        location: Caller,
    ) -> OperationId {
        let operation = NexusOperation {
            state: nexus::State::Created,
            identity: nexus::Identity {
                endpoint: attributes.endpoint.clone(),
                service: attributes.service.clone(),
                operation: attributes.operation.clone(),
                ..nexus::Identity::default()
            },
            cancellation,
            issued: self.queue.next_number(),
            result: None,
        };
        let id = self.operations.insert(Kind::Nexus(Box::new(operation)), location);
        let attributes = CommandAttributes::ScheduleNexusOperationCommandAttributes(attributes);
        let what = What::ScheduleNexus { slot: id.slot };
        self.issue_operation(what, attributes, user_metadata, id.slot, location);
        id
    }

    /// Cancels the operation in a slot.
    pub(super) fn cancel_nexus(&mut self, slot: u32, location: Caller, wakers: &mut Vec<Waker>) {
        let Some(Kind::Nexus(operation)) = self.operations.at(slot).map(|operation| &mut operation.kind) else {
            return;
        };
        // Cancelling is expected in every state.
        let Ok((next, effect)) = operation.state.on(Input::Cancel(operation.cancellation)) else {
            return;
        };
        operation.state = next;
        self.affect_nexus(slot, effect, None, location, wakers);
    }

    /// Does what an operation's machine says; `event` is the one that moved it.
    fn affect_nexus(
        &mut self,
        slot: u32,
        effect: Effect,
        event: Option<Attributes>,
        location: Caller,
        wakers: &mut Vec<Waker>,
    ) {
        let Some(Kind::Nexus(operation)) = self.operations.at(slot).map(|operation| &operation.kind) else {
            return;
        };
        let identity = &operation.identity;
        let (issued, scheduled_event_id) = (operation.issued, identity.scheduled_event_id);
        let resolution = match effect {
            Effect::Nothing | Effect::Request => None,
            Effect::Withdraw | Effect::RequestAndResolve | Effect::ResolveCancelled => {
                Some(Resolution::Failed(Box::new(identity.cancelled())))
            }
            Effect::ResolveStart => Some(Resolution::OperationStarted {
                token: identity.token.clone(),
            }),
            Effect::Resolve => event.map(|event| closing(identity, event)),
        };
        if effect == Effect::Withdraw {
            self.queue.withdraw(issued);
        }
        if matches!(effect, Effect::Request | Effect::RequestAndResolve) {
            let attributes = RequestCancelNexusOperationCommandAttributes { scheduled_event_id };
            let attributes = CommandAttributes::RequestCancelNexusOperationCommandAttributes(Box::new(attributes));
            let user_metadata = self.operations.user_metadata(slot);
            let what = What::CancelNexus {
                slot,
                scheduled_event_id,
            };
            self.issue_with(what, attributes, user_metadata, location);
        }
        if let Some(resolution) = resolution {
            self.resolve(slot, resolution, wakers);
        }
    }

    /// Moves the machine whose command was recorded.
    pub(super) fn advance_nexus(&mut self, slot: u32, is_schedule: bool, event_id: i64) -> Result<(), Unexpected> {
        let operation = self.operations.at(slot).ok_or(Unexpected)?;
        let Kind::Nexus(operation) = &mut operation.kind else {
            return Err(Unexpected);
        };
        let input = if is_schedule {
            Input::Scheduled
        } else {
            Input::CancelRequested
        };
        operation.state = operation.state.on(input)?.0;
        if is_schedule {
            operation.identity.scheduled_event_id = event_id;
            self.by_event.insert(event_id, slot);
        }
        Ok(())
    }

    /// Applies an event about an operation. After an operation's end its handler may still answer the cancel request.
    pub(super) fn apply_nexus(
        &mut self,
        scheduled_event_id: i64,
        attributes: Attributes,
        applied: &mut Applied,
    ) -> Result<(), Unexpected> {
        use Attributes as A;
        let is_answer = matches!(
            attributes,
            A::NexusOperationCancelRequestCompletedEventAttributes(_)
                | A::NexusOperationCancelRequestFailedEventAttributes(_)
        );
        let slot = match self.by_event.get(&scheduled_event_id) {
            Some(slot) => *slot,
            None if is_answer => return Ok(()),
            None => return Err(Unexpected),
        };
        let operation = self.operations.at(slot).ok_or(Unexpected)?;
        let location = operation.location;
        let Kind::Nexus(operation) = &mut operation.kind else {
            return Err(Unexpected);
        };
        let input = match &attributes {
            A::NexusOperationStartedEventAttributes(started) => {
                operation.identity.token.clone_from(&started.operation_token);
                Input::Started
            }
            A::NexusOperationCancelRequestCompletedEventAttributes(_) => {
                Input::CancelRequestCompleted(operation.cancellation)
            }
            A::NexusOperationCancelRequestFailedEventAttributes(_) => {
                Input::CancelRequestFailed(operation.cancellation)
            }
            _ => Input::Closed,
        };
        let (state, effect) = operation.state.on(input)?;
        operation.state = state;
        self.affect_nexus(slot, effect, Some(attributes), location, &mut applied.wakers);
        if state.is_over() {
            self.by_event.remove(&scheduled_event_id);
            self.operations.collect(slot);
        }
        Ok(())
    }
}

/// What code sees of how an operation, or its cancellation, ended.
fn closing(identity: &nexus::Identity, attributes: Attributes) -> Resolution {
    use Attributes as A;
    let failed = |message: &str, failure: Option<steadfast_proto::failure::Failure>| {
        // The server wraps the handler's failure already.
        let failure = failure.unwrap_or_else(|| identity.failure(message, None));
        Resolution::Failed(Box::new(failure))
    };
    match attributes {
        A::NexusOperationCompletedEventAttributes(close) => Resolution::Completed(
            close
                .into_inner()
                .result
                .map(|result| Payloads { payloads: vec![result] }),
        ),
        A::NexusOperationFailedEventAttributes(close) => failed("Nexus operation failed", close.into_inner().failure),
        A::NexusOperationCanceledEventAttributes(close) => match close.into_inner().failure {
            Some(failure) => Resolution::Failed(Box::new(failure)),
            None => Resolution::Failed(Box::new(identity.cancelled())),
        },
        A::NexusOperationTimedOutEventAttributes(close) => {
            failed("Nexus operation timed out", close.into_inner().failure)
        }
        A::NexusOperationCancelRequestFailedEventAttributes(failed) => {
            let message = "the Nexus operation's handler did not take the request to cancel it";
            Resolution::Failed(Box::new(identity.failure(message, failed.into_inner().failure)))
        }
        _ => Resolution::Cancelled,
    }
}
