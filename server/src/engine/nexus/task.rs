//! Requests to handlers: put on the endpoint's queue, handed to a worker, answered or not.

use super::{
    super::{
        Engine,
        backlog::Urgency,
        deadline::Due,
        error::{Error, Result},
        limits,
        run::{Run, RunKey, RunKind},
        task_queue::{Task, Work},
        time::Time,
        token::TaskToken,
        world::World,
    },
    breaker::BreakerKey,
    delivery::{Delivery, Stage},
    endpoint::Target,
    failure,
    operation::{Ending, Operation},
};
use std::time::Duration;
use steadfast_proto::{
    enums::EventType,
    failure::Failure,
    link,
    nexus::{
        CancelOperationRequest, Request, StartOperationRequest, StartOperationResponse, UnsuccessfulOperationError,
        request, response, start_operation_response,
    },
    workflowservice::*,
};

/// The address that a handler passes on so that the server completes the operation.
pub(crate) const CALLBACK_URL: &str = "temporal://system";
/// The header with what says which operation.
pub(crate) const CALLBACK_TOKEN: &str = "temporal-callback-token";

impl Operation {
    fn delivery(&mut self, is_cancel: bool) -> Option<&mut Delivery> {
        if is_cancel {
            self.cancellation
                .as_mut()
                .map(|cancellation| &mut cancellation.delivery)
        } else {
            Some(&mut self.start)
        }
    }

    /// Whether the attempt of that name is one to cancel.
    fn attempt(&self, stamp: u64) -> Option<bool> {
        if self.start.stamp == stamp {
            return Some(false);
        }
        let cancellation = self.cancellation.as_ref()?;
        (cancellation.delivery.stamp == stamp).then_some(true)
    }
}

impl Run {
    /// Sends a request to the handler of an operation: to start it, or to stop it.
    pub(crate) fn send(&mut self, world: &mut World, event_id: i64, is_cancel: bool) {
        let now = self.now(world);
        let (run, stamp) = (self.is.key, world.next_stamp());
        let endpoint_id = self
            .operation_event(event_id)
            .map(|scheduled| scheduled.endpoint_id.clone());
        let target = endpoint_id.and_then(|id| world.endpoints.target(&id, &world.namespaces));
        let blocked = target
            .as_ref()
            .and_then(|_| self.ask_breaker(world, event_id, is_cancel));
        let Some(operation) = self.operations.get_mut(&event_id) else {
            return;
        };
        if is_cancel && let Some(cancellation) = &mut operation.cancellation {
            cancellation.requested.get_or_insert(now);
        }
        let Some(delivery) = operation.delivery(is_cancel) else {
            return;
        };
        delivery.stamp = stamp;
        let Some(target) = target else {
            let failure = failure::handler("NOT_FOUND", "endpoint not registered");
            return self.fail_request(world, event_id, is_cancel, failure);
        };
        if let Some(until) = blocked {
            let due = Due::NexusRetry {
                run,
                scheduled_event_id: event_id,
                stamp,
            };
            delivery.stage = Stage::Blocked;
            delivery.deadline = Some(world.deadlines.set(until, due));
            return;
        }
        delivery.stage = Stage::Queued { since: now };
        let due = Due::NexusRequest {
            run,
            scheduled_event_id: event_id,
            stamp,
        };
        let expires = now.plus(limits::NEXUS_REQUEST_TIMEOUT);
        delivery.deadline = Some(world.deadlines.set(expires.minus(self.skipped), due));
        let (namespace, queue) = match target {
            Target::Queue(namespace, queue) => (namespace, queue),
            Target::External(url) => return self.send_out(world, event_id, stamp, url),
        };
        let version = world
            .deployments
            .route(namespace, Work::Nexus, &queue, &self.is.workflow_id);
        let queue = world.version_queue(namespace, Work::Nexus, &queue, version.as_ref());
        let task = Task::Nexus {
            run,
            scheduled_event_id: event_id,
            stamp,
        };
        world
            .queues
            .add(queue, task, Urgency::of(&self.is.priority), world.real);
    }

