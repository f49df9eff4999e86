//! Local activities, as code asks for them, the worker ends them, and history tells how they ended.

use super::{Journal, compare::same};
use crate::{
    ActivityCancellation, OperationId, Resolution,
    flags::Flag,
    history::local_activity::{self as marker, LOCAL_ACTIVITY_MARKER, LocalActivityMarker, MarkerData},
    issued::{Issued, What},
    local_activity::{Ended, LocalActivityAttributes, Request, Start, retry},
    machines::{
        Unexpected,
        activity::Identity,
        local_activity::{Effect, Input, State},
    },
    operation::{Kind, LocalActivity, Retry},
};
use std::{
    collections::VecDeque,
    mem,
    panic::Location,
    sync::Arc,
    task::Waker,
    time::{Duration, SystemTime},
};
use steadfast_proto::{
    SmallMap, SmallSet,
    command::{RecordMarkerCommandAttributes, command::Attributes},
    common::Payloads,
    enums::RetryState,
    failure::{Failure, failure::FailureInfo},
    history::MarkerRecordedEventAttributes,
    sdk::UserMetadata,
};

/// The local activities of a run.
#[derive(Debug, Default)]
pub(crate) struct LocalActivities {
    /// Those that aren't over, by number.
    open: SmallMap<u32, u32>,
    /// How many of them keep the workflow task open.
    holding: usize,
    /// How many of them wait for a marker.
    replayed: usize,
    /// Markers of the task that is replayed, until code has come to where they were delivered.
    ahead: VecDeque<LocalActivityMarker>,
    /// Markers that told how an operation ended before their events are applied.
    seen: SmallMap<i64, u32>,
    /// What the worker is to do.
    requests: Vec<Request>,
    /// What the worker said, to be delivered with code's next run.
    ended: Vec<Ended>,
    /// Those that go on when their futures are polled, or at the end of code's run: to a timer, or to the next attempt.
    due: SmallSet<u32>,
    /// How often code ran in this task. Markers carry it, so that replay delivers what ended in the same groups.
    runs: u64,
}

impl LocalActivities {
    /// Whether the workflow task has to stay open.
    pub(crate) fn hold_task(&self) -> bool {
        self.holding > 0
    }

    /// Whether something ended that code doesn't know of.
    pub(crate) fn have_ended(&self) -> bool {
        !self.ended.is_empty()
    }

    /// The worker says how one ended.
    pub(crate) fn add_ended(&mut self, ended: Ended) {
        self.ended.push(ended);
    }

    /// A task begins, of which history has these markers.
    pub(crate) fn begin_task(&mut self, ahead: Vec<LocalActivityMarker>) {
        self.runs = 0;
        self.ahead.extend(ahead);
    }

    /// Whether markers are left that code hasn't come to.
    pub(crate) fn has_markers_ahead(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// Nothing makes code run before the next group that markers tell: what the official core did in between had no
    /// effect, or code did it by itself.
    pub(crate) fn skip_to_next_group(&mut self) {
        let group = self.ahead.front().and_then(|ahead| ahead.data.activation_index);
        self.runs = self.runs.max(group.unwrap_or_default());
    }

    /// Code is about to run for something that happened.
    pub(crate) fn count_run(&mut self) {
        self.runs = self.runs.saturating_add(1);
    }
}

impl Journal {
    pub(super) fn ask_local_activity(
        &mut self,
        attributes: Arc<LocalActivityAttributes>,
        cancellation: ActivityCancellation,
        user_metadata: Option<UserMetadata>,
        location: &'static Location<'static>,
    ) -> OperationId {
        let activity = LocalActivity {
            state: State::Created,
            number: 0,
            identity: Identity::default(),
            attributes,
            cancellation,
            user_metadata,
            attempt: 1,
            original_schedule_time: self.worker_time,
            asked_at: (self.now, self.worker_time),
            retry: Retry::None,
        };
        let kind = Kind::LocalActivity(Box::new(activity));
        let id = self.operations.insert(kind, location);
        self.begin_local_activity(id.slot);
        id
    }

