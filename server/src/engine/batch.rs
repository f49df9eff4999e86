//! Batches: the same operation on many workflows.

use super::{
    Engine,
    counter::Counter,
    deadline::{DeadlineKey, Due},
    error::{Code, Error, Result},
    limits,
    namespace::NamespaceKey,
    run::Run,
    start::check_name,
    time::Time,
};
use bytes::Bytes;
use std::collections::VecDeque;
use std::time::Duration;
use steadfast_proto::{
    SmallMap, batch as wire, common,
    common::reset_options::Target,
    enums::{
        BatchOperationState as State, BatchOperationType as Type, EventType, ExecutionType, ResetReapplyType, ResetType,
    },
    errordetails,
    workflowservice::{start_batch_operation_request::Operation, *},
};

/// Names a batch within an engine; later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BatchKey(u64);

/// A batch.
#[derive(Debug)]
struct Batch {
    namespace: NamespaceKey,
    namespace_name: String,
    job_id: String,
    operation: Operation,
    reason: String,
    query: String,
    /// As the request names them, if it does.
    executions: Vec<common::Execution>,
    /// What is still to be done.
    targets: VecDeque<common::WorkflowExecution>,
    /// Between two operations; none if all may be done at once.
    interval: Option<Duration>,
    state: State,
    total: i64,
    completed: i64,
    failed: i64,
    started: Time,
    closed: Option<Time>,
    deadline: Option<DeadlineKey>,
}

/// All batches of an engine.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    all: SmallMap<BatchKey, Batch>,
    by_id: SmallMap<(NamespaceKey, String), BatchKey>,
    count: Counter,
}

impl Batches {
    fn find(&self, namespace: NamespaceKey, job_id: &str) -> Result<BatchKey> {
        if job_id.is_empty() {
            return Err(Error::invalid("JobId is not set on request."));
        }
        let found = self.by_id.get(&(namespace, job_id.to_owned())).copied();
        found.ok_or_else(|| Error::not_found(format!("batch operation not found for ID: {job_id}")))
    }

    fn insert(&mut self, batch: Batch) -> BatchKey {
        let key = BatchKey(self.count.next());
        self.by_id.insert((batch.namespace, batch.job_id.clone()), key);
        self.all.insert(key, batch);
        if self.all.len() > limits::BATCHES_MAX
            && let Some((oldest, _)) = self.all.iter().find(|(_, batch)| batch.closed.is_some())
        {
            let oldest = *oldest;
            self.remove(oldest);
        }
        key
    }

    fn remove(&mut self, key: BatchKey) {
        if let Some(batch) = self.all.remove(&key) {
            self.by_id.remove(&(batch.namespace, batch.job_id));
        }
    }
}