    fn breaker_key(&self, event_id: i64, is_cancel: bool) -> Option<BreakerKey> {
        let endpoint = &self.operation_event(event_id)?.endpoint;
        Some((self.is.namespace, endpoint.clone(), is_cancel))
    }

    /// When to ask again, if the endpoint is left alone for now.
    fn ask_breaker(&self, world: &mut World, event_id: i64, is_cancel: bool) -> Option<Time> {
        if world.breakers.is_empty() {
            return None;
        }
        let now = world.now();
        let key = self.breaker_key(event_id, is_cancel)?;
        world.breakers.admit(&key, now).err()
    }

    /// The handler has answered, and not asked for another attempt.
    fn note_reached(&self, world: &mut World, event_id: i64, is_cancel: bool) {
        if !world.breakers.is_empty()
            && let Some(key) = self.breaker_key(event_id, is_cancel)
        {
            world.breakers.succeed(&key);
        }
    }

    /// Hands a request to a worker. `None` if it is not the attempt that the queue names.
    pub(crate) fn hand_request(
        &mut self,
        world: &World,
        event_id: i64,
        stamp: u64,
    ) -> Option<PollNexusTaskQueueResponse> {
        if !self.is_request_queued(event_id, stamp) {
            return None;
        }
        let now = self.now(world);
        let operation = self.operations.get_mut(&event_id)?;
        let is_cancel = operation.attempt(stamp)?;
        let token = operation.token().to_owned();
        let operation_left = operation.time_left(now);
        let delivery = operation.delivery(is_cancel)?;
        let Stage::Queued { since } = delivery.stage else {
            return None;
        };
        delivery.stage = Stage::Held;
        let attempt = delivery.attempts.saturating_add(1);
        self.nexus_held.insert(stamp, delivery.deadline.take());
        let left = limits::NEXUS_REQUEST_TIMEOUT.saturating_sub(self.now(world).since(since));
        let left = operation_left.map_or(left, |operation| operation.min(left));
        let scheduled = self.operation_event(event_id)?;
        let mut header = if is_cancel {
            Default::default()
        } else {
            scheduled.nexus_header.clone()
        };
        // Workers of all ages look for either spelling.
        for name in ["request-timeout", "Request-Timeout"] {
            header.insert(name.to_owned(), milliseconds(left));
        }
        if !is_cancel && let Some(left) = operation_left {
            header
                .entry("operation-timeout".to_owned())
                .or_insert_with(|| milliseconds(left));
        }
        let variant = if is_cancel {
            request::Variant::CancelOperation(CancelOperationRequest {
                service: scheduled.service.clone(),
                operation: scheduled.operation.clone(),
                operation_id: token.clone(),
                operation_token: token,
            })
        } else {
            request::Variant::StartOperation(self.start_request(event_id)?)
        };
        Some(PollNexusTaskQueueResponse {
            task_token: TaskToken::new(self.is.run_id, event_id, attempt, stamp).bytes(),
            request: Some(Request {
                header,
                scheduled_time: since.wire(),
                capabilities: Some(request::Capabilities {
                    temporal_failure_responses: !is_cancel,
                }),
                endpoint: scheduled.endpoint.clone(),
                variant: Some(variant),
            }),
            ..Default::default()
        })
    }

    fn start_request(&self, event_id: i64) -> Option<StartOperationRequest> {
        let scheduled = self.operation_event(event_id)?;
        let back = match self.kind() {
            RunKind::Operation => self.operation_link(),
            _ => self.link(event_id, EventType::NexusOperationScheduled),
        };
        let token = super::super::callback::token(self.is.run_id, event_id, &scheduled.request_id);
        Some(StartOperationRequest {
            service: scheduled.service.clone(),
            operation: scheduled.operation.clone(),
            request_id: scheduled.request_id.clone(),
            callback: CALLBACK_URL.to_owned(),
            payload: scheduled.input.clone(),
            callback_header: [(CALLBACK_TOKEN.to_owned(), token)].into(),
            links: link::to_nexus(&back).into_iter().collect(),
        })
    }

