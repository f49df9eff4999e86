//! Update-with-start: two requests that are one.

use super::{
    Engine,
    error::{self, Code, Error, Result},
    request::{Handled, Reply},
};
use std::time::Duration;
use steadfast_proto::{
    errordetails::{self, multi_operation_execution_failure::OperationStatus},
    failure::MultiOperationExecutionAborted,
    workflowservice::{
        execute_multi_operation_request::operation::Operation, execute_multi_operation_response as multi, *,
    },
};

/// Both answers of an update-with-start.
pub(crate) fn both(start: StartWorkflowExecutionResponse, update: UpdateWorkflowExecutionResponse) -> Reply {
    use multi::response::Response;
    let wrap = |response| multi::Response {
        response: Some(response),
    };
    Reply::ExecuteMultiOperation(Box::new(ExecuteMultiOperationResponse {
        responses: vec![
            wrap(Response::StartWorkflow(start)),
            wrap(Response::UpdateWorkflow(update)),
        ],
    }))
}

impl Engine {
    pub(crate) fn execute_multi_operation(
        &mut self,
        request: ExecuteMultiOperationRequest,
        patience: Option<Duration>,
    ) -> Result<Handled> {
        self.world.namespaces.find(&request.namespace)?;
        let mut operations = request.operations.into_iter().map(|operation| operation.operation);
        let (Some(Some(Operation::StartWorkflow(start))), Some(Some(Operation::UpdateWorkflow(update))), None) =
            (operations.next(), operations.next(), operations.next())
        else {
            return Err(Error::invalid("Operations have to be exactly [Start, Update]."));
        };
        check_start(&start).map_err(|error| failed_start(&error))?;
        check_target(&update, &start.workflow_id).map_err(|error| failed_update(&error))?;
        let checked = self.check_update(update).map_err(|error| failed_update(&error))?;
        // The update may be known already, to a run that is over or that the start would collide with.
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        if let Some(key) = self.runs.current(namespace, &start.workflow_id) {
            let run = self.runs.touch(key)?;
            if run.updates.get(&checked.id).is_some() {
                let started = StartWorkflowExecutionResponse {
                    run_id: run.is.run_id.to_string(),
                    first_execution_run_id: run.is.first_run_id.to_string(),
                    status: run.status.into(),
                    ..Default::default()
                };
                return self.update_run(key, checked, patience, Some(Box::new(started)));
            }
        }
        let outcome = self.start(start, None).map_err(|error| failed_start(&error))?;
        self.update_run(outcome.key, checked, patience, Some(Box::new(outcome.response)))
            .map_err(|error| failed_update(&error))
    }
}

fn check_start(start: &StartWorkflowExecutionRequest) -> Result<()> {
    if !start.cron_schedule.is_empty() {
        return Err(Error::invalid("CronSchedule is not allowed."));
    }
    if start.request_eager_execution {
        return Err(Error::invalid("RequestEagerExecution is not supported."));
    }
    if start.workflow_start_delay.is_some() {
        return Err(Error::invalid("WorkflowStartDelay is not supported."));
    }
    Ok(())
}

/// The update is for the workflow that is started.
fn check_target(update: &UpdateWorkflowExecutionRequest, workflow_id: &str) -> Result<()> {
    let execution = update.workflow_execution.clone().unwrap_or_default();
    if execution.workflow_id != workflow_id {
        return Err(Error::invalid(
            "WorkflowId is not consistent with previous operation(s).",
        ));
    }
    if !execution.run_id.is_empty() {
        return Err(Error::invalid("RunId is not allowed."));
    }
    Ok(())
}

fn failed_start(error: &Error) -> Error {
    failed(error, vec![status(error), aborted()])
}

fn failed_update(error: &Error) -> Error {
    failed(error, vec![aborted(), status(error)])
}

fn failed(error: &Error, statuses: Vec<OperationStatus>) -> Error {
    Error::new(error.code, "Update-with-Start could not be executed.")
        .with(&errordetails::MultiOperationExecutionFailure { statuses })
}

fn status(error: &Error) -> OperationStatus {
    OperationStatus {
        code: error.code as i32,
        message: error.message.to_string(),
        details: error.detail.iter().map(|detail| (**detail).clone()).collect(),
    }
}

fn aborted() -> OperationStatus {
    OperationStatus {
        code: Code::Aborted as i32,
        message: "Operation was aborted.".to_owned(),
        details: vec![error::any(&MultiOperationExecutionAborted {})],
    }
}
