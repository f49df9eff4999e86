//! The journal and other workflows: children, signals, cancellations.

use super::{Applied, Journal};
use crate::{
    ChildCancellation, OperationId, Resolution, Undelivered,
    issued::What,
    machines::{Unexpected, child, external},
    operation::{Cancellation, Child, Kind, Signal},
};
use std::{panic::Location, task::Waker};
use steadfast_proto::{
    command::{
        RequestCancelExternalWorkflowExecutionCommandAttributes, SignalExternalWorkflowExecutionCommandAttributes,
        StartChildWorkflowExecutionCommandAttributes, command::Attributes as CommandAttributes,
    },
    enums::{
        CancelExternalWorkflowExecutionFailedCause as CancelCause,
        SignalExternalWorkflowExecutionFailedCause as SignalCause,
    },
    history::history_event::Attributes,
    sdk::UserMetadata,
};

type Caller = &'static Location<'static>;

/// The event that initiated what this one is about, if it is about another workflow.
pub(super) fn initiated_event_id(attributes: &Attributes) -> Option<i64> {
    use Attributes as A;
    Some(match attributes {
        A::StartChildWorkflowExecutionFailedEventAttributes(event) => event.initiated_event_id,
        A::ChildWorkflowExecutionStartedEventAttributes(event) => event.initiated_event_id,
        A::ChildWorkflowExecutionCompletedEventAttributes(event) => event.initiated_event_id,
        A::ChildWorkflowExecutionFailedEventAttributes(event) => event.initiated_event_id,
        A::ChildWorkflowExecutionCanceledEventAttributes(event) => event.initiated_event_id,
        A::ChildWorkflowExecutionTimedOutEventAttributes(event) => event.initiated_event_id,
        A::ChildWorkflowExecutionTerminatedEventAttributes(event) => event.initiated_event_id,
        A::ExternalWorkflowExecutionSignaledEventAttributes(event) => event.initiated_event_id,
        A::SignalExternalWorkflowExecutionFailedEventAttributes(event) => event.initiated_event_id,
        A::ExternalWorkflowExecutionCancelRequestedEventAttributes(event) => event.initiated_event_id,
        A::RequestCancelExternalWorkflowExecutionFailedEventAttributes(event) => event.initiated_event_id,
        _ => return None,
    })
}

/// What code asks for.
impl Journal {
    pub(super) fn ask_child(
        &mut self,
        mut attributes: Box<StartChildWorkflowExecutionCommandAttributes>,
        cancellation: ChildCancellation,
        user_metadata: Option<UserMetadata>,
        location: Caller,
    ) -> OperationId {
        if attributes.task_queue.as_ref().is_none_or(|queue| queue.name.is_empty()) {
            attributes.task_queue.clone_from(&self.task_queue);
        }
        let child = Child {
            state: child::State::Created,
            identity: child::Identity {
                id: attributes.workflow_id.clone(),
                type_name: attributes
                    .workflow_type
                    .as_ref()
                    .map(|kind| kind.name.clone())
                    .unwrap_or_default(),
                ..child::Identity::default()
            },
            cancellation,
            issued: self.queue.next_number(),
            result: None,
        };
        let id = self.operations.insert(Kind::Child(Box::new(child)), location);
        let attributes = CommandAttributes::StartChildWorkflowExecutionCommandAttributes(attributes);
        self.issue_operation(
            What::StartChild { slot: id.slot },
            attributes,
            user_metadata,
            id.slot,
            location,
        );
        id
    }

    pub(super) fn ask_signal(
        &mut self,
        attributes: Box<SignalExternalWorkflowExecutionCommandAttributes>,
        location: Caller,
    ) -> OperationId {
        let execution = attributes.execution.as_ref();
        let signal = Signal {
            state: external::State::Created,
            issued: self.queue.next_number(),
            workflow_id: execution
                .map(|execution| execution.workflow_id.clone())
                .unwrap_or_default(),
            name: attributes.signal_name.clone(),
        };
        let id = self.operations.insert(Kind::Signal(Box::new(signal)), location);
        let attributes = CommandAttributes::SignalExternalWorkflowExecutionCommandAttributes(attributes);
        self.issue(What::SignalExternal { slot: id.slot }, attributes, location);
        id
    }

    pub(super) fn ask_cancellation(
        &mut self,
        attributes: Box<RequestCancelExternalWorkflowExecutionCommandAttributes>,
        child: Option<OperationId>,
        user_metadata: Option<UserMetadata>,
        location: Caller,
    ) -> OperationId {
        let cancellation = Cancellation {
            state: external::State::Created,
            issued: self.queue.next_number(),
            workflow_id: attributes.workflow_id.clone(),
            child,
        };
        let id = self
            .operations
            .insert(Kind::Cancellation(Box::new(cancellation)), location);
        let attributes = CommandAttributes::RequestCancelExternalWorkflowExecutionCommandAttributes(attributes);
        self.issue_with(
            What::CancelExternal { slot: id.slot },
            attributes,
            user_metadata,
            location,
        );
        id
    }