    /// Begins an attempt: on replay its marker is awaited, else the worker is to make it.
    fn begin_local_activity(&mut self, slot: u32) {
        self.activities = self.activities.saturating_add(1);
        let number = u32::try_from(self.activities).unwrap_or(u32::MAX);
        let (now, worker_time, replaying) = (self.now, self.worker_time, self.replaying);
        let Some(activity) = self.local_activity(slot) else {
            return;
        };
        activity.number = number;
        activity.asked_at = (now, worker_time);
        let chosen = &activity.attributes.activity_id;
        activity.identity = Identity {
            id: if chosen.is_empty() {
                number.to_string()
            } else {
                chosen.clone()
            },
            type_name: activity.attributes.activity_type.clone(),
            scheduled_event_id: 0,
        };
        activity.state = if replaying { State::Replayed } else { State::Created };
        self.locals.open.insert(number, slot);
        if replaying {
            self.locals.replayed = self.locals.replayed.saturating_add(1);
        } else {
            self.request_local_activity(slot);
        }
    }

    fn request_local_activity(&mut self, slot: u32) {
        let Some(activity) = self.local_activity(slot) else {
            return;
        };
        let start = Start {
            number: activity.number,
            activity_id: activity.identity.id.clone(),
            attempt: activity.attempt,
            attributes: Arc::clone(&activity.attributes),
            original_schedule_time: activity.original_schedule_time,
        };
        self.locals.requests.push(Request::Run(Box::new(start)));
        self.locals.holding = self.locals.holding.saturating_add(1);
    }

    /// What the worker is to do.
    pub(crate) fn take_local_requests(&mut self) -> Vec<Request> {
        let requests = mem::take(&mut self.locals.requests);
        for request in &requests {
            if let Request::Run(start) = request
                && let Some(slot) = self.locals.open.get(&start.number).copied()
            {
                // They were created by the run that asks; nothing came between.
                let _ = self.move_local_activity(slot, Input::Run);
            }
        }
        requests
    }

    fn local_activity(&mut self, slot: u32) -> Option<&mut LocalActivity> {
        match &mut self.operations.at(slot)?.kind {
            Kind::LocalActivity(activity) => Some(activity),
            _ => None,
        }
    }

    /// Moves the machine, and counts who keeps the task open.
    fn move_local_activity(&mut self, slot: u32, input: Input) -> Result<Effect, Unexpected> {
        let activity = self.local_activity(slot).ok_or(Unexpected)?;
        let before = activity.state;
        let (after, effect) = before.on(input)?;
        activity.state = after;
        let number = activity.number;
        if before.holds_task() && !after.holds_task() {
            self.locals.holding = self.locals.holding.saturating_sub(1);
        }
        if before.is_replayed() && !after.is_replayed() {
            self.locals.replayed = self.locals.replayed.saturating_sub(1);
        }
        if after.is_over() {
            self.locals.open.remove(&number);
        }
        Ok(effect)
    }

    pub(super) fn cancel_local_activity(&mut self, slot: u32, wakers: &mut Vec<Waker>) {
        let Some(activity) = self.local_activity(slot) else {
            return;
        };
        let (number, cancellation) = (activity.number, activity.cancellation);
        match mem::replace(&mut activity.retry, Retry::None) {
            Retry::None => {}
            Retry::Timer(timer) => {
                self.cancel_slot(timer, wakers);
                self.operations.collect(timer);
                return self.resolve_cancelled(slot, wakers);
            }
            Retry::Wait(_) | Retry::Begin => {
                self.locals.due.remove(&slot);
                return self.resolve_cancelled(slot, wakers);
            }
        }
        // Cancelling is expected in every state.
        let Ok(effect) = self.move_local_activity(slot, Input::Cancel(cancellation)) else {
            return;
        };
        match effect {
            Effect::Stop => return self.locals.requests.push(Request::Stop(number)),
            Effect::LookAhead => return self.resolve_seen(Some(number), wakers),
            Effect::StopAndCancel => self.locals.requests.push(Request::StopAndForget(number)),
            Effect::Abandon => self.locals.requests.push(Request::Forget(number)),
            Effect::Withdraw => self.locals.requests.retain(|request| match request {
                Request::Run(start) => start.number != number,
                _ => true,
            }),
            Effect::Nothing | Effect::Run | Effect::Cancel | Effect::Record | Effect::Resolve => return,
        }
        self.record_cancelled(slot, wakers);
    }