impl Engine {
    pub(crate) fn start_batch(&mut self, request: StartBatchOperationRequest) -> Result<StartBatchOperationResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        if request.job_id.is_empty() {
            return Err(Error::invalid("JobId is not set on request."));
        }
        check_name("JobId", &request.job_id)?;
        let executions = executions(&request)?;
        let Some(operation) = request.operation.filter(|_| !request.reason.is_empty()) else {
            return Err(incomplete());
        };
        check(&operation)?;
        if self.batches.find(namespace, &request.job_id).is_ok() {
            let message = format!("batch operation {:?} has been started already", request.job_id);
            let detail = errordetails::WorkflowExecutionAlreadyStartedFailure::default();
            return Err(Error::new(Code::AlreadyExists, message).with(&detail));
        }
        let targets: VecDeque<_> = match request.visibility_query.is_empty() {
            true => executions.iter().map(target).collect(),
            false => {
                let only_open = !matches!(
                    operation,
                    Operation::ResetOperation(_) | Operation::DeletionOperation(_)
                );
                self.executions_of(&request.namespace, &request.visibility_query, only_open)?
                    .into()
            }
        };
        let interval = Some(request.max_operations_per_second).filter(|rate| *rate > 0.0);
        let interval = interval.and_then(|rate| Duration::try_from_secs_f32(rate.recip()).ok());
        let key = self.batches.insert(Batch {
            namespace,
            namespace_name: request.namespace,
            job_id: request.job_id,
            operation,
            reason: request.reason,
            query: request.visibility_query,
            executions,
            total: i64::try_from(targets.len()).unwrap_or(i64::MAX),
            targets,
            interval,
            state: State::Running,
            completed: 0,
            failed: 0,
            started: self.world.now(),
            closed: None,
            deadline: None,
        });
        self.run_batch(key);
        Ok(StartBatchOperationResponse {})
    }

    /// Does the next part of a batch.
    pub(crate) fn run_batch(&mut self, key: BatchKey) {
        let Some(batch) = self.batches.all.get_mut(&key).filter(|batch| batch.closed.is_none()) else {
            return;
        };
        batch.deadline = None;
        let count = match batch.interval {
            Some(_) => batch.targets.len().min(1),
            None => batch.targets.len().min(limits::BATCH_STEP),
        };
        let targets: Vec<_> = batch.targets.drain(..count).collect();
        let (operation, namespace, reason) = (
            batch.operation.clone(),
            batch.namespace_name.clone(),
            batch.reason.clone(),
        );
        let done = targets.into_iter().map(|target| {
            // What is gone needs nothing more.
            let done = self.operate(&operation, &namespace, &reason, &target);
            done.is_ok() || done.is_err_and(|error| error.code == Code::NotFound)
        });
        let (completed, failed): (Vec<bool>, Vec<bool>) = done.partition(|is_done| *is_done);
        let now = self.world.now();
        let Some(batch) = self.batches.all.get_mut(&key) else {
            return;
        };
        let count = |done: Vec<bool>| i64::try_from(done.len()).unwrap_or(i64::MAX);
        batch.completed = batch.completed.saturating_add(count(completed));
        batch.failed = batch.failed.saturating_add(count(failed));
        if batch.targets.is_empty() {
            batch.state = State::Completed;
            batch.closed = Some(now);
        } else {
            // Others have their turn in between.
            let next = now.plus(batch.interval.unwrap_or(limits::BATCH_PAUSE));
            batch.deadline = Some(self.world.deadlines.set(next, Due::Batch { batch: key }));
        }
    }

    fn operate(
        &mut self,
        operation: &Operation,
        namespace: &str,
        reason: &str,
        execution: &common::WorkflowExecution,
    ) -> Result<()> {
        let namespace = namespace.to_owned();
        let workflow_execution = Some(execution.clone());
        let reason = reason.to_owned();
        let request_id = self.world.ids.random().to_string();
        match operation.clone() {
            Operation::TerminationOperation(operation) => self
                .terminate_workflow(TerminateWorkflowExecutionRequest {
                    namespace,
                    workflow_execution,
                    reason,
                    details: operation.details,
                    identity: operation.identity,
                    ..Default::default()
                })
                .map(drop),
            Operation::SignalOperation(operation) => self
                .signal_workflow(SignalWorkflowExecutionRequest {
                    namespace,
                    workflow_execution,
                    signal_name: operation.signal,
                    input: operation.input,
                    header: operation.header,
                    identity: operation.identity,
                    request_id,
                    ..Default::default()
                })
                .map(drop),
            Operation::CancellationOperation(operation) => self
                .request_cancel_workflow(RequestCancelWorkflowExecutionRequest {
                    namespace,
                    workflow_execution,
                    reason,
                    identity: operation.identity,
                    request_id,
                    ..Default::default()
                })
                .map(drop),
            Operation::DeletionOperation(_) => self
                .delete_workflow(DeleteWorkflowExecutionRequest {
                    namespace,
                    workflow_execution,
                })
                .map(drop),
            Operation::ResetOperation(operation) => {
                let options = operation.options.clone().unwrap_or_default();
                let request = ResetWorkflowExecutionRequest {
                    workflow_task_finish_event_id: self.reset_point(&namespace, execution, &operation)?,
                    namespace,
                    workflow_execution,
                    reason,
                    request_id,
                    reset_reapply_type: match operation.options {
                        Some(_) => options.reset_reapply_type,
                        None => operation.reset_reapply_type,
                    },
                    reset_reapply_exclude_types: options.reset_reapply_exclude_types,
                    post_reset_operations: operation.post_reset_operations,
                    identity: operation.identity,
                };
                self.reset_workflow(&request).map(drop)
            }
            Operation::UpdateWorkflowOptionsOperation(operation) => self
                .update_workflow_options(UpdateWorkflowExecutionOptionsRequest {
                    namespace,
                    workflow_execution,
                    workflow_execution_options: operation.workflow_execution_options,
                    update_mask: operation.update_mask,
                    identity: operation.identity,
                })
                .map(drop),
            _ => self.operate_on_activities(operation, namespace, execution.clone()),
        }
    }

    fn operate_on_activities(
        &mut self,
        operation: &Operation,
        namespace: String,
        execution: common::WorkflowExecution,
    ) -> Result<()> {
        let workflow_execution = Some(execution);
        match operation.clone() {
            Operation::UnpauseActivitiesOperation(operation) => {
                use wire::batch_operation_unpause_activities::Activity as Which;
                let activity = operation.activity.map(|which| match which {
                    Which::Type(name) => unpause_activity_request::Activity::Type(name),
                    Which::MatchAll(all) => unpause_activity_request::Activity::UnpauseAll(all),
                });
                self.unpause_activity(UnpauseActivityRequest {
                    namespace,
                    execution: workflow_execution,
                    identity: operation.identity,
                    activity,
                    reset_attempts: operation.reset_attempts,
                    reset_heartbeat: operation.reset_heartbeat,
                    jitter: operation.jitter,
                })
                .map(drop)
            }
            Operation::ResetActivitiesOperation(operation) => {
                use wire::batch_operation_reset_activities::Activity as Which;
                let activity = operation.activity.map(|which| match which {
                    Which::Type(name) => reset_activity_request::Activity::Type(name),
                    Which::MatchAll(all) => reset_activity_request::Activity::MatchAll(all),
                });
                self.reset_activity(ResetActivityRequest {
                    namespace,
                    execution: workflow_execution,
                    identity: operation.identity,
                    activity,
                    reset_heartbeat: operation.reset_heartbeat,
                    keep_paused: operation.keep_paused,
                    jitter: operation.jitter,
                    restore_original_options: operation.restore_original_options,
                })
                .map(drop)
            }
            Operation::UpdateActivityOptionsOperation(operation) => {
                use wire::batch_operation_update_activity_options::Activity as Which;
                let activity = operation.activity.map(|which| match which {
                    Which::Type(name) => update_activity_options_request::Activity::Type(name),
                    Which::MatchAll(all) => update_activity_options_request::Activity::MatchAll(all),
                });
                self.update_activity_options(UpdateActivityOptionsRequest {
                    namespace,
                    execution: workflow_execution,
                    identity: operation.identity,
                    activity,
                    activity_options: operation.activity_options,
                    update_mask: operation.update_mask,
                    restore_original: operation.restore_original,
                })
                .map(drop)
            }
            _ => check(operation),
        }
    }

    /// Where a reset goes back to: the end of a workflow task.
    fn reset_point(
        &self,
        namespace: &str,
        execution: &common::WorkflowExecution,
        operation: &wire::BatchOperationReset,
    ) -> Result<i64> {
        let namespace = self.world.namespaces.find(namespace)?.key;
        let run = self.runs.get(self.find(namespace, execution)?);
        let run = run.ok_or_else(|| Error::not_found("workflow execution not found"))?;
        let is_first = match operation.options.as_ref().and_then(|options| options.target.as_ref()) {
            Some(Target::FirstWorkflowTask(())) => true,
            Some(Target::LastWorkflowTask(())) => false,
            Some(Target::WorkflowTaskId(id)) => return Ok(*id),
            Some(Target::BuildId(_)) => return Err(Error::unbuilt("a reset to a build id")),
            None => match operation.reset_type() {
                ResetType::FirstWorkflowTask => true,
                ResetType::LastWorkflowTask => false,
                ResetType::Unspecified => return Err(Error::invalid("a reset needs its target")),
            },
        };
        task_end(run, is_first).ok_or_else(|| Error::invalid("no workflow task of the workflow has ended"))
    }

    pub(crate) fn stop_batch(&mut self, request: &StopBatchOperationRequest) -> Result<StopBatchOperationResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        if request.reason.is_empty() {
            return Err(Error::invalid("Reason is not set on request."));
        }
        let key = self.batches.find(namespace, &request.job_id)?;
        let Self { batches, world, .. } = self;
        let running = batches.all.get_mut(&key).filter(|batch| batch.closed.is_none());
        let batch = running.ok_or_else(Error::completed)?;
        world.deadlines.clear(&mut batch.deadline);
        batch.targets.clear();
        batch.state = State::Failed;
        batch.closed = Some(world.now());
        Ok(StopBatchOperationResponse {})
    }

    pub(crate) fn describe_batch(
        &self,
        request: &DescribeBatchOperationRequest,
    ) -> Result<DescribeBatchOperationResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let key = self.batches.find(namespace, &request.job_id)?;
        let batch = self
            .batches
            .all
            .get(&key)
            .ok_or_else(|| Error::not_found("batch operation not found"))?;
        let (kind, identity) = kind(&batch.operation);
        Ok(DescribeBatchOperationResponse {
            operation_type: kind.into(),
            job_id: batch.job_id.clone(),
            state: batch.state.into(),
            start_time: batch.started.wire(),
            close_time: batch.closed.and_then(Time::wire),
            total_operation_count: batch.total,
            complete_operation_count: batch.completed,
            failure_operation_count: batch.failed,
            identity: identity.to_owned(),
            reason: batch.reason.clone(),
            query: batch.query.clone(),
            executions: batch.executions.clone(),
        })
    }

    /// The latest first.
    pub(crate) fn list_batches(&self, request: &ListBatchOperationsRequest) -> Result<ListBatchOperationsResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let before = match request.next_page_token.is_empty() {
            true => BatchKey(u64::MAX),
            false => {
                let text = std::str::from_utf8(&request.next_page_token).ok();
                let key = text.and_then(|text| text.parse().ok());
                BatchKey(key.ok_or_else(|| Error::invalid("Invalid NextPageToken."))?)
            }
        };
        let size = usize::try_from(request.page_size).ok().filter(|size| *size > 0);
        let size = size.map_or(limits::VISIBILITY_PAGE_MAX, |size| {
            size.min(limits::VISIBILITY_PAGE_MAX)
        });
        let found = self.batches.all.range(..before).rev();
        let mut found = found.filter(|(_, batch)| batch.namespace == namespace).peekable();
        let page: Vec<_> = found.by_ref().take(size).collect();
        let last = page.last().filter(|_| found.peek().is_some());
        let info = |batch: &Batch| wire::BatchOperationInfo {
            job_id: batch.job_id.clone(),
            state: batch.state.into(),
            start_time: batch.started.wire(),
            close_time: batch.closed.and_then(Time::wire),
            operation_type: kind(&batch.operation).0.into(),
        };
        Ok(ListBatchOperationsResponse {
            next_page_token: last.map(|(key, _)| Bytes::from(key.0.to_string())).unwrap_or_default(),
            operation_info: page.into_iter().map(|(_, batch)| info(batch)).collect(),
        })
    }
}

