//! Standalone Nexus operations: started by clients, without a workflow.
//!
//! Each is a run whose history begins with one scheduled operation, which is requested, timed out, cancelled and
//! completed like those of workflows. Such a run has no workflow tasks, and requests about workflows do not find it.

mod describe;
mod list;
mod start;
mod stop;

use super::{
    Engine,
    error::{Error, Result},
    id::Uuid,
    namespace::NamespaceKey,
    nexus::operation::{Ending, Operation},
    request::{Handled, Reply, expiry},
    run::{Run, RunKey, RunKind},
    waiter::{Wait, WaiterId},
    world::World,
};
use std::time::Duration;
use steadfast_proto::{
    SmallSet, common,
    enums::{NexusOperationExecutionStatus, NexusOperationWaitStage as Stage, WorkflowExecutionStatus as Status},
    failure::Failure,
    workflowservice::*,
};

/// The event that scheduled the operation.
const SCHEDULED: i64 = 1;

/// What a run has besides, if it is a Nexus operation.
#[derive(Debug, Default)]
pub(crate) struct StandaloneOperation {
    /// Who started it.
    identity: String,
    /// The operation as it was when it ended.
    ended: Option<Box<Operation>>,
    outcome: Option<Result<Option<common::Payload>, Box<Failure>>>,
    cancel: Option<CancelRequest>,
    /// The request that terminated it.
    terminated_by: Option<String>,
    /// Who waits for a stage or for a change.
    waiters: SmallSet<WaiterId>,
}

/// Somebody wants the operation to stop.
#[derive(Debug)]
struct CancelRequest {
    request_id: String,
    reason: String,
}

/// What somebody waits for.
#[derive(Debug)]
pub(crate) enum Awaited {
    /// That it is started or has ended.
    Stage(Stage),
    /// Any change, seen in a description.
    Change {
        request: Box<DescribeNexusOperationExecutionRequest>,
        seen: i64,
    },
}

impl Run {
    /// The operation that this run is, as it is or as it was at its end.
    fn operation(&self) -> Option<&Operation> {
        let ended = || self.standalone_operation.as_ref()?.ended.as_deref();
        self.operations.get(&SCHEDULED).or_else(ended)
    }

    fn operation_status(&self) -> NexusOperationExecutionStatus {
        match self.status {
            Status::Completed => NexusOperationExecutionStatus::Completed,
            Status::Failed => NexusOperationExecutionStatus::Failed,
            Status::Canceled => NexusOperationExecutionStatus::Canceled,
            Status::Terminated => NexusOperationExecutionStatus::Terminated,
            Status::TimedOut => NexusOperationExecutionStatus::TimedOut,
            _ => NexusOperationExecutionStatus::Running,
        }
    }

    /// The operation has ended, and the run with it. What ends an operation that was never started is also the end of
    /// the attempt to start it.
    pub(crate) fn conclude_operation(&mut self, world: &World, mut operation: Operation, ending: Ending) {
        let (status, outcome) = match ending {
            Ending::Completed(result) => (Status::Completed, Ok(result)),
            Ending::Failed(failure) => (Status::Failed, Err(Box::new(failure))),
            Ending::Canceled(failure) => (Status::Canceled, Err(Box::new(failure))),
            Ending::TimedOut(failure) => (Status::TimedOut, Err(Box::new(failure))),
        };
        if let (None, Err(failure)) = (&operation.started, &outcome) {
            operation.start.last_ended = Some(self.now(world));
            operation.start.last_failure = Some((**failure).clone());
        }
        self.close_operation(world, operation, status, outcome);
    }

    fn close_operation(
        &mut self,
        world: &World,
        operation: Operation,
        status: Status,
        outcome: Result<Option<common::Payload>, Box<Failure>>,
    ) {
        if let Some(standalone) = &mut self.standalone_operation {
            standalone.ended = Some(Box::new(operation));
            standalone.outcome = Some(outcome);
        }
        self.status = status;
        self.close_time = Some(self.now(world));
        self.is_indexed = false;
        self.note_change();
    }