    /// Whether the queue names an attempt that nobody has yet.
    pub(crate) fn is_request_queued(&self, event_id: i64, stamp: u64) -> bool {
        let Some(operation) = self.operations.get(&event_id).filter(|_| self.is_open()) else {
            return false;
        };
        let queued = |delivery: &Delivery| delivery.stamp == stamp && matches!(delivery.stage, Stage::Queued { .. });
        let cancellation = operation.cancellation.as_ref();
        queued(&operation.start) || cancellation.is_some_and(|cancellation| queued(&cancellation.delivery))
    }

    /// A request is not answered: it is sent again later, or the operation (or its cancellation) has failed.
    pub(crate) fn fail_request(&mut self, world: &mut World, event_id: i64, is_cancel: bool, failure: Failure) {
        let now = self.now(world);
        let run = self.is.key;
        if !failure::is_retryable(&failure) {
            self.note_reached(world, event_id, is_cancel);
            if is_cancel {
                return self.end_operation_cancel(world, event_id, Some(failure));
            }
            return self.end_operation(world, event_id, Ending::Failed(failure), Vec::new());
        }
        if let Some(key) = self.breaker_key(event_id, is_cancel) {
            let now = world.now();
            world.breakers.fail(key, now);
        }
        if self.kind() == RunKind::Operation {
            self.note_change();
        }
        let delivery = self
            .operations
            .get_mut(&event_id)
            .and_then(|operation| operation.delivery(is_cancel));
        let Some(delivery) = delivery else { return };
        world.deadlines.clear(&mut delivery.deadline);
        delivery.end(now, Some(failure), Stage::Idle);
        let until = now.plus(delivery.interval());
        delivery.stage = Stage::BackingOff { until };
        let due = Due::NexusRetry {
            run,
            scheduled_event_id: event_id,
            stamp: delivery.stamp,
        };
        delivery.deadline = Some(world.deadlines.set(until.minus(self.skipped), due));
    }

    /// The time of a request's next attempt has come.
    pub(crate) fn resend(&mut self, world: &mut World, event_id: i64, stamp: u64) {
        let attempt = self
            .operations
            .get(&event_id)
            .and_then(|operation| operation.attempt(stamp));
        if let Some(is_cancel) = attempt {
            if self.kind() == RunKind::Operation {
                self.note_change();
            }
            self.send(world, event_id, is_cancel);
        }
    }

    /// No worker took a request, or the one that did has not answered.
    pub(crate) fn time_request_out(&mut self, world: &mut World, event_id: i64, stamp: u64) {
        self.nexus_held.remove(&stamp);
        let attempt = self
            .operations
            .get(&event_id)
            .and_then(|operation| operation.attempt(stamp));
        if self.is_open()
            && let Some(is_cancel) = attempt
        {
            let failure = failure::handler("UPSTREAM_TIMEOUT", "upstream timeout");
            self.fail_request(world, event_id, is_cancel, failure);
        }
    }

    fn hear_start(&mut self, world: &mut World, event_id: i64, answer: StartOperationResponse) {
        use start_operation_response::Variant;
        if answer.variant.is_some() {
            self.note_reached(world, event_id, false);
        }
        match answer.variant {
            Some(Variant::SyncSuccess(answer)) => {
                let links = link::from_nexus(&answer.links);
                self.end_operation(world, event_id, Ending::Completed(answer.payload), links);
            }
            Some(Variant::AsyncSuccess(answer)) => {
                let links = link::from_nexus(&answer.links);
                let token = if answer.operation_token.is_empty() {
                    answer.operation_id
                } else {
                    answer.operation_token
                };
                self.start_operation(world, event_id, token, links);
            }
            Some(Variant::OperationError(error)) => match unsuccessful(&error) {
                Ok(ending) => self.end_operation(world, event_id, ending, Vec::new()),
                Err(failure) => self.fail_request(world, event_id, false, *failure),
            },
            Some(Variant::Failure(failure)) => {
                self.end_operation(world, event_id, Ending::unsuccessful(failure), Vec::new());
            }
            None => self.fail_request(world, event_id, false, failure::handler("INTERNAL", "empty outcome")),
        }
    }
}