fn incomplete() -> Error {
    Error::invalid(
        "must provide required parameters: BatchType,Reason,Namespace, AND one of (Query OR Executions OR TargetExecutions)",
    )
}

/// What a request names, one by one; none if it has a query.
fn executions(request: &StartBatchOperationRequest) -> Result<Vec<common::Execution>> {
    let named = [!request.executions.is_empty(), !request.target_executions.is_empty()];
    let ways = named.into_iter().chain([!request.visibility_query.is_empty()]);
    match ways.filter(|given| *given).count() {
        0 => return Err(incomplete()),
        1 => {}
        _ => {
            return Err(Error::invalid(
                "visibility query, executions, and target executions are mutually exclusive",
            ));
        }
    }
    if request.executions.len().max(request.target_executions.len()) > limits::BATCH_EXECUTIONS_MAX {
        return Err(Error::invalid(format!(
            "count of executions exceeds the limit of {}: use a query",
            limits::BATCH_EXECUTIONS_MAX
        )));
    }
    let older = request.executions.iter().map(|execution| common::Execution {
        r#type: ExecutionType::Workflow.into(),
        business_id: execution.workflow_id.clone(),
        run_id: execution.run_id.clone(),
    });
    Ok(older.chain(request.target_executions.iter().cloned()).collect())
}