    /// Records that it was cancelled, and resolves.
    fn record_cancelled(&mut self, slot: u32, wakers: &mut Vec<Waker>) {
        let Some(activity) = self.local_activity(slot) else {
            return;
        };
        let attempt = activity.attempt;
        let failure = Box::new(Failure::cancelled("Activity cancelled"));
        self.record_local_activity(slot, attempt, &Err(failure), None, None);
        self.resolve_cancelled(slot, wakers);
    }

    fn resolve_cancelled(&mut self, slot: u32, wakers: &mut Vec<Waker>) {
        let failure = Box::new(Failure::cancelled("Activity cancelled"));
        let Some(activity) = self.local_activity(slot) else {
            return;
        };
        let resolution = resolution(activity, Err(failure));
        self.resolve(slot, resolution, wakers);
    }

    /// History is over: what it has no end of, is run now.
    pub(crate) fn run_replayed_local_activities(&mut self, wakers: &mut Vec<Waker>) -> Result<(), Unexpected> {
        if self.locals.replayed == 0 {
            return Ok(());
        }
        let slots: Vec<u32> = self.locals.open.values().copied().collect();
        for slot in slots {
            if self
                .local_activity(slot)
                .is_none_or(|activity| !activity.state.is_replayed())
            {
                continue;
            }
            match self.move_local_activity(slot, Input::ReplayOver)? {
                Effect::Run => self.request_local_activity(slot),
                _ => self.record_cancelled(slot, wakers),
            }
        }
        Ok(())
    }

    /// Delivers what the worker said.
    pub(crate) fn deliver_ended(&mut self, wakers: &mut Vec<Waker>) -> Result<(), Unexpected> {
        for ended in mem::take(&mut self.locals.ended) {
            // Of what was abandoned nothing is left to be told.
            let Some(slot) = self.locals.open.get(&ended.number).copied() else {
                continue;
            };
            if self.move_local_activity(slot, Input::Ended)? != Effect::Record {
                continue;
            }
            let Some(activity) = self.local_activity(slot) else {
                continue;
            };
            let (asked_at, began) = activity.asked_at;
            let original = activity.original_schedule_time;
            let elapsed = self.worker_time.duration_since(began).unwrap_or_default();
            let complete = asked_at.checked_add(elapsed).unwrap_or(asked_at);
            let Ended {
                attempt,
                result,
                backoff,
                ..
            } = ended;
            self.record_local_activity(slot, attempt, &result, Some(complete), backoff);
            self.now = self.now.max(complete);
            self.end_local_activity(slot, attempt, result, backoff, original, wakers);
        }
        Ok(())
    }

    /// Code learns how it ended, or it goes on with another attempt.
    fn end_local_activity(
        &mut self,
        slot: u32,
        attempt: u32,
        result: Result<Option<Payloads>, Box<Failure>>,
        backoff: Option<Duration>,
        original_schedule_time: SystemTime,
        wakers: &mut Vec<Waker>,
    ) {
        let Some(activity) = self.local_activity(slot) else {
            return;
        };
        activity.attempt = attempt;
        let Some(backoff) = backoff else {
            let resolution = resolution(activity, result);
            return self.resolve(slot, resolution, wakers);
        };
        activity.attempt = attempt.saturating_add(1);
        activity.original_schedule_time = original_schedule_time;
        self.go_on_later(slot, Retry::Wait(backoff), wakers);
    }

