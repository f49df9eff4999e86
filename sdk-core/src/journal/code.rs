//! The journal as workflow code uses it.

use super::{Journal, Mode};
use crate::{
    ActivityCancellation, Command, OperationId, PendingOperation, Resolution, TaskFailure,
    flags::Flag,
    issued::What,
    machines::{activity, patch, search_attribute, timer},
    operation::{Activity, Kind},
};
use std::{
    panic::Location,
    task::{Poll, Waker},
    time::Duration,
};
use steadfast_proto::{
    command::{
        CancelTimerCommandAttributes, RequestCancelActivityTaskCommandAttributes,
        ScheduleActivityTaskCommandAttributes, StartTimerCommandAttributes, command::Attributes,
    },
    sdk::UserMetadata,
};

type Caller = &'static Location<'static>;

/// The server refuses timers of no length.
const TIMER_MIN: Duration = Duration::from_millis(1);

impl OperationId {
    /// Names no operation: what a dead call answers.
    pub(crate) const DEAD: Self = Self {
        slot: u32::MAX,
        generation: u32::MAX,
    };
}

impl Journal {
    /// Whether code may change things now. If not, and it's a read-only moment, that is remembered against it.
    pub(super) fn may_change(&mut self, what: &str, location: Caller) -> bool {
        if self.mode == Mode::ReadOnly && self.violation.is_none() {
            self.violation = Some(Box::new(TaskFailure {
                message: format!("{what} in a query handler or an update validator, which must not change anything"),
                location: Some(location.to_string()),
                is_panic: false,
            }));
        }
        self.mode == Mode::Code
    }

    pub(crate) fn ask(&mut self, command: Command, location: Caller, wakers: &mut Vec<Waker>) -> OperationId {
        if !self.may_change("an operation was asked for", location) {
            return OperationId::DEAD;
        }
        self.last_call = self.current.map(|routine| (routine, location));
        let id = match command {
            Command::Activity {
                attributes,
                cancellation,
                user_metadata,
            } => self.ask_activity(attributes, cancellation, user_metadata, location),
            Command::LocalActivity {
                attributes,
                cancellation,
                user_metadata,
            } => self.ask_local_activity(attributes, cancellation, user_metadata, location),
            Command::Timer {
                duration,
                user_metadata,
            } => self.start_timer(duration, user_metadata, location, None),
            Command::StartChild {
                attributes,
                cancellation,
                user_metadata,
            } => self.ask_child(attributes, cancellation, user_metadata, location),
            Command::SignalExternal { attributes } => self.ask_signal(attributes, location),
            Command::CancelExternal { attributes } => self.ask_cancellation(attributes, None, None, location),
            Command::NexusOperation {
                attributes,
                cancellation,
                user_metadata,
            } => self.ask_nexus(attributes, cancellation, user_metadata, location),
            Command::Wait => {
                let id = self.operations.insert(Kind::Wait, location);
                self.waits.insert(id.slot);
                id
            }
        };
        if let Some(operation) = self.operations.at(id.slot) {
            operation.scope = self.scope;
        }
        if self.take_due_cancellation() {
            self.cancel_slot(id.slot, wakers);
        }
        id
    }

    fn ask_activity(
        &mut self,
        mut attributes: Box<ScheduleActivityTaskCommandAttributes>,
        cancellation: ActivityCancellation,
        user_metadata: Option<UserMetadata>,
        location: Caller,
    ) -> OperationId {
        self.activities = self.activities.saturating_add(1);
        if attributes.activity_id.is_empty() {
            attributes.activity_id = self.activities.to_string();
        }
        if attributes.task_queue.as_ref().is_none_or(|queue| queue.name.is_empty()) {
            attributes.task_queue.clone_from(&self.task_queue);
        }
        let activity = Activity {
            state: activity::State::Created,
            identity: activity::Identity {
                id: attributes.activity_id.clone(),
                type_name: attributes
                    .activity_type
                    .as_ref()
                    .map(|kind| kind.name.clone())
                    .unwrap_or_default(),
                scheduled_event_id: 0,
            },
            cancellation,
            issued: self.queue.next_number(),
        };
        let id = self.operations.insert(Kind::Activity(Box::new(activity)), location);
        let attributes = Attributes::ScheduleActivityTaskCommandAttributes(attributes);
        let what = What::ScheduleActivity { slot: id.slot };
        self.issue_operation(what, attributes, user_metadata, id.slot, location);
        id
    }