fn target(execution: &common::Execution) -> common::WorkflowExecution {
    common::WorkflowExecution {
        workflow_id: execution.business_id.clone(),
        run_id: execution.run_id.clone(),
    }
}

/// Refuses operations that could not be done to any workflow.
fn check(operation: &Operation) -> Result<()> {
    match operation {
        Operation::SignalOperation(operation) if operation.signal.is_empty() => {
            Err(Error::invalid("must provide signal name"))
        }
        Operation::ResetOperation(operation) => {
            let target = operation.options.as_ref().and_then(|options| options.target.as_ref());
            match (target, operation.reset_type()) {
                (Some(Target::BuildId(_)), _) => Err(Error::unbuilt("a reset to a build id")),
                (None, ResetType::Unspecified) => Err(Error::invalid("must provide a reset target")),
                _ if !operation.post_reset_operations.is_empty() => {
                    Err(Error::unbuilt("a reset with operations after it"))
                }
                _ if ResetReapplyType::try_from(operation.reset_reapply_type).is_err() => {
                    Err(Error::invalid("unknown reset reapply type"))
                }
                _ => Ok(()),
            }
        }
        Operation::UpdateWorkflowOptionsOperation(operation) if operation.workflow_execution_options.is_none() => {
            Err(Error::invalid("workflow execution options are not set"))
        }
        Operation::UpdateWorkflowOptionsOperation(operation) if operation.update_mask.is_none() => {
            Err(Error::invalid("update mask is not set"))
        }
        Operation::CancelActivitiesOperation(_)
        | Operation::TerminateActivitiesOperation(_)
        | Operation::DeleteActivitiesOperation(_) => Err(Error::unbuilt("a batch of standalone activities")),
        _ => Ok(()),
    }
}