    /// Cancels what is in a slot: a child, or what is on its way to another workflow.
    pub(super) fn cancel_external(&mut self, slot: u32, location: Caller, wakers: &mut Vec<Waker>) {
        let Some(operation) = self.operations.at(slot) else {
            return;
        };
        // Cancelling is expected in every state.
        let withdrawn = match &mut operation.kind {
            Kind::Child(child) => {
                let Ok((next, effect)) = child.state.on(child::Input::Cancel(child.cancellation)) else {
                    return;
                };
                child.state = next;
                return self.affect_child(slot, effect, None, location, wakers);
            }
            Kind::Signal(signal) => withdraw(&mut signal.state, signal.issued),
            Kind::Cancellation(cancellation) => withdraw(&mut cancellation.state, cancellation.issued),
            Kind::Wait | Kind::Timer { .. } | Kind::Activity(_) | Kind::LocalActivity(_) | Kind::Nexus(_) => return,
        };
        if let Some(issued) = withdrawn {
            self.queue.withdraw(issued);
            self.resolve(slot, Resolution::Cancelled, wakers);
        }
    }

    /// Does what a child's machine says; `event` is the one that moved it.
    fn affect_child(
        &mut self,
        slot: u32,
        effect: child::Effect,
        event: Option<Attributes>,
        location: Caller,
        wakers: &mut Vec<Waker>,
    ) {
        use child::Effect as E;
        let Some(id) = self.operations.id_at(slot) else { return };
        let Some(Kind::Child(child)) = self.operations.at(slot).map(|operation| &operation.kind) else {
            return;
        };
        let (issued, workflow_id) = (child.issued, child.identity.id.clone());
        let resolution = match effect {
            E::Nothing | E::Request => None,
            E::Withdraw | E::RequestAndResolve | E::ResolveCancelled => {
                Some(Resolution::Failed(Box::new(child.identity.cancelled(None))))
            }
            E::ResolveStart => Some(Resolution::Started {
                run_id: child.identity.run_id.clone(),
            }),
            E::Resolve => event.map(|event| closing(&child.identity, event)),
        };
        if effect == E::Withdraw {
            self.queue.withdraw(issued);
        }
        if matches!(effect, E::Request | E::RequestAndResolve) {
            // Without a run id: a child that continued as new is still the same child.
            let attributes = Box::new(RequestCancelExternalWorkflowExecutionCommandAttributes {
                workflow_id,
                child_workflow_only: true,
                ..RequestCancelExternalWorkflowExecutionCommandAttributes::default()
            });
            let user_metadata = self.operations.user_metadata(slot);
            let cancellation = self.ask_cancellation(attributes, Some(id), user_metadata, location);
            if let Some(operation) = self.operations.at(cancellation.slot) {
                operation.forgotten = true;
            }
        }
        if let Some(resolution) = resolution {
            self.resolve(slot, resolution, wakers);
        }
    }
}

/// What history says.
impl Journal {
    /// Moves the machine whose command was recorded.
    pub(super) fn advance_external(&mut self, slot: u32, event_id: i64) -> Result<(), Unexpected> {
        let operation = self.operations.at(slot).ok_or(Unexpected)?;
        match &mut operation.kind {
            Kind::Child(child) => {
                child.state = child.state.on(child::Input::Initiated)?.0;
                child.identity.initiated_event_id = event_id;
            }
            Kind::Signal(signal) => signal.state = signal.state.on(external::Input::Initiated)?.0,
            Kind::Cancellation(cancellation) => {
                cancellation.state = cancellation.state.on(external::Input::Initiated)?.0;
            }
            Kind::Wait | Kind::Timer { .. } | Kind::Activity(_) | Kind::LocalActivity(_) | Kind::Nexus(_) => {
                return Err(Unexpected);
            }
        }
        self.by_event.insert(event_id, slot);
        Ok(())
    }

    /// Applies an event about another workflow.
    pub(super) fn apply_external(
        &mut self,
        initiated_event_id: i64,
        event_id: i64,
        attributes: Attributes,
        applied: &mut Applied,
    ) -> Result<(), Unexpected> {
        let slot = *self.by_event.get(&initiated_event_id).ok_or(Unexpected)?;
        let operation = self.operations.at(slot).ok_or(Unexpected)?;
        let is_over = match &mut operation.kind {
            Kind::Child(_) => self.move_child(slot, event_id, attributes, applied)?,
            Kind::Signal(signal) => {
                use Attributes as A;
                let (input, resolution) = match &attributes {
                    A::ExternalWorkflowExecutionSignaledEventAttributes(_) => {
                        (external::Input::Delivered, Resolution::Completed(None))
                    }
                    A::SignalExternalWorkflowExecutionFailedEventAttributes(failed) => {
                        let why = Resolution::Undelivered(signal_undelivered(failed.cause));
                        (external::Input::Failed, why)
                    }
                    _ => return Err(Unexpected),
                };
                signal.state = signal.state.on(input)?.0;
                self.resolve(slot, resolution, &mut applied.wakers);
                true
            }
            Kind::Cancellation(_) => self.move_cancellation(slot, &attributes, applied)?,
            Kind::Wait | Kind::Timer { .. } | Kind::Activity(_) | Kind::LocalActivity(_) | Kind::Nexus(_) => {
                return Err(Unexpected);
            }
        };
        if is_over {
            self.by_event.remove(&initiated_event_id);
            self.operations.collect(slot);
        }
        Ok(())
    }

