//! The journal as history changes it.

use super::{Delivery, Journal, external, nexus};
use crate::{
    Resolution, TaskFailure,
    flags::Flag,
    history::event::{self, PatchMarker},
    issued::What,
    machines::{Unexpected, activity, patch, search_attribute, timer, update::Incoming},
    mismatch::TurnError,
    operation::Kind,
    program::Signal,
    random::Random,
};
use std::task::Waker;
use steadfast_proto::{
    enums::WorkflowTaskFailedCause,
    failure::Failure,
    history::{HistoryEvent, history_event::Attributes},
};

/// What applying events led to, to be acted on where nothing is locked.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    pub(crate) wakers: Vec<Waker>,
    pub(crate) deliveries: Vec<Delivery>,
    /// The event after the next is passed over: it belongs to a deprecated patch.
    skip_next: bool,
}

impl Journal {
    /// Applies one event, taking its content; `rest` are those that follow in the turn.
    pub(crate) fn apply(
        &mut self,
        event: &mut HistoryEvent,
        rest: &[HistoryEvent],
        applied: &mut Applied,
    ) -> Result<(), TurnError> {
        // The cursor has checked that none is missing; at a run's end it leaves out what no task has seen.
        if event.event_id <= self.last_event_id {
            return Err(TaskFailure::new(format!(
                "event {} came after event {}: a turn was applied twice",
                event.event_id, self.last_event_id
            ))
            .into());
        }
        self.last_event_id = event.event_id;
        if std::mem::take(&mut applied.skip_next) {
            return Ok(());
        }
        if event::is_command(event::kind(event)) {
            return self.apply_command(event, rest, applied);
        }
        if std::mem::take(&mut self.matching) {
            self.expect_no_command(event, rest)?;
        }
        self.apply_other(event, applied)
    }

    /// Commands and their events come in the same order; the next command must be this event's.
    fn apply_command(
        &mut self,
        event: &HistoryEvent,
        rest: &[HistoryEvent],
        applied: &mut Applied,
    ) -> Result<(), TurnError> {
        if let Some(applied) = self.apply_seen_marker(event.event_id) {
            return applied.map_err(|Unexpected| unexpected(event));
        }
        let marker = match &event.attributes {
            Some(Attributes::MarkerRecordedEventAttributes(marker)) => PatchMarker::read(marker),
            _ => None,
        };
        loop {
            let front = self.queue.front();
            let call = front.and_then(|issued| match &issued.what {
                What::Patch { id } => Some(id.as_str()),
                _ => None,
            });
            match patch::meet(marker.as_ref(), call) {
                patch::Meeting::Match => {
                    if let Some(issued) = self.queue.pop() {
                        self.remember(event.event_id, event.event_type, &issued);
                    }
                    return Ok(());
                }
                patch::Meeting::SkipEvent => {
                    applied.skip_next = rest.first().is_some_and(search_attribute::is_change_versions);
                    return Ok(());
                }
                patch::Meeting::SkipCommand => self.skip_patch(),
                patch::Meeting::Differ => {
                    let id = marker.map(|marker| marker.id).unwrap_or_default();
                    let difference = format!("history has a marker of patch '{id}', the code doesn't call it here");
                    return Err(self.mismatch(event, rest, difference));
                }
                patch::Meeting::NoPatch => break,
            }
        }
        let Some(front) = self.queue.front() else {
            let difference = format!("history has {}, the code nothing", event::name(event));
            return Err(self.mismatch(event, rest, difference));
        };
        let what = front.what.clone();
        let checks_ids = self.flags.holds(Flag::ComparesIdsAndTypes, true);
        if let Err(difference) = self.compare(&what, event, checks_ids) {
            return Err(self.mismatch(event, rest, difference));
        }
        if let Some(issued) = self.queue.pop() {
            self.remember(event.event_id, event.event_type, &issued);
        }
        self.advance(&what, event.event_id)
            .map_err(|Unexpected| unexpected(event))
    }