    pub(super) fn start_timer(
        &mut self,
        duration: Duration,
        user_metadata: Option<UserMetadata>,
        location: Caller,
        owner: Option<OperationId>,
    ) -> OperationId {
        self.timers = self.timers.saturating_add(1);
        let number = self.timers;
        let kind = Kind::Timer {
            state: timer::State::Created,
            number,
            issued: self.queue.next_number(),
            started_event_id: 0,
            owner,
        };
        let id = self.operations.insert(kind, location);
        let attributes = StartTimerCommandAttributes {
            timer_id: number.to_string(),
            start_to_fire_timeout: Some(steadfast_proto::duration(duration.max(TIMER_MIN))),
        };
        let attributes = Attributes::StartTimerCommandAttributes(Box::new(attributes));
        let what = What::StartTimer { slot: id.slot, number };
        self.issue_operation(what, attributes, user_metadata, id.slot, location);
        id
    }

    /// Ready once, with the resolution. Else the waker is kept; one that it replaces is given back to be dropped.
    pub(crate) fn poll(&mut self, id: OperationId, waker: &mut Option<Waker>) -> Poll<Resolution> {
        if self.mode != Mode::Code {
            return Poll::Pending;
        }
        self.go_on_if_due(id.slot);
        let Some(operation) = self.operations.named(id) else {
            return Poll::Pending;
        };
        if let Some(resolution) = operation.take_resolution() {
            self.waits.remove(id.slot);
            self.operations.collect(id.slot);
            return Poll::Ready(resolution);
        }
        let Some(routine) = self.current else {
            return Poll::Pending;
        };
        let Some(new) = waker.take() else { return Poll::Pending };
        let old = operation.waiter.replace((new, routine));
        self.waiting.add(routine);
        if let Some((old, routine)) = old {
            self.waiting.remove(routine);
            *waker = Some(old);
        }
        Poll::Pending
    }

    /// Whether polling with this waker would change nothing.
    pub(crate) fn is_waiting(&mut self, id: OperationId, waker: &Waker) -> bool {
        let current = self.current;
        self.operations.named(id).is_some_and(|operation| {
            operation.resolution.is_none()
                && operation
                    .waiter
                    .as_ref()
                    .is_some_and(|(waiting, routine)| Some(*routine) == current && waiting.will_wake(waker))
        })
    }

    pub(crate) fn cancel(&mut self, id: OperationId, location: Caller, wakers: &mut Vec<Waker>) {
        if self.may_change("an operation was cancelled", location) && self.operations.named(id).is_some() {
            self.cancel_slot(id.slot, wakers);
        }
    }

    /// Code lost interest. The waker is given back to be dropped.
    pub(crate) fn release(&mut self, id: OperationId, wakers: &mut Vec<Waker>) {
        if self.mode != Mode::Code {
            return;
        }
        let Some(operation) = self.operations.named(id) else {
            return;
        };
        let waiter = operation.waiter.take();
        operation.forgotten = true;
        let is_timer = matches!(operation.kind, Kind::Timer { .. });
        if let Some((waker, routine)) = waiter {
            self.waiting.remove(routine);
            wakers.push(waker);
        }
        if is_timer {
            self.cancel_slot(id.slot, wakers);
        }
        self.waits.remove(id.slot);
        self.operations.collect(id.slot);
    }

    /// Cancels what is in a slot, on behalf of code or of who cancelled the run.
    pub(super) fn cancel_slot(&mut self, slot: u32, wakers: &mut Vec<Waker>) {
        let Some(operation) = self.operations.at(slot) else {
            return;
        };
        let location = operation.location;
        match &mut operation.kind {
            Kind::Wait => self.resolve(slot, Resolution::Cancelled, wakers),
            Kind::Timer {
                state,
                number,
                issued,
                started_event_id,
                ..
            } => {
                // Cancelling is expected in every state.
                let Ok((next, effect)) = state.on(timer::Input::Cancel) else {
                    return;
                };
                *state = next;
                let (number, issued, started_event_id) = (*number, *issued, *started_event_id);
                match effect {
                    timer::Effect::Withdraw => self.queue.withdraw(issued),
                    timer::Effect::Cancel => self.issue_cancel_timer(slot, number, started_event_id, location),
                    timer::Effect::Nothing | timer::Effect::Fire => return,
                }
                self.resolve(slot, Resolution::Cancelled, wakers);
            }
            Kind::Activity(activity) => {
                let Ok((next, effect)) = activity.state.on(activity::Input::Cancel(activity.cancellation)) else {
                    return;
                };
                activity.state = next;
                self.cancel_activity(slot, effect, location, wakers);
            }
            Kind::LocalActivity(_) => self.cancel_local_activity(slot, wakers),
            Kind::Child(_) | Kind::Signal(_) | Kind::Cancellation(_) => self.cancel_external(slot, location, wakers),
            Kind::Nexus(_) => self.cancel_nexus(slot, location, wakers),
        }
    }

