//! Operations of a run: scheduled, started, ended, asked to stop.

use super::{
    super::{
        deadline::{DeadlineKey, Due},
        event::Event,
        run::Run,
        time::{self, Time},
        world::World,
    },
    delivery::{Delivery, Stage},
    failure,
};
use std::collections::BTreeMap;
use std::time::Duration;
use steadfast_proto::{
    command::ScheduleNexusOperationCommandAttributes,
    common,
    enums::TimeoutType,
    failure::Failure,
    history::{
        NexusOperationCancelRequestCompletedEventAttributes, NexusOperationCancelRequestFailedEventAttributes,
        NexusOperationCancelRequestedEventAttributes, NexusOperationCanceledEventAttributes,
        NexusOperationCompletedEventAttributes, NexusOperationFailedEventAttributes,
        NexusOperationScheduledEventAttributes, NexusOperationStartedEventAttributes,
        NexusOperationTimedOutEventAttributes, history_event::Attributes,
    },
    prost_types,
};

/// An operation that has not ended.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) scheduled: Time,
    pub(crate) schedule_to_close: Duration,
    pub(crate) schedule_to_start: Duration,
    pub(crate) start_to_close: Duration,
    pub(crate) started: Option<OperationStart>,
    /// The request to start it.
    pub(crate) start: Delivery,
    pub(crate) cancellation: Option<Cancellation>,
    deadline: Option<DeadlineKey>,
}

/// An operation that goes on after its handler has answered.
#[derive(Debug)]
pub(crate) struct OperationStart {
    pub(crate) time: Time,
    /// What the handler calls it.
    pub(crate) token: String,
}

/// The caller has asked an operation to stop.
#[derive(Debug, Default)]
pub(crate) struct Cancellation {
    pub(crate) requested_event_id: i64,
    /// When there was both the wish and something to stop.
    pub(crate) requested: Option<Time>,
    pub(crate) delivery: Delivery,
}

/// How an operation ends.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    Completed(Option<common::Payload>),
    Failed(Failure),
    Canceled(Failure),
    TimedOut(Failure),
}

impl Ending {
    /// What a handler calls unsuccessful.
    pub(crate) fn unsuccessful(failure: Failure) -> Self {
        if failure::is_cancellation(&failure) {
            Self::Canceled(failure)
        } else {
            Self::Failed(failure)
        }
    }
}

impl Operation {
    /// An operation as its event says, of which nothing is under way yet.
    pub(crate) fn scheduled(event: &NexusOperationScheduledEventAttributes, scheduled: Time) -> Self {
        Self {
            scheduled,
            schedule_to_close: time::lasting(event.schedule_to_close_timeout.as_ref()),
            schedule_to_start: time::lasting(event.schedule_to_start_timeout.as_ref()),
            start_to_close: time::lasting(event.start_to_close_timeout.as_ref()),
            started: None,
            start: Delivery::default(),
            cancellation: None,
            deadline: None,
        }
    }

    /// Which time-out is next, and when.
    fn next_timeout(&self) -> Option<(Time, TimeoutType)> {
        let after = |since: Time, timeout: Duration, kind| (!timeout.is_zero()).then(|| (since.plus(timeout), kind));
        let stage = match &self.started {
            None => after(self.scheduled, self.schedule_to_start, TimeoutType::ScheduleToStart),
            Some(started) => after(started.time, self.start_to_close, TimeoutType::StartToClose),
        };
        let close = after(self.scheduled, self.schedule_to_close, TimeoutType::ScheduleToClose);
        close.into_iter().chain(stage).min_by_key(|(at, _)| *at)
    }

    pub(crate) fn token(&self) -> &str {
        self.started.as_ref().map_or("", |started| started.token.as_str())
    }

    fn clear(&mut self, world: &mut World) {
        world.deadlines.clear(&mut self.deadline);
        world.deadlines.clear(&mut self.start.deadline);
        if let Some(cancellation) = &mut self.cancellation {
            world.deadlines.clear(&mut cancellation.delivery.deadline);
        }
    }
}

/// Schedule-to-close, schedule-to-start and start-to-close as they are in force.
pub(crate) fn timeouts(asked: [Option<&prost_types::Duration>; 3], run_timeout: Duration) -> [Duration; 3] {
    let [close, start, run] = asked.map(time::lasting);
    let close = super::super::start::shorter(close, run_timeout);
    let within = |timeout: Duration| {
        if timeout.is_zero() || close.is_zero() {
            timeout
        } else {
            timeout.min(close)
        }
    };
    [close, within(start), within(run)]
}

/// A header as it is kept: keys in small letters.
pub(crate) fn lowered(header: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let lower = |(key, value): (String, String)| (key.to_ascii_lowercase(), value);
    header.into_iter().map(lower).collect()
}