    fn move_child(
        &mut self,
        slot: u32,
        event_id: i64,
        attributes: Attributes,
        applied: &mut Applied,
    ) -> Result<bool, Unexpected> {
        use Attributes as A;
        let operation = self.operations.at(slot).ok_or(Unexpected)?;
        let location = operation.location;
        let Kind::Child(child) = &mut operation.kind else {
            return Err(Unexpected);
        };
        let input = match &attributes {
            A::StartChildWorkflowExecutionFailedEventAttributes(_) => child::Input::StartFailed,
            A::ChildWorkflowExecutionStartedEventAttributes(started) => {
                child.identity.started_event_id = event_id;
                child.identity.namespace.clone_from(&started.namespace);
                if let Some(execution) = &started.workflow_execution {
                    child.identity.run_id.clone_from(&execution.run_id);
                }
                child::Input::Started
            }
            A::ChildWorkflowExecutionCompletedEventAttributes(_)
            | A::ChildWorkflowExecutionFailedEventAttributes(_)
            | A::ChildWorkflowExecutionCanceledEventAttributes(_)
            | A::ChildWorkflowExecutionTimedOutEventAttributes(_)
            | A::ChildWorkflowExecutionTerminatedEventAttributes(_) => child::Input::Closed,
            _ => return Err(Unexpected),
        };
        let (state, effect) = child.state.on(input)?;
        child.state = state;
        self.affect_child(slot, effect, Some(attributes), location, &mut applied.wakers);
        Ok(state.is_over())
    }

    fn move_cancellation(
        &mut self,
        slot: u32,
        attributes: &Attributes,
        applied: &mut Applied,
    ) -> Result<bool, Unexpected> {
        use Attributes as A;
        let operation = self.operations.at(slot).ok_or(Unexpected)?;
        let location = operation.location;
        let Kind::Cancellation(cancellation) = &mut operation.kind else {
            return Err(Unexpected);
        };
        let (input, resolution) = match attributes {
            A::ExternalWorkflowExecutionCancelRequestedEventAttributes(_) => {
                (external::Input::Delivered, Resolution::Completed(None))
            }
            A::RequestCancelExternalWorkflowExecutionFailedEventAttributes(failed) => {
                let why = Resolution::Undelivered(cancel_undelivered(failed.cause));
                (external::Input::Failed, why)
            }
            _ => return Err(Unexpected),
        };
        let (state, _) = cancellation.state.on(input)?;
        cancellation.state = state;
        let child = cancellation.child;
        self.resolve(slot, resolution, &mut applied.wakers);
        // If it failed, the child is closed, or not yet known where it runs: its own events tell.
        if let (Some(id), external::Input::Delivered) = (child, input)
            && self.operations.id_at(id.slot) == Some(id)
            && let Some(Kind::Child(child)) = self.operations.at(id.slot).map(|operation| &mut operation.kind)
        {
            let (state, effect) = child.state.on(child::Input::CancelRequested(child.cancellation))?;
            child.state = state;
            self.affect_child(id.slot, effect, None, location, &mut applied.wakers);
        }
        Ok(state.is_over())
    }
}

/// Cancels what is on its way to another workflow: the number of its command, if that can still be withdrawn.
fn withdraw(state: &mut external::State, issued: u64) -> Option<u64> {
    let (next, effect) = state.on(external::Input::Cancel).ok()?;
    *state = next;
    (effect == external::Effect::Withdraw).then_some(issued)
}

/// What code sees of how a child ended.
fn closing(identity: &child::Identity, attributes: Attributes) -> Resolution {
    match attributes {
        Attributes::ChildWorkflowExecutionCompletedEventAttributes(close) => {
            Resolution::Completed(close.into_inner().result)
        }
        attributes => identity
            .closing(attributes)
            .map_or(Resolution::Cancelled, |failure| Resolution::Failed(Box::new(failure))),
    }
}

fn signal_undelivered(cause: i32) -> Undelivered {
    match SignalCause::try_from(cause) {
        Ok(SignalCause::ExternalWorkflowExecutionNotFound) => Undelivered::NotFound,
        Ok(SignalCause::NamespaceNotFound) => Undelivered::NamespaceNotFound,
        Ok(SignalCause::SignalCountLimitExceeded) => Undelivered::SignalLimit,
        Ok(SignalCause::Unspecified) | Err(_) => Undelivered::Other(cause),
    }
}

fn cancel_undelivered(cause: i32) -> Undelivered {
    match CancelCause::try_from(cause) {
        Ok(CancelCause::ExternalWorkflowExecutionNotFound) => Undelivered::NotFound,
        Ok(CancelCause::NamespaceNotFound) => Undelivered::NamespaceNotFound,
        Ok(CancelCause::Unspecified) | Err(_) => Undelivered::Other(cause),
    }
}