impl Operation {
    /// How long the operation may still take; `None` if nothing limits it.
    fn time_left(&self, now: Time) -> Option<Duration> {
        let set = |timeout: Duration| (!timeout.is_zero()).then_some(timeout);
        let close = set(self.schedule_to_close).map(|close| self.scheduled.plus(close).since(now));
        close.into_iter().chain(set(self.start_to_close)).min()
    }
}

/// The older way to say that an operation failed.
pub(crate) fn unsuccessful(error: &UnsuccessfulOperationError) -> Result<Ending, Box<Failure>> {
    let said = error.failure.as_ref().map(failure::of_nexus).unwrap_or_default();
    match error.operation_state.as_str() {
        "failed" => Ok(Ending::Failed(said)),
        "canceled" => {
            let details = match said.failure_info {
                Some(steadfast_proto::failure::failure::FailureInfo::CanceledFailureInfo(info)) => info.details,
                _ => None,
            };
            let mut canceled = failure::canceled(&said.message, details);
            canceled.cause = said.cause;
            Ok(Ending::Canceled(canceled))
        }
        other => Err(Box::new(failure::handler(
            "INTERNAL",
            &format!("unexpected operation state: expected \"failed\" or \"canceled\", got {other:?}"),
        ))),
    }
}

/// A duration as the Nexus protocol writes it.
fn milliseconds(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

impl Engine {
    pub(crate) fn nexus_completed(
        &mut self,
        request: RespondNexusTaskCompletedRequest,
    ) -> Result<RespondNexusTaskCompletedResponse> {
        self.world.namespaces.find(&request.namespace)?;
        let variant = request.response.unwrap_or_default().variant;
        self.with_request(&request.task_token, |run, world, event_id, is_cancel| {
            match (is_cancel, variant) {
                (false, Some(response::Variant::StartOperation(answer))) => run.hear_start(world, event_id, answer),
                (true, Some(response::Variant::CancelOperation(_))) => {
                    run.note_reached(world, event_id, true);
                    run.end_operation_cancel(world, event_id, None);
                }
                _ => run.fail_request(
                    world,
                    event_id,
                    is_cancel,
                    failure::handler("INTERNAL", "empty outcome"),
                ),
            }
        })?;
        Ok(RespondNexusTaskCompletedResponse {})
    }

    pub(crate) fn nexus_failed(
        &mut self,
        request: RespondNexusTaskFailedRequest,
    ) -> Result<RespondNexusTaskFailedResponse> {
        self.world.namespaces.find(&request.namespace)?;
        TaskToken::read(&request.task_token)?;
        let failure = match (&request.error, request.failure) {
            (Some(error), _) => failure::of_handler(error),
            // Who says so is not kept of the handler's own failure, only of its causes.
            (None, Some(failure)) => Failure {
                source: String::new(),
                ..failure
            },
            (None, None) => return Err(Error::invalid("request must contain error or failure")),
        };
        self.with_request(&request.task_token, |run, world, event_id, is_cancel| {
            run.fail_request(world, event_id, is_cancel, failure);
        })?;
        Ok(RespondNexusTaskFailedResponse {})
    }

    /// Does something about the operation whose request the worker with the token holds. One that has ended meanwhile
    /// needs no answer any more.
    fn with_request(&mut self, token: &bytes::Bytes, act: impl FnOnce(&mut Run, &mut World, i64, bool)) -> Result<()> {
        let token = TaskToken::read(token)?;
        let missing = || Error::not_found("Nexus task not found or already expired");
        let key: RunKey = self.runs.by_id(token.run_id()).ok_or_else(missing)?;
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        let mut deadline = run.nexus_held.remove(&token.stamp).ok_or_else(missing)?;
        world.deadlines.clear(&mut deadline);
        let event_id = token.scheduled_event_id;
        let attempt = run
            .operations
            .get(&event_id)
            .and_then(|operation| operation.attempt(token.stamp));
        if run.is_open()
            && let Some(is_cancel) = attempt
        {
            act(run, world, event_id, is_cancel);
        }
        Ok(())
    }
}