/// A key that callers may not set, since the server does.
pub(crate) fn disallowed(header: &BTreeMap<String, String>) -> Option<&String> {
    header.keys().find(|key| key.eq_ignore_ascii_case("request-timeout"))
}

impl Run {
    pub(crate) fn schedule_operation(
        &mut self,
        world: &mut World,
        command: ScheduleNexusOperationCommandAttributes,
        completed: i64,
    ) {
        let asked = [
            &command.schedule_to_close_timeout,
            &command.schedule_to_start_timeout,
            &command.start_to_close_timeout,
        ];
        let [close, start, run] = timeouts(asked.map(Option::as_ref), self.is.run_timeout).map(time::nonzero);
        let endpoint_id = world.endpoints.find(&command.endpoint);
        let attributes = NexusOperationScheduledEventAttributes {
            endpoint: command.endpoint,
            service: command.service,
            operation: command.operation,
            input: command.input,
            schedule_to_close_timeout: close,
            nexus_header: lowered(command.nexus_header),
            workflow_task_completed_event_id: completed,
            request_id: world.ids.random().to_string(),
            endpoint_id: endpoint_id.map(|id| id.to_string()).unwrap_or_default(),
            schedule_to_start_timeout: start,
            start_to_close_timeout: run,
        };
        let operation = Operation::scheduled(&attributes, self.now(world));
        let event_id = self.record(world, attributes);
        self.operations.insert(event_id, operation);
        self.launch_operation(world, event_id);
    }

    /// Sends what there is to send of an operation, and sets its deadline.
    pub(crate) fn launch_operation(&mut self, world: &mut World, event_id: i64) {
        let Some(operation) = self.operations.get(&event_id) else {
            return;
        };
        let (is_started, cancels) = (operation.started.is_some(), operation.cancellation.is_some());
        if !is_started {
            self.send(world, event_id, false);
        } else if cancels {
            self.send(world, event_id, true);
        }
        self.arm_operation(world, event_id);
    }

    fn arm_operation(&mut self, world: &mut World, event_id: i64) {
        let run = self.is.key;
        let Some(operation) = self.operations.get_mut(&event_id) else {
            return;
        };
        world.deadlines.clear(&mut operation.deadline);
        let due = Due::NexusTimeout {
            run,
            scheduled_event_id: event_id,
        };
        operation.deadline = operation
            .next_timeout()
            .map(|(at, _)| world.deadlines.set(at.minus(self.skipped), due));
    }

    /// What the event says that scheduled an operation.
    pub(crate) fn operation_event(&self, event_id: i64) -> Option<&NexusOperationScheduledEventAttributes> {
        match &self.history.get(event_id)?.attributes {
            Some(Attributes::NexusOperationScheduledEventAttributes(scheduled)) => Some(scheduled),
            _ => None,
        }
    }

    /// A handler has begun an operation that goes on.
    pub(crate) fn start_operation(
        &mut self,
        world: &mut World,
        event_id: i64,
        token: String,
        links: Vec<common::Link>,
    ) {
        if self
            .operations
            .get(&event_id)
            .is_none_or(|operation| operation.started.is_some())
        {
            return;
        }
        self.note_operation_start(world, event_id, token, links);
        self.arm_operation(world, event_id);
        if self
            .operations
            .get(&event_id)
            .is_some_and(|operation| operation.cancellation.is_some())
        {
            self.send(world, event_id, true);
        }
        self.want_task(world);
    }

    pub(crate) fn note_operation_start(
        &mut self,
        world: &mut World,
        event_id: i64,
        token: String,
        links: Vec<common::Link>,
    ) {
        let now = self.now(world);
        let Some(operation) = self.operations.get_mut(&event_id) else {
            return;
        };
        operation.start.end(now, None, Stage::Answered);
        operation.started = Some(OperationStart {
            time: now,
            token: token.clone(),
        });
        let request_id = self.request_of(event_id);
        let mut event = self.event(
            world,
            NexusOperationStartedEventAttributes {
                scheduled_event_id: event_id,
                operation_id: token.clone(),
                request_id,
                operation_token: token,
            },
        );
        event.links = links;
        self.happen_event(world, event);
    }

    fn request_of(&self, event_id: i64) -> String {
        self.operation_event(event_id)
            .map(|scheduled| scheduled.request_id.clone())
            .unwrap_or_default()
    }

    /// Takes an operation out of the run; nothing of it falls due any more.
    pub(crate) fn take_operation(&mut self, world: &mut World, event_id: i64) -> Option<Operation> {
        let mut operation = self.operations.remove(&event_id)?;
        operation.clear(world);
        Some(operation)
    }