/// What an operation is called, and who asked for it.
fn kind(operation: &Operation) -> (Type, &str) {
    match operation {
        Operation::TerminationOperation(operation) => (Type::TerminateWorkflow, &operation.identity),
        Operation::SignalOperation(operation) => (Type::SignalWorkflow, &operation.identity),
        Operation::CancellationOperation(operation) => (Type::CancelWorkflow, &operation.identity),
        Operation::DeletionOperation(operation) => (Type::DeleteWorkflow, &operation.identity),
        Operation::ResetOperation(operation) => (Type::ResetWorkflow, &operation.identity),
        Operation::UpdateWorkflowOptionsOperation(operation) => {
            (Type::UpdateWorkflowExecutionOptions, &operation.identity)
        }
        Operation::UnpauseActivitiesOperation(operation) => (Type::UnpauseActivity, &operation.identity),
        Operation::ResetActivitiesOperation(operation) => (Type::ResetActivity, &operation.identity),
        Operation::UpdateActivityOptionsOperation(operation) => (Type::UpdateActivityOptions, &operation.identity),
        Operation::CancelActivitiesOperation(operation) => (Type::CancelActivity, &operation.identity),
        Operation::TerminateActivitiesOperation(operation) => (Type::TerminateActivity, &operation.identity),
        Operation::DeleteActivitiesOperation(_) => (Type::DeleteActivity, ""),
    }
}

/// Where the first or the last workflow task of a run has ended.
fn task_end(run: &Run, is_first: bool) -> Option<i64> {
    let events = run.history.range(1, run.history.next_event_id());
    let mut ends = events
        .iter()
        .filter(|event| event.event_type() == EventType::WorkflowTaskCompleted)
        .map(|event| event.event_id);
    if is_first { ends.next() } else { ends.next_back() }
}