    /// A link to this operation.
    pub(crate) fn operation_link(&self) -> common::Link {
        let operation = common::link::NexusOperation {
            namespace: String::from(&*self.is.namespace_name),
            operation_id: String::from(&*self.is.workflow_id),
            run_id: self.is.run_id.to_string(),
        };
        common::Link {
            variant: Some(common::link::Variant::NexusOperation(operation)),
        }
    }
}

impl Engine {
    /// The operation that a request names; without a run id, the latest of that id.
    fn find_operation(&self, namespace: NamespaceKey, operation_id: &str, run_id: &str) -> Result<RunKey> {
        if operation_id.is_empty() {
            return Err(Error::invalid("operation_id is required"));
        }
        let named = match run_id {
            "" => self.runs.current_operation(namespace, operation_id),
            run_id => {
                let id = Uuid::parse(run_id).ok_or_else(|| Error::invalid("run_id is not a valid UUID"))?;
                self.runs.by_id(id)
            }
        };
        let is_meant = |run: &Run| {
            let is_one = run.kind() == RunKind::Operation;
            is_one && run.is.namespace == namespace && *run.is.workflow_id == *operation_id
        };
        let found = named.filter(|key| self.runs.get(*key).is_some_and(is_meant));
        found.ok_or_else(|| Error::not_found(format!("operation not found for ID: {operation_id}")))
    }

    /// After every change: those who wait hear of it.
    pub(super) fn look_after_operation(&mut self, key: RunKey) {
        let Self { runs, world, .. } = self;
        let Some(run) = runs.peek_mut(key) else { return };
        let now = run.now(world);
        run.count_transition();
        let waiters = run.standalone_operation.as_ref().map(|standalone| &standalone.waiters);
        for waiter in waiters.cloned().unwrap_or_default() {
            let reply = match world.waiters.get(waiter) {
                Some(Wait::Operation { awaited, .. }) => run.answer_about_operation(awaited, now),
                _ => None,
            };
            if let Some(reply) = reply {
                world.waiters.answer(waiter, Ok(reply));
                run.leave_operation(waiter);
            }
        }
    }

    fn await_operation(&mut self, key: RunKey, awaited: Awaited, patience: Option<Duration>) -> Result<Handled> {
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        if let Some(reply) = run.answer_about_operation(&awaited, run.now(world)) {
            return Ok(Handled::Reply(reply));
        }
        let expires = expiry(world.real, patience, super::limits::LONG_POLL_MAX);
        let waiter = world.waiters.add(Wait::Operation { run: key, awaited }, expires);
        if let Some(standalone) = &mut run.standalone_operation {
            standalone.waiters.insert(waiter);
        }
        Ok(Handled::Wait(waiter))
    }

    pub(super) fn stop_awaiting_operation(&mut self, key: RunKey, waiter: WaiterId) {
        if let Some(run) = self.runs.peek_mut(key) {
            run.leave_operation(waiter);
        }
    }

    pub(crate) fn poll_nexus_operation_execution(
        &mut self,
        request: &PollNexusOperationExecutionRequest,
        patience: Option<Duration>,
    ) -> Result<Handled> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let key = self.find_operation(namespace, &request.operation_id, &request.run_id)?;
        self.await_operation(key, Awaited::Stage(request.wait_stage()), patience)
    }
}

impl Run {
    fn leave_operation(&mut self, waiter: WaiterId) {
        if let Some(standalone) = &mut self.standalone_operation {
            standalone.waiters.remove(&waiter);
        }
    }
}

/// What somebody gets whose wait was in vain.
pub(super) fn nothing_yet(awaited: &Awaited) -> Reply {
    match awaited {
        Awaited::Stage(_) => Reply::PollNexusOperationExecution(Box::default()),
        Awaited::Change { .. } => Reply::DescribeNexusOperationExecution(Box::default()),
    }
}