    /// An operation has ended; its caller hears of it.
    pub(crate) fn end_operation(&mut self, world: &mut World, event_id: i64, ending: Ending, links: Vec<common::Link>) {
        let Some(operation) = self.take_operation(world, event_id) else {
            return;
        };
        if self.standalone_operation.is_some() {
            return self.conclude_operation(world, operation, ending);
        }
        let Some(scheduled) = self.operation_event(event_id) else {
            return;
        };
        let request_id = scheduled.request_id.clone();
        let told = |cause: Failure| Some(failure::of_operation(event_id, scheduled, operation.token(), cause));
        let (scheduled_event_id, told) = match ending {
            Ending::Completed(result) => {
                let event = NexusOperationCompletedEventAttributes {
                    scheduled_event_id: event_id,
                    result,
                    request_id,
                };
                return self.tell_end(world, event, links);
            }
            Ending::Failed(cause) => {
                let failure = told(cause);
                let event = NexusOperationFailedEventAttributes {
                    scheduled_event_id: event_id,
                    failure,
                    request_id,
                };
                return self.tell_end(world, event, links);
            }
            Ending::Canceled(cause) => {
                let failure = told(cause);
                let event = NexusOperationCanceledEventAttributes {
                    scheduled_event_id: event_id,
                    failure,
                    request_id,
                };
                return self.tell_end(world, event, links);
            }
            Ending::TimedOut(cause) => (event_id, told(cause)),
        };
        let event = NexusOperationTimedOutEventAttributes {
            scheduled_event_id,
            failure: told,
            request_id,
        };
        self.tell_end(world, event, links);
    }

    fn tell_end<E: Event>(&mut self, world: &mut World, event: E, links: Vec<common::Link>) {
        let mut event = self.event(world, event);
        event.links = links;
        self.happen_event(world, event);
        self.want_task(world);
    }

    /// One of an operation's time-outs has passed.
    pub(crate) fn time_operation_out(&mut self, world: &mut World, event_id: i64) {
        let Some(operation) = self.operations.get_mut(&event_id) else {
            return;
        };
        operation.deadline = None;
        if let Some((_, kind)) = operation.next_timeout().filter(|(at, _)| *at <= self.now(world)) {
            let ending = Ending::TimedOut(failure::timed_out("operation timed out", kind));
            self.end_operation(world, event_id, ending, Vec::new());
        }
    }

    /// The workflow asks an operation to stop: at once if it is started, or else as soon as it is.
    pub(crate) fn request_operation_cancel(&mut self, world: &mut World, event_id: i64, completed: i64) {
        let requested_event_id = self.record(
            world,
            NexusOperationCancelRequestedEventAttributes {
                scheduled_event_id: event_id,
                workflow_task_completed_event_id: completed,
            },
        );
        let Some(operation) = self.operations.get_mut(&event_id) else {
            return;
        };
        operation.cancellation = Some(Cancellation {
            requested_event_id,
            ..Cancellation::default()
        });
        if operation.started.is_some() {
            self.send(world, event_id, true);
        }
    }

    /// A handler has taken note of the wish to stop, or will not.
    pub(crate) fn end_operation_cancel(&mut self, world: &mut World, event_id: i64, failure: Option<Failure>) {
        let now = self.now(world);
        let cancellation = self
            .operations
            .get_mut(&event_id)
            .and_then(|operation| operation.cancellation.as_mut());
        let Some(cancellation) = cancellation else { return };
        let stage = if failure.is_some() {
            Stage::Refused
        } else {
            Stage::Answered
        };
        cancellation.delivery.end(now, failure.clone(), stage);
        let requested_event_id = cancellation.requested_event_id;
        let mut event = match failure {
            None => self.event(
                world,
                NexusOperationCancelRequestCompletedEventAttributes {
                    requested_event_id,
                    scheduled_event_id: event_id,
                    ..Default::default()
                },
            ),
            Some(failure) => self.event(
                world,
                NexusOperationCancelRequestFailedEventAttributes {
                    requested_event_id,
                    scheduled_event_id: event_id,
                    failure: Some(failure),
                    ..Default::default()
                },
            ),
        };
        event.worker_may_ignore = true;
        self.happen_event(world, event);
        self.want_task(world);
    }

    /// Whether an operation has ended, of which the workflow will hear after the task at hand.
    pub(crate) fn is_operation_end_buffered(&self, event_id: i64) -> bool {
        self.buffered.iter().any(|event| {
            let ended = match &event.attributes {
                Some(Attributes::NexusOperationCompletedEventAttributes(a)) => a.scheduled_event_id,
                Some(Attributes::NexusOperationFailedEventAttributes(a)) => a.scheduled_event_id,
                Some(Attributes::NexusOperationCanceledEventAttributes(a)) => a.scheduled_event_id,
                Some(Attributes::NexusOperationTimedOutEventAttributes(a)) => a.scheduled_event_id,
                _ => return false,
            };
            ended == event_id
        })
    }

    /// The run has ended: nobody waits for its operations, which stay visible.
    pub(crate) fn abandon_operations(&mut self, world: &mut World) {
        for operation in self.operations.values_mut() {
            operation.clear(world);
        }
    }
}
