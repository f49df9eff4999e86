//! Starts of standalone Nexus operations.

use super::{
    super::{
        Engine,
        error::{Code, Error, Result},
        limits,
        nexus::operation::{self, Operation},
        run::{Identity, Run, RunKey},
        search_attribute,
        start::check_blob,
        time,
        waiter::or_drawn,
        world::World,
    },
    SCHEDULED, StandaloneOperation,
};
use std::time::Duration;
use steadfast_proto::{
    common,
    enums::{
        NexusOperationIdConflictPolicy as Conflict, NexusOperationIdReusePolicy as Reuse,
        WorkflowExecutionStatus as Status,
    },
    errordetails::NexusOperationExecutionAlreadyStartedFailure,
    history::NexusOperationScheduledEventAttributes,
    workflowservice::*,
};

impl Engine {
    pub(crate) fn start_nexus_operation_execution(
        &mut self,
        mut request: StartNexusOperationExecutionRequest,
    ) -> Result<StartNexusOperationExecutionResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?;
        check(&request)?;
        let input = request
            .input
            .clone()
            .map(|input| common::Payloads { payloads: vec![input] });
        check_blob(&self.world, input.as_ref())?;
        if let Some(attributes) = &mut request.search_attributes {
            namespace
                .search_attributes
                .check(&request.namespace, &mut attributes.indexed_fields)?;
        }
        let (key, name) = (namespace.key, namespace.name.clone());
        request.request_id = or_drawn(&request.request_id, self.world.ids.random());
        let met = self.runs.current_operation(key, &request.operation_id);
        if let Some(met) = met.and_then(|met| self.runs.get(met))
            && let Some(response) = meet(met, &request)?
        {
            return Ok(response);
        }
        let endpoint_id =
            self.world.endpoints.find(&request.endpoint).ok_or_else(|| {
                Error::not_found(format!("could not find Nexus endpoint by name: {}", request.endpoint))
            })?;
        let now = self.world.now();
        let run_id = self.world.ids.ordered(now);
        let is = Identity {
            workflow_type: request.operation.clone(),
            task_queue: request.endpoint.as_str().into(),
            start_request_id: request.request_id.clone(),
            user_metadata: request.user_metadata.clone().map(Box::new),
            ..Identity::without_workflow(
                self.runs.vacant(),
                key,
                name,
                request.operation_id.as_str().into(),
                run_id,
                now,
            )
        };
        let run = Run::of_operation(&mut self.world, is, request, endpoint_id.to_string());
        let key: RunKey = run.is.key;
        self.runs.insert(run);
        self.runs.touch(key)?;
        Ok(StartNexusOperationExecutionResponse {
            run_id: run_id.to_string(),
            started: true,
        })
    }
}

/// There is one of that id already. `None` if another one may start.
fn meet(
    met: &Run,
    request: &StartNexusOperationExecutionRequest,
) -> Result<Option<StartNexusOperationExecutionResponse>> {
    let uses_existing = met.is_open() && request.id_conflict_policy() == Conflict::UseExisting;
    if uses_existing || met.is.start_request_id == request.request_id {
        return Ok(Some(StartNexusOperationExecutionResponse {
            run_id: met.is.run_id.to_string(),
            started: false,
        }));
    }
    let may_follow = !met.is_open()
        && match request.id_reuse_policy() {
            Reuse::RejectDuplicate => false,
            Reuse::AllowDuplicateFailedOnly => met.status != Status::Completed,
            Reuse::AllowDuplicate | Reuse::Unspecified => true,
        };
    if may_follow {
        return Ok(None);
    }
    let (start_request_id, run_id) = (met.is.start_request_id.clone(), met.is.run_id.to_string());
    let error = Error::new(
        Code::AlreadyExists,
        format!("nexus operation execution already started: request_id={start_request_id}, run_id={run_id}"),
    );
    Err(error.with(&NexusOperationExecutionAlreadyStartedFailure {
        start_request_id,
        run_id,
    }))
}

fn check(request: &StartNexusOperationExecutionRequest) -> Result<()> {
    let names = [
        ("operation_id", &request.operation_id),
        ("endpoint", &request.endpoint),
        ("service", &request.service),
        ("operation", &request.operation),
    ];
    for (what, text) in names {
        if text.is_empty() {
            return Err(Error::invalid(format!("{what} is required")));
        }
    }
    for (what, text) in names.into_iter().chain([("request_id", &request.request_id)]) {
        if text.len() > limits::NAME_BYTES_MAX {
            return Err(Error::invalid(format!(
                "{what} exceeds length limit. Length={} Limit={}",
                text.len(),
                limits::NAME_BYTES_MAX
            )));
        }
    }
    let timeouts = [
        ("schedule_to_close_timeout", &request.schedule_to_close_timeout),
        ("schedule_to_start_timeout", &request.schedule_to_start_timeout),
        ("start_to_close_timeout", &request.start_to_close_timeout),
    ];
    for (what, timeout) in timeouts {
        if time::is_negative(timeout.as_ref()) {
            return Err(Error::invalid(format!("{what} is invalid: negative duration")));
        }
    }
    let header = &request.nexus_header;
    if let Some(key) = operation::disallowed(header) {
        return Err(Error::invalid(format!(
            "nexus_header contains a disallowed key: {key:?}"
        )));
    }
    if limits::header_bytes(header) > limits::NEXUS_HEADER_BYTES_MAX {
        return Err(Error::invalid(format!(
            "nexus_header exceeds size limit of {} bytes",
            limits::NEXUS_HEADER_BYTES_MAX
        )));
    }
    if !request.completion_callbacks.is_empty() {
        return Err(Error::unbuilt("a standalone Nexus operation with completion callbacks"));
    }
    Ok(())
}

impl Run {
    fn of_operation(
        world: &mut World,
        is: Identity,
        request: StartNexusOperationExecutionRequest,
        endpoint_id: String,
    ) -> Self {
        let asked = [
            &request.schedule_to_close_timeout,
            &request.schedule_to_start_timeout,
            &request.start_to_close_timeout,
        ];
        let [close, start, run] = operation::timeouts(asked.map(Option::as_ref), Duration::ZERO).map(time::nonzero);
        let attributes = NexusOperationScheduledEventAttributes {
            endpoint: request.endpoint,
            service: request.service,
            operation: request.operation,
            input: request.input,
            schedule_to_close_timeout: close,
            schedule_to_start_timeout: start,
            start_to_close_timeout: run,
            nexus_header: operation::lowered(request.nexus_header),
            request_id: world.ids.random().to_string(),
            endpoint_id,
            ..Default::default()
        };
        let mut this = Self::blank(is);
        // Nothing ever asks for a workflow task.
        this.is_waiting_for_parent = true;
        this.standalone_operation = Some(Box::new(StandaloneOperation {
            identity: request.identity,
            ..StandaloneOperation::default()
        }));
        if let Some(attributes) = &request.search_attributes {
            search_attribute::merge(&mut this.search_attributes, &attributes.indexed_fields);
        }
        let operation = Operation::scheduled(&attributes, world.now());
        let mut event = this.event(world, attributes);
        event.links = request.links;
        event.user_metadata = request.user_metadata.map(Box::new);
        this.push(world, event);
        this.operations.insert(SCHEDULED, operation);
        this.launch_operation(world, SCHEDULED);
        this
    }
}