    /// Passes over a patch call that left nothing in history.
    fn skip_patch(&mut self) {
        self.queue.pop();
        if self
            .queue
            .front()
            .is_some_and(|issued| issued.what == What::ChangeVersions)
        {
            self.queue.pop();
        }
    }

    /// The task's command events are over: no command may be left.
    fn expect_no_command(&mut self, event: &HistoryEvent, rest: &[HistoryEvent]) -> Result<(), TurnError> {
        while self.queue.front().is_some_and(|issued| issued.what.may_be_missing()) {
            self.queue.pop();
        }
        let Some(front) = self.queue.front() else { return Ok(()) };
        let what = front.what.clone();
        let difference = format!(
            "history has no more commands of this task, the code {}",
            self.describe(&what)
        );
        Err(self.mismatch(event, rest, difference))
    }

    /// The history ends here: if it knows the last task's completion, no command may be left.
    pub(crate) fn expect_settled(&mut self) -> Result<(), TurnError> {
        if !std::mem::take(&mut self.matching) {
            return Ok(());
        }
        let end = HistoryEvent {
            event_id: self.last_event_id,
            ..HistoryEvent::default()
        };
        self.expect_no_command(&end, &[])
    }

    /// Moves the machine whose command was recorded.
    fn advance(&mut self, what: &What, event_id: i64) -> Result<(), Unexpected> {
        let (What::ScheduleActivity { slot }
        | What::CancelActivity { slot, .. }
        | What::LocalActivity { slot }
        | What::StartTimer { slot, .. }
        | What::CancelTimer { slot, .. }
        | What::StartChild { slot }
        | What::SignalExternal { slot }
        | What::CancelExternal { slot }
        | What::ScheduleNexus { slot }
        | What::CancelNexus { slot, .. }) = *what
        else {
            return Ok(());
        };
        let Some(operation) = self.operations.at(slot) else {
            return Ok(());
        };
        match (&mut operation.kind, what) {
            (Kind::Activity(activity), What::ScheduleActivity { .. }) => {
                activity.state = activity.state.on(activity::Input::Scheduled)?.0;
                activity.identity.scheduled_event_id = event_id;
                self.by_event.insert(event_id, slot);
            }
            (Kind::Activity(activity), What::CancelActivity { .. }) => {
                activity.state = activity.state.on(activity::Input::CancelRequested)?.0;
            }
            (Kind::LocalActivity(_), What::LocalActivity { .. }) => return self.record_marker_event(slot),
            (
                Kind::Timer {
                    state,
                    started_event_id,
                    ..
                },
                What::StartTimer { .. },
            ) => {
                *state = state.on(timer::Input::Started)?.0;
                *started_event_id = event_id;
                self.by_event.insert(event_id, slot);
            }
            (Kind::Timer { state, .. }, What::CancelTimer { .. }) => {
                *state = state.on(timer::Input::Canceled)?.0;
                self.operations.collect(slot);
            }
            (Kind::Nexus(_), what) => {
                let is_schedule = matches!(what, What::ScheduleNexus { .. });
                return self.advance_nexus(slot, is_schedule, event_id);
            }
            _ => return self.advance_external(slot, event_id),
        }
        Ok(())
    }

