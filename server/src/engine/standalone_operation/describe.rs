//! What a standalone Nexus operation looks like from outside.

use super::{
    super::{
        Engine,
        error::Result,
        nexus::operation::{Cancellation, Operation},
        request::{Handled, Reply},
        run::Run,
        time::{self, Time},
    },
    Awaited, SCHEDULED, StandaloneOperation,
};
use bytes::Bytes;
use std::time::Duration;
use steadfast_proto::{
    common,
    enums::{NexusOperationWaitStage as Stage, PendingNexusOperationState},
    nexus::{NexusOperationExecutionCancellationInfo, NexusOperationExecutionInfo, NexusOperationExecutionListInfo},
    workflowservice::*,
};

impl Engine {
    pub(crate) fn describe_nexus_operation_execution(
        &mut self,
        request: DescribeNexusOperationExecutionRequest,
        patience: Option<Duration>,
    ) -> Result<Handled> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let key = self.find_operation(namespace, &request.operation_id, &request.run_id)?;
        let now = self.world.now();
        let run = self.runs.touch(key)?;
        // A token of another run, or an older one, is answered at once.
        if request.long_poll_token.is_empty() || request.long_poll_token != run.operation_change_token() {
            let description = run.describe_operation_run(&request, now);
            return Ok(Handled::Reply(Reply::DescribeNexusOperationExecution(Box::new(
                description,
            ))));
        }
        let seen = run.state_transitions;
        let request = Box::new(request);
        self.await_operation(key, Awaited::Change { request, seen }, patience)
    }
}

impl Operation {
    /// The attempt to start it that is under way or was the last.
    fn attempt_number(&self) -> i32 {
        self.start
            .wire_attempts()
            .saturating_add(self.start.is_under_way().into())
    }
}

impl Run {
    fn operation_change_token(&self) -> Bytes {
        Bytes::from(format!("{}/{}", self.is.run_id, self.state_transitions))
    }

    /// What somebody gets who waits, if it is there.
    pub(super) fn answer_about_operation(&self, awaited: &Awaited, now: Time) -> Option<Reply> {
        match awaited {
            Awaited::Stage(stage) => {
                let operation = self.operation()?;
                let reached = match (self.is_open(), &operation.started) {
                    (false, _) => Stage::Closed,
                    (true, Some(_)) if *stage == Stage::Started => Stage::Started,
                    _ => return None,
                };
                Some(Reply::PollNexusOperationExecution(Box::new(
                    PollNexusOperationExecutionResponse {
                        run_id: self.is.run_id.to_string(),
                        wait_stage: reached.into(),
                        operation_token: operation.token().to_owned(),
                        outcome: self.polled_outcome(),
                        ..Default::default()
                    },
                )))
            }
            Awaited::Change { request, seen } => (self.state_transitions != *seen)
                .then(|| Reply::DescribeNexusOperationExecution(Box::new(self.describe_operation_run(request, now)))),
        }
    }

    fn polled_outcome(&self) -> Option<poll_nexus_operation_execution_response::Outcome> {
        use poll_nexus_operation_execution_response::Outcome;
        Some(match self.standalone_operation.as_ref()?.outcome.as_ref()? {
            Ok(result) => Outcome::Result(result.clone().unwrap_or_default()),
            Err(failure) => Outcome::Failure((**failure).clone()),
        })
    }

    fn described_outcome(&self) -> Option<describe_nexus_operation_execution_response::Outcome> {
        use describe_nexus_operation_execution_response::Outcome;
        Some(match self.standalone_operation.as_ref()?.outcome.as_ref()? {
            Ok(result) => Outcome::Result(result.clone().unwrap_or_default()),
            Err(failure) => Outcome::Failure((**failure).clone()),
        })
    }

    fn describe_operation_run(
        &self,
        request: &DescribeNexusOperationExecutionRequest,
        now: Time,
    ) -> DescribeNexusOperationExecutionResponse {
        let scheduled = self.operation_event(SCHEDULED);
        let input = scheduled.filter(|_| request.include_input);
        DescribeNexusOperationExecutionResponse {
            run_id: self.is.run_id.to_string(),
            info: Some(self.operation_info(now)),
            input: input.and_then(|scheduled| scheduled.input.clone()),
            outcome: self.described_outcome().filter(|_| request.include_outcome),
            long_poll_token: self.operation_change_token(),
            ..Default::default()
        }
    }