    fn cancel_activity(&mut self, slot: u32, effect: activity::Effect, location: Caller, wakers: &mut Vec<Waker>) {
        use activity::Effect as E;
        let Some(operation) = self.operations.at(slot) else {
            return;
        };
        let Kind::Activity(activity) = &operation.kind else {
            return;
        };
        let (issued, scheduled_event_id) = (activity.issued, activity.identity.scheduled_event_id);
        let failure = match effect {
            E::Withdraw | E::RequestAndResolve | E::ResolveCancelled => {
                Some(activity.identity.cancelled(None, 0, String::new()))
            }
            E::Request | E::Nothing | E::Resolve => None,
        };
        if effect == E::Withdraw {
            self.queue.withdraw(issued);
        }
        if matches!(effect, E::Request | E::RequestAndResolve) {
            let attributes = RequestCancelActivityTaskCommandAttributes { scheduled_event_id };
            let attributes = Attributes::RequestCancelActivityTaskCommandAttributes(Box::new(attributes));
            let what = What::CancelActivity {
                slot,
                scheduled_event_id,
            };
            let user_metadata = self.operations.user_metadata(slot);
            self.issue_with(what, attributes, user_metadata, location);
        }
        if let Some(failure) = failure {
            self.resolve(slot, Resolution::Failed(Box::new(failure)), wakers);
        }
    }

    fn issue_cancel_timer(&mut self, slot: u32, number: u64, started_event_id: i64, location: Caller) {
        self.by_event.remove(&started_event_id);
        let attributes = CancelTimerCommandAttributes {
            timer_id: number.to_string(),
        };
        let attributes = Attributes::CancelTimerCommandAttributes(Box::new(attributes));
        let user_metadata = self.operations.user_metadata(slot);
        self.issue_with(What::CancelTimer { slot, number }, attributes, user_metadata, location);
    }

    pub(crate) fn patch(&mut self, id: &str, call: patch::Call, location: Caller) -> bool {
        if !self.may_change("a patch was asked for", location) {
            let known = self.patches.get(id).and_then(|patch| patch.answer);
            return known.unwrap_or(call == patch::Call::DeprecatePatch);
        }
        let replaying = self.replaying;
        let answer = self.patches.entry(id.to_owned()).or_default().call(call, replaying);
        if answer.issue {
            let attributes = patch::marker(id, call == patch::Call::DeprecatePatch);
            let attributes = Attributes::RecordMarkerCommandAttributes(Box::new(attributes));
            self.issue(What::Patch { id: id.to_owned() }, attributes, location);
            if self.flags.holds(Flag::UpsertsChangeVersion, replaying) {
                let issued = self.patches.iter().filter(|(_, patch)| patch.issued);
                let upsert = search_attribute::upsert_change_versions(issued.map(|(id, _)| id.as_str()));
                if let Some(upsert) = upsert {
                    let attributes = Attributes::UpsertWorkflowSearchAttributesCommandAttributes(Box::new(upsert));
                    self.issue(What::ChangeVersions, attributes, location);
                }
            }
        }
        answer.value
    }

    pub(crate) fn set_current_details(&mut self, details: String, location: Caller) {
        if self.may_change("the current details were set", location) {
            self.current_details = details;
        }
    }

    /// The next number of a fixed sequence. Where nothing may change, the same one again.
    pub(crate) fn random(&mut self) -> u64 {
        let mut next = self.random;
        let number = next.draw();
        if self.mode == Mode::Code {
            self.random = next;
        }
        number
    }

    /// What code waits for, in the order in which it was asked.
    pub(crate) fn pending_operations(&mut self) -> Vec<PendingOperation> {
        let pending = self.operations.pending();
        let describe = |kind: &Kind| match kind {
            Kind::Wait => "condition".to_owned(),
            Kind::Timer { number, .. } => format!("timer {number}"),
            Kind::Activity(activity) => format!("activity {} ({})", activity.identity.type_name, activity.identity.id),
            Kind::LocalActivity(activity) => format!(
                "local activity {} ({})",
                activity.identity.type_name, activity.identity.id
            ),
            Kind::Child(child) => format!("child workflow {} ({})", child.identity.type_name, child.identity.id),
            Kind::Signal(signal) => format!("signal {} to workflow {}", signal.name, signal.workflow_id),
            Kind::Cancellation(cancellation) => format!("cancellation of workflow {}", cancellation.workflow_id),
            Kind::Nexus(nexus) => format!(
                "Nexus operation {} of {}",
                nexus.identity.operation, nexus.identity.service
            ),
        };
        pending
            .into_iter()
            .filter_map(|slot| {
                let operation = self.operations.at(slot)?;
                Some(PendingOperation {
                    what: describe(&operation.kind),
                    location: operation.location,
                })
            })
            .collect()
    }
}