    /// The timer between two attempts has fired.
    pub(super) fn retry_local_activity(&mut self, id: OperationId, wakers: &mut Vec<Waker>) {
        if self.operations.named(id).is_some() {
            self.go_on_later(id.slot, Retry::Begin, wakers);
        }
    }

    fn go_on_later(&mut self, slot: u32, retry: Retry, wakers: &mut Vec<Waker>) {
        self.happened = true;
        let Some(operation) = self.operations.at(slot) else {
            return;
        };
        // Nobody waits for it any more.
        if operation.forgotten {
            return;
        }
        let waiter = operation.waiter.take();
        if let Kind::LocalActivity(activity) = &mut operation.kind {
            activity.retry = retry;
        }
        self.locals.due.insert(slot);
        if let Some((waker, routine)) = waiter {
            wakers.push(waker);
            self.waiting.remove(routine);
        }
    }

    /// Its future is polled: the timer is started, or the next attempt begins, in the order in which code gets there.
    pub(super) fn go_on_if_due(&mut self, slot: u32) {
        if !self.locals.due.remove(&slot) {
            return;
        }
        let Some(operation) = self.operations.at(slot).filter(|operation| !operation.forgotten) else {
            return;
        };
        let location = operation.location;
        let Some(activity) = self.local_activity(slot) else {
            return;
        };
        match mem::replace(&mut activity.retry, Retry::None) {
            Retry::None | Retry::Timer(_) => {}
            Retry::Begin => self.begin_local_activity(slot),
            Retry::Wait(backoff) => {
                let owner = self.operations.id_at(slot);
                let timer = self.start_timer(backoff, None, location, owner);
                // Code doesn't know of it.
                if let Some(operation) = self.operations.at(timer.slot) {
                    operation.forgotten = true;
                }
                if let Some(activity) = self.local_activity(slot) {
                    activity.retry = Retry::Timer(timer.slot);
                }
            }
        }
    }

    /// At the end of code's run: those whose futures nobody polls go on as well.
    pub(crate) fn go_on_with_all_due(&mut self) {
        for slot in mem::take(&mut self.locals.due) {
            self.locals.due.insert(slot);
            self.go_on_if_due(slot);
        }
    }

    /// Resolves what markers tell, up to one that was delivered later in the task, or that nothing was asked for yet; of
    /// a cancelled one, its marker alone.
    pub(crate) fn resolve_seen(&mut self, only: Option<u32>, wakers: &mut Vec<Waker>) {
        let mut index = 0;
        while let Some(ahead) = self.locals.ahead.get(index) {
            if only.is_some_and(|number| number != ahead.data.seq) {
                index = index.saturating_add(1);
                continue;
            }
            let is_later = ahead.data.activation_index.is_some_and(|run| run > self.locals.runs);
            let slot = self.locals.open.get(&ahead.data.seq).copied();
            let (false, Some(slot)) = (is_later, slot) else {
                return;
            };
            let checks_ids = self.flags.holds(Flag::ComparesIdsAndTypes, true);
            let fits = match self.operations.at(slot).map(|operation| &operation.kind) {
                Some(Kind::LocalActivity(activity)) => check(activity, &ahead.data, checks_ids).is_ok(),
                _ => false,
            };
            if !fits || self.move_local_activity(slot, Input::Seen).is_err() {
                // The marker's event will tell what is wrong.
                return;
            }
            let Some(ahead) = self.locals.ahead.remove(index) else {
                return;
            };
            self.resolve_by_marker(slot, ahead, wakers);
        }
    }

    fn resolve_by_marker(&mut self, slot: u32, ahead: LocalActivityMarker, wakers: &mut Vec<Waker>) {
        self.locals.seen.insert(ahead.event_id, slot);
        let data = ahead.data;
        if let Some(complete) = data.complete_time() {
            self.now = self.now.max(complete);
        }
        let original = data.original_schedule_time().unwrap_or(self.now);
        self.end_local_activity(slot, data.attempt, ahead.result, data.backoff(), original, wakers);
    }