    fn operation_info(&self, now: Time) -> NexusOperationExecutionInfo {
        let (Some(operation), Some(standalone), Some(scheduled)) = (
            self.operation(),
            &self.standalone_operation,
            self.operation_event(SCHEDULED),
        ) else {
            return NexusOperationExecutionInfo::default();
        };
        let state = match self.is_open() {
            true => operation.state(),
            false => PendingNexusOperationState::Unspecified,
        };
        let expires = (!operation.schedule_to_close.is_zero())
            .then(|| operation.scheduled.plus(operation.schedule_to_close))
            .and_then(Time::wire);
        let links = self.history.all().iter().flat_map(|event| event.links.iter().cloned());
        NexusOperationExecutionInfo {
            operation_id: String::from(&*self.is.workflow_id),
            run_id: self.is.run_id.to_string(),
            endpoint: scheduled.endpoint.clone(),
            service: scheduled.service.clone(),
            operation: scheduled.operation.clone(),
            status: self.operation_status().into(),
            state: state.into(),
            schedule_to_close_timeout: scheduled.schedule_to_close_timeout,
            schedule_to_start_timeout: scheduled.schedule_to_start_timeout,
            start_to_close_timeout: scheduled.start_to_close_timeout,
            attempt: operation.attempt_number(),
            schedule_time: operation.scheduled.wire(),
            expiration_time: expires,
            close_time: self.close_time.and_then(Time::wire),
            last_attempt_complete_time: operation.start.last_ended.and_then(Time::wire),
            last_attempt_failure: operation.start.last_failure.clone(),
            next_attempt_schedule_time: operation.start.next_attempt().and_then(Time::wire),
            blocked_reason: operation.start.blocked_reason(),
            execution_duration: time::wire(self.close_time.unwrap_or(now).since(operation.scheduled)),
            cancellation_info: operation
                .cancellation
                .as_ref()
                .map(|cancellation| describe_cancellation(cancellation, standalone)),
            request_id: scheduled.request_id.clone(),
            operation_token: operation.token().to_owned(),
            state_transition_count: self.state_transitions,
            search_attributes: Some(common::SearchAttributes {
                indexed_fields: self.search_attributes.clone(),
            }),
            nexus_header: scheduled.nexus_header.clone(),
            user_metadata: self.is.user_metadata.as_deref().cloned(),
            links: links.collect(),
            identity: standalone.identity.clone(),
            state_size_bytes: self.history.wire_bytes(),
        }
    }

    pub(super) fn operation_row(&self) -> NexusOperationExecutionListInfo {
        let info = self.operation_info(self.is.start_time);
        let is_closed = info.close_time.is_some();
        NexusOperationExecutionListInfo {
            operation_id: info.operation_id,
            run_id: info.run_id,
            endpoint: info.endpoint,
            service: info.service,
            operation: info.operation,
            schedule_time: info.schedule_time,
            close_time: info.close_time,
            status: info.status,
            search_attributes: info.search_attributes,
            state_transition_count: if is_closed { info.state_transition_count } else { 0 },
            execution_duration: info.execution_duration.filter(|_| is_closed),
            state_size_bytes: 0,
        }
    }
}

fn describe_cancellation(
    cancellation: &Cancellation,
    standalone: &StandaloneOperation,
) -> NexusOperationExecutionCancellationInfo {
    let delivery = &cancellation.delivery;
    let reason = standalone.cancel.as_ref().map(|cancel| cancel.reason.clone());
    NexusOperationExecutionCancellationInfo {
        state: cancellation.state().into(),
        attempt: delivery.wire_attempts().saturating_add(delivery.is_under_way().into()),
        last_attempt_complete_time: delivery.last_ended.and_then(Time::wire),
        last_attempt_failure: delivery.last_failure.clone(),
        next_attempt_schedule_time: delivery.next_attempt().and_then(Time::wire),
        reason: reason.unwrap_or_default(),
        ..Default::default()
    }
}