    fn apply_other(&mut self, event: &mut HistoryEvent, applied: &mut Applied) -> Result<(), TurnError> {
        use Attributes as A;
        use steadfast_proto::enums::EventType as E;
        let Some(attributes) = event.attributes.take() else {
            // The run began with those of its first event.
            return match event::kind(event) {
                E::WorkflowExecutionStarted => Ok(()),
                _ => ignore_unknown(event),
            };
        };
        let event_id = event.event_id;
        match attributes {
            A::WorkflowTaskCompletedEventAttributes(completed) => {
                self.matching = true;
                if let Some(metadata) = &completed.sdk_metadata {
                    self.flags.observe(metadata);
                }
            }
            A::WorkflowTaskStartedEventAttributes(started) => {
                self.history_size_bytes = started.history_size_bytes;
                self.continue_as_new_suggested = started.suggest_continue_as_new;
                self.continue_as_new_reasons
                    .clone_from(&started.suggest_continue_as_new_reasons);
                self.target_deployment_changed = started.target_worker_deployment_version_changed;
            }
            A::WorkflowTaskFailedEventAttributes(failed) => {
                // A reset makes a new run of the old events: it draws its own random numbers from here on.
                if failed.cause == i32::from(WorkflowTaskFailedCause::ResetWorkflow) {
                    self.random = Random::of_run(&failed.new_run_id);
                    self.happened = true;
                }
            }
            A::WorkflowExecutionSignaledEventAttributes(signaled) => {
                let signaled = signaled.into_inner();
                applied.deliveries.push(Delivery::Signal(Signal {
                    name: signaled.signal_name,
                    arguments: signaled.input,
                    identity: signaled.identity,
                    header: signaled.header,
                }));
            }
            A::WorkflowExecutionCancelRequestedEventAttributes(request) => {
                if !self.cancel_requested {
                    self.cancel_reason = request.into_inner().cause;
                    self.cancel_arrived = true;
                }
                self.happened = true;
                self.cancel_requested = true;
            }
            A::WorkflowExecutionUpdateAdmittedEventAttributes(admitted) => {
                self.apply_admitted(event_id, admitted.into_inner().request, applied);
            }
            A::TimerFiredEventAttributes(fired) => {
                return self
                    .apply_timer_fired(fired.started_event_id, applied)
                    .map_err(|Unexpected| unexpected(event));
            }
            attributes => {
                let initiated = external::initiated_event_id(&attributes);
                let applied = match (initiated, nexus::scheduled_event_id(&attributes)) {
                    (Some(initiated), _) => Some(self.apply_external(initiated, event_id, attributes, applied)),
                    (None, Some(scheduled)) => Some(self.apply_nexus(scheduled, attributes, applied)),
                    (None, None) => self.apply_activity(attributes, applied),
                };
                return match applied {
                    Some(Ok(())) => Ok(()),
                    Some(Err(Unexpected)) => Err(unexpected(event)),
                    None => ignore_known(event),
                };
            }
        }
        Ok(())
    }

    /// An update whose request is an event, as after a reset. On replay it waits for its acceptance: if there is none, it
    /// was rejected.
    fn apply_admitted(
        &mut self,
        event_id: i64,
        request: Option<steadfast_proto::update::Request>,
        applied: &mut Applied,
    ) {
        let Some(request) = request else { return };
        let id = request
            .meta
            .as_ref()
            .map(|meta| meta.update_id.clone())
            .unwrap_or_default();
        if self.replaying {
            self.admitted.insert(id, (event_id, request));
        } else {
            applied.deliveries.push(Delivery::Update(Box::new(Incoming {
                message_id: format!("{id}/request"),
                protocol_instance_id: id,
                sequencing_event_id: event_id,
                request,
            })));
        }
    }

    fn apply_timer_fired(&mut self, started_event_id: i64, applied: &mut Applied) -> Result<(), Unexpected> {
        let slot = self.by_event.remove(&started_event_id).ok_or(Unexpected)?;
        let operation = self.operations.at(slot).ok_or(Unexpected)?;
        let Kind::Timer { state, owner, .. } = &mut operation.kind else {
            return Err(Unexpected);
        };
        *state = state.on(timer::Input::Fired)?.0;
        let owner = *owner;
        self.resolve(slot, Resolution::Fired, &mut applied.wakers);
        self.operations.collect(slot);
        if let Some(owner) = owner {
            self.retry_local_activity(owner, &mut applied.wakers);
        }
        Ok(())
    }

    fn apply_activity(&mut self, attributes: Attributes, applied: &mut Applied) -> Option<Result<(), Unexpected>> {
        use Attributes as A;
        let (scheduled_event_id, input) = match &attributes {
            A::ActivityTaskStartedEventAttributes(started) => (started.scheduled_event_id, activity::Input::Started),
            A::ActivityTaskCompletedEventAttributes(close) => (close.scheduled_event_id, activity::Input::Completed),
            A::ActivityTaskFailedEventAttributes(close) => (close.scheduled_event_id, activity::Input::Failed),
            A::ActivityTaskTimedOutEventAttributes(close) => (close.scheduled_event_id, activity::Input::TimedOut),
            A::ActivityTaskCanceledEventAttributes(close) => (close.scheduled_event_id, activity::Input::Canceled),
            _ => return None,
        };
        Some(self.move_activity(scheduled_event_id, input, attributes, applied))
    }