    /// Applies a marker that was seen ahead. One that wasn't is a command's, or doesn't fit the code.
    pub(super) fn apply_seen_marker(&mut self, event_id: i64) -> Option<Result<(), Unexpected>> {
        let slot = self.locals.seen.remove(&event_id)?;
        Some(self.record_marker_event(slot))
    }

    pub(super) fn record_marker_event(&mut self, slot: u32) -> Result<(), Unexpected> {
        self.move_local_activity(slot, Input::Recorded)?;
        self.operations.collect(slot);
        Ok(())
    }

    /// Whether a recorded marker is of this command.
    pub(super) fn compare_marker(&mut self, slot: u32, marker: &MarkerRecordedEventAttributes) -> Result<(), String> {
        let Some(data) = marker::read_data(marker) else {
            return Err(format!("history has a marker of {}", marker.marker_name));
        };
        let checks_ids = self.flags.holds(Flag::ComparesIdsAndTypes, true);
        match self.local_activity(slot) {
            Some(activity) => check(activity, &data, checks_ids),
            None => Err("the command has no local activity".to_owned()),
        }
    }

    /// Issues the marker.
    fn record_local_activity(
        &mut self,
        slot: u32,
        attempt: u32,
        result: &Result<Option<Payloads>, Box<Failure>>,
        complete: Option<SystemTime>,
        backoff: Option<Duration>,
    ) {
        let runs = self.locals.runs;
        let Some(operation) = self.operations.at(slot) else {
            return;
        };
        let location = operation.location;
        let Kind::LocalActivity(activity) = &operation.kind else {
            return;
        };
        let Identity { id, type_name, .. } = &activity.identity;
        let mut data = MarkerData::new(activity.number, attempt, id.clone(), type_name.clone()).with_times(
            complete,
            backoff,
            activity.original_schedule_time,
        );
        data.activation_index = Some(runs);
        let shown = activity.attributes.include_arguments_in_marker;
        let input = activity.attributes.arguments.clone().filter(|_| shown);
        let attributes = RecordMarkerCommandAttributes {
            marker_name: LOCAL_ACTIVITY_MARKER.to_owned(),
            details: marker::details(&data, result.as_ref().ok().cloned().flatten(), input),
            failure: result.as_ref().err().map(|failure| (**failure).clone()),
            ..RecordMarkerCommandAttributes::default()
        };
        let user_metadata = activity.user_metadata.clone();
        self.queue.push(Issued {
            what: What::LocalActivity { slot },
            attributes: Some(Attributes::RecordMarkerCommandAttributes(Box::new(attributes))),
            user_metadata: user_metadata.map(Box::new),
            location,
            withdrawn: false,
        });
    }
}

/// Whether a marker is of this attempt.
fn check(activity: &LocalActivity, data: &MarkerData, checks_ids: bool) -> Result<(), String> {
    same("local activity's number", &data.seq, &activity.number)?;
    if !checks_ids {
        return Ok(());
    }
    let identity = &activity.identity;
    same("local activity's type", &data.activity_type, &identity.type_name)?;
    same("local activity's id", &data.activity_id, &identity.id)
}

/// What code sees: as of an activity that the server ran.
fn resolution(activity: &LocalActivity, result: Result<Option<Payloads>, Box<Failure>>) -> Resolution {
    let failure = match result {
        Ok(result) => return Resolution::Completed(result),
        Err(failure) => failure,
    };
    let policy = activity.attributes.retry_policy.as_ref();
    // Whoever would have retried and didn't, had no time left.
    let retry_state = retry(policy, activity.attempt, &failure)
        .err()
        .unwrap_or(RetryState::Timeout);
    let message = match &failure.failure_info {
        Some(FailureInfo::CanceledFailureInfo(_)) => "local activity cancelled",
        Some(FailureInfo::TimeoutFailureInfo(_)) => "local activity timed out",
        _ => "local activity failed",
    };
    let wrapped = activity
        .identity
        .failure(message, Some(*failure), 0, String::new(), i32::from(retry_state));
    Resolution::Failed(Box::new(wrapped))
}
