//! Standalone Nexus operations that are cancelled, terminated, deleted.

use super::{
    super::{
        Engine,
        error::{Code, Error, Result},
        run::Run,
        waiter::or_drawn,
        world::World,
    },
    CancelRequest, SCHEDULED,
};
use steadfast_proto::{
    enums::WorkflowExecutionStatus as Status,
    failure::{Failure, TerminatedFailureInfo, failure::FailureInfo},
    workflowservice::*,
};

fn refused(message: String) -> Error {
    Error::new(Code::FailedPrecondition, message)
}

impl Engine {
    pub(crate) fn request_cancel_nexus_operation_execution(
        &mut self,
        request: RequestCancelNexusOperationExecutionRequest,
    ) -> Result<RequestCancelNexusOperationExecutionResponse> {
        let named = [request.namespace.as_str(), &request.operation_id, &request.run_id];
        let cancel = CancelRequest {
            request_id: or_drawn(&request.request_id, self.world.ids.random()),
            reason: request.reason,
        };
        self.with_standalone_operation(named, |run, world| {
            run.check_not_ended()?;
            let Some(standalone) = &mut run.standalone_operation else {
                return Ok(());
            };
            if let Some(earlier) = &standalone.cancel {
                if earlier.request_id == cancel.request_id {
                    return Ok(());
                }
                return Err(refused(format!(
                    "cancellation already requested with request ID {}",
                    earlier.request_id
                )));
            }
            standalone.cancel = Some(cancel);
            run.request_operation_cancel(world, SCHEDULED, 0);
            Ok(())
        })?;
        Ok(RequestCancelNexusOperationExecutionResponse {})
    }

    pub(crate) fn terminate_nexus_operation_execution(
        &mut self,
        request: &TerminateNexusOperationExecutionRequest,
    ) -> Result<TerminateNexusOperationExecutionResponse> {
        let named = [request.namespace.as_str(), &request.operation_id, &request.run_id];
        let request_id = or_drawn(&request.request_id, self.world.ids.random());
        self.with_standalone_operation(named, |run, world| {
            if let Some(standalone) = &mut run.standalone_operation {
                match &standalone.terminated_by {
                    Some(by) if *by == request_id => return Ok(()),
                    Some(by) => return Err(refused(format!("already terminated with request ID {by}"))),
                    None => {}
                }
            }
            run.check_not_ended()?;
            if let Some(standalone) = &mut run.standalone_operation {
                standalone.terminated_by = Some(request_id);
            }
            run.terminate_operation(world, &request.reason, &request.identity);
            Ok(())
        })?;
        Ok(TerminateNexusOperationExecutionResponse {})
    }

    pub(crate) fn delete_nexus_operation_execution(
        &mut self,
        request: &DeleteNexusOperationExecutionRequest,
    ) -> Result<DeleteNexusOperationExecutionResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let key = self.find_operation(namespace, &request.operation_id, &request.run_id)?;
        let Self { runs, world, .. } = self;
        runs.touch(key)?
            .terminate_operation(world, "Delete Nexus operation execution", "");
        // Those who wait for its end hear of it.
        self.follow();
        self.remove(key);
        Ok(DeleteNexusOperationExecutionResponse {})
    }

    fn with_standalone_operation(
        &mut self,
        [namespace, operation_id, run_id]: [&str; 3],
        act: impl FnOnce(&mut Run, &mut World) -> Result<()>,
    ) -> Result<()> {
        let namespace = self.world.namespaces.find(namespace)?.key;
        let key = self.find_operation(namespace, operation_id, run_id)?;
        let Self { runs, world, .. } = self;
        act(runs.touch(key)?, world)
    }
}

impl Run {
    fn check_not_ended(&self) -> Result<()> {
        if self.is_open() {
            return Ok(());
        }
        Err(refused("operation already completed".to_owned()))
    }

    /// Ends the operation where it is; its handler does not hear of it.
    fn terminate_operation(&mut self, world: &mut World, reason: &str, identity: &str) {
        if let Some(operation) = self.take_operation(world, SCHEDULED) {
            let failure = Failure {
                message: reason.to_owned(),
                failure_info: Some(FailureInfo::TerminatedFailureInfo(TerminatedFailureInfo {
                    identity: identity.to_owned(),
                })),
                ..Failure::default()
            };
            self.close_operation(world, operation, Status::Terminated, Err(Box::new(failure)));
        }
    }
}