    fn move_activity(
        &mut self,
        scheduled_event_id: i64,
        input: activity::Input,
        attributes: Attributes,
        applied: &mut Applied,
    ) -> Result<(), Unexpected> {
        let slot = *self.by_event.get(&scheduled_event_id).ok_or(Unexpected)?;
        let operation = self.operations.at(slot).ok_or(Unexpected)?;
        let is_pending = operation.is_pending();
        let Kind::Activity(activity) = &mut operation.kind else {
            return Err(Unexpected);
        };
        let (state, effect) = activity.state.on(input)?;
        activity.state = state;
        if effect == activity::Effect::Resolve && is_pending {
            let resolution = closing(&activity.identity, attributes);
            self.resolve(slot, resolution, &mut applied.wakers);
        }
        if state.is_over() {
            self.by_event.remove(&scheduled_event_id);
            self.operations.collect(slot);
        }
        Ok(())
    }
}

/// What code sees of how an activity ended.
fn closing(identity: &activity::Identity, attributes: Attributes) -> Resolution {
    use Attributes as A;
    let failed = |failure: Failure| Resolution::Failed(Box::new(failure));
    match attributes {
        A::ActivityTaskCompletedEventAttributes(close) => Resolution::Completed(close.into_inner().result),
        A::ActivityTaskFailedEventAttributes(close) => {
            let close = close.into_inner();
            failed(identity.failure(
                "activity failed",
                close.failure,
                close.started_event_id,
                close.identity,
                close.retry_state,
            ))
        }
        A::ActivityTaskTimedOutEventAttributes(close) => {
            let close = close.into_inner();
            failed(identity.failure(
                "activity timed out",
                close.failure,
                close.started_event_id,
                String::new(),
                close.retry_state,
            ))
        }
        A::ActivityTaskCanceledEventAttributes(close) => {
            let close = close.into_inner();
            failed(identity.cancelled(close.details, close.started_event_id, close.identity))
        }
        _ => Resolution::Cancelled,
    }
}

fn unexpected(event: &HistoryEvent) -> TurnError {
    TaskFailure::new(format!(
        "event {} ({}) can't follow what the history says before it",
        event.event_id,
        event::name(event)
    ))
    .into()
}

/// An event without content that is known here: of a newer server, or of none.
fn ignore_unknown(event: &HistoryEvent) -> Result<(), TurnError> {
    if event.worker_may_ignore {
        return Ok(());
    }
    Err(TaskFailure::new(format!(
        "event {} ({}) isn't known to this version and may not be ignored",
        event.event_id,
        event::name(event)
    ))
    .into())
}

/// Events that tell people something, and those of commands that can't be replayed yet.
fn ignore_known(event: &HistoryEvent) -> Result<(), TurnError> {
    use steadfast_proto::enums::EventType as E;
    match event::kind(event) {
        E::WorkflowExecutionStarted
        | E::WorkflowTaskScheduled
        | E::WorkflowTaskTimedOut
        | E::WorkflowExecutionTerminated
        | E::WorkflowExecutionTimedOut
        | E::ActivityPropertiesModifiedExternally
        | E::WorkflowPropertiesModifiedExternally
        | E::WorkflowExecutionOptionsUpdated
        | E::WorkflowExecutionPaused
        | E::WorkflowExecutionUnpaused
        | E::WorkflowExecutionTimeSkippingTransitioned => Ok(()),
        _ if event.worker_may_ignore => Ok(()),
        kind => Err(TaskFailure::new(format!(
            "event {} is {}: this version doesn't replay that yet",
            event.event_id,
            event::kind_name(kind)
        ))
        .into()),
    }
}
