//! Answers to tasks, and what the server says to them.

use super::{
    Notice, Output, Refusal, RunKey, Shard, ShardOptions, Slot, TaskInfo,
    cache::Stage,
    task::{self, Task},
};
use crate::{Run, TurnError, guard};
use std::{collections::BTreeMap, mem, sync::Arc};
use steadfast_proto::{
    command::{Command, FailWorkflowExecutionCommandAttributes, command::Attributes},
    common::{MeteringMetadata, Payloads, WorkerVersionStamp},
    deployment::WorkerDeploymentOptions,
    enums::{
        CommandType, QueryResultType, TaskQueueKind, VersioningBehavior, WorkerVersioningMode, WorkflowTaskFailedCause,
    },
    failure::Failure,
    query::{WorkflowQuery, WorkflowQueryResult},
    taskqueue::{StickyExecutionAttributes, TaskQueue},
    workflowservice::{
        RespondQueryTaskCompletedRequest, RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskCompletedResponse,
        RespondWorkflowTaskFailedRequest, respond_workflow_task_completed_request::Capabilities,
    },
};

/// gRPC's number for "not found".
const NOT_FOUND: i32 = 5;
/// gRPC's number for "invalid argument".
const INVALID_ARGUMENT: i32 = 3;
/// gRPC's number for "resource exhausted".
const RESOURCE_EXHAUSTED: i32 = 8;
/// gRPC's number for "out of range".
const OUT_OF_RANGE: i32 = 11;

impl Shard {
    /// All history of a task is applied: answer it.
    pub(super) fn finish(&mut self, slot: u32, mut task: Box<Task>) {
        if task.query.is_some() {
            return self.answer_query_task(slot, *task);
        }
        if !task.is_done {
            if task.begin_anew() {
                self.drop_run(slot);
                return self.fetch(slot, task);
            }
            let error = task.premature_end();
            return self.fail(slot, task, &error);
        }
        self.settle(slot, task);
    }

    /// Answers a task; if local activities still run, the server is to make another at once.
    pub(super) fn complete(&mut self, slot: u32, task: Box<Task>, is_another_wanted: bool) {
        let Some(run) = self.cache.at(slot).and_then(|entry| entry.run.as_mut()) else {
            return;
        };
        let commands = run.take_commands();
        let sizes = self.options.payload_limits.of_commands(&commands);
        for message in sizes.warnings {
            self.outputs.push_back(Output::Notice(Notice::LargePayload {
                workflow_id: task.info.workflow_id.clone(),
                run_id: task.info.run_id.clone(),
                workflow_type: task.info.workflow_type.clone(),
                message,
            }));
        }
        if let Some(message) = sizes.error {
            let (failure, cause) = (
                Failure::application("PayloadTooLarge", message),
                WorkflowTaskFailedCause::PayloadsTooLarge,
            );
            return self.fail_with(slot, &task.info, task.slot, cause, failure);
        }
        let nonfirst_attempts = self.meter_local_activities(slot);
        let mut task = *task;
        let (info, place) = (Arc::clone(&task.info), task.slot.take());
        let Some(entry) = self.cache.at(slot) else { return };
        let is_handed_off = entry.is_handed_off;
        let Some(run) = entry.run.as_mut() else { return };
        let options = &self.options;
        let mut request = match self.watched.call(&info, || completion(options, run, task, commands)) {
            Ok(request) => request,
            Err(reason) => return self.give_up(slot, &info, reason),
        };
        let has_ended = run.has_ended();
        entry.stage = Stage::Completing(Arc::clone(&info), place);
        request.metering_metadata = Some(MeteringMetadata {
            nonfirst_local_activity_execution_attempts: nonfirst_attempts,
        });
        request.force_create_new_workflow_task = is_another_wanted;
        // Without a cache, too, it stays here while its local activities run.
        request.return_new_workflow_task |= is_another_wanted;
        if is_handed_off {
            request.sticky_attributes = None;
            request.return_new_workflow_task = false;
        }
        let key = RunKey(info);
        self.outputs.push_back(Output::Complete(key, Box::new(request)));
        if has_ended {
            self.drop_local_activities(slot);
        }
    }

    fn answer_query_task(&mut self, slot: u32, mut task: Task) {
        let query = task.query.take().unwrap_or_default();
        let Some(entry) = self.cache.at(slot) else { return };
        let options = &self.options;
        let answer = match entry.run.as_mut() {
            None => Err(Failure::application(
                "NotStarted",
                "the workflow hasn't run yet: there is no state to query",
            )),
            // It may be ahead of the query, which waited: what the asker gets is then newer than what was asked for.
            Some(run) => {
                let answer = self.watched.call(&task.info, || answer(options, run, &query));
                match answer {
                    Ok(answer) => answer,
                    Err(reason) => return self.give_up(slot, &task.info, reason),
                }
            }
        };
        let request = query_answer(&self.options, &task.info, answer, WorkflowTaskFailedCause::Unspecified);
        let key = RunKey(task.info);
        self.outputs.push_back(Output::AnswerQuery(key, Box::new(request)));
        self.outstanding = self.outstanding.saturating_sub(1);
        self.rest(slot);
    }

    /// Fails a task, and drops its run: the next attempt replays from the start.
    pub(super) fn fail(&mut self, slot: u32, task: Box<Task>, error: &TurnError) {
        let cause = match error {
            TurnError::Mismatch(_) => WorkflowTaskFailedCause::NonDeterministicError,
            TurnError::Task(_) => WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure,
        };
        let run = self.cache.at(slot).and_then(|entry| entry.run.as_ref());
        if !task.info.is_query && run.is_some_and(|run| run.is_failed_by(error)) {
            return self.fail_workflow(slot, *task, failure(error));
        }
        self.fail_with(slot, &task.info, task.slot, cause, failure(error));
    }

    /// Ends the workflow as failed, and drops its run: whatever its code still wanted does not happen.
    fn fail_workflow(&mut self, slot: u32, mut task: Task, failure: Failure) {
        self.report_failure(&task.info, failure.message.clone());
        let behavior = self
            .cache
            .at(slot)
            .and_then(|entry| entry.run.as_ref())
            .map_or(VersioningBehavior::Unspecified, |run| {
                versioning_behavior(&self.options, run)
            });
        self.drop_run(slot);
        let queries = mem::take(&mut task.queries).into_iter();
        let query_results = queries
            .map(|(id, _)| (id, query_result(Err(failure.clone()))))
            .collect();
        let attributes = FailWorkflowExecutionCommandAttributes { failure: Some(failure) };
        let request = RespondWorkflowTaskCompletedRequest {
            task_token: task.info.token.clone(),
            commands: vec![Command {
                command_type: CommandType::FailWorkflowExecution.into(),
                attributes: Some(Attributes::FailWorkflowExecutionCommandAttributes(Box::new(attributes))),
                ..Command::default()
            }],
            identity: self.options.identity.clone(),
            namespace: self.options.namespace.clone(),
            query_results,
            deployment_options: self.options.deployment.clone().map(Box::new),
            versioning_behavior: behavior.into(),
            ..RespondWorkflowTaskCompletedRequest::default()
        };
        let key = RunKey(Arc::clone(&task.info));
        if let Some(entry) = self.cache.at(slot) {
            entry.stage = Stage::Completing(Arc::clone(&task.info), task.slot);
        }
        self.outputs.push_back(Output::Complete(key, Box::new(request)));
    }

    /// Only the first attempt is reported; the server lets later ones time out, with growing pauses.
    fn fail_with(
        &mut self,
        slot: u32,
        info: &Arc<TaskInfo>,
        place: Slot,
        cause: WorkflowTaskFailedCause,
        failure: Failure,
    ) {
        self.report_failure(info, failure.message.clone());
        self.drop_run(slot);
        if info.is_query {
            let request = query_answer(&self.options, info, Err(failure), cause);
            let key = RunKey(Arc::clone(info));
            self.outputs.push_back(Output::AnswerQuery(key, Box::new(request)));
        } else if info.attempt <= 1 {
            if let Some(entry) = self.cache.at(slot) {
                entry.stage = Stage::Failing { _slot: place };
            }
            let request = RespondWorkflowTaskFailedRequest {
                task_token: info.token.clone(),
                cause: i32::from(cause),
                failure: Some(failure),
                identity: self.options.identity.clone(),
                namespace: self.options.namespace.clone(),
                deployment_options: self.options.deployment.clone(),
                ..RespondWorkflowTaskFailedRequest::default()
            };
            let key = RunKey(Arc::clone(info));
            self.outputs.push_back(Output::Fail(key, Box::new(request)));
            return;
        }
        self.outstanding = self.outstanding.saturating_sub(1);
        self.rest(slot);
    }

    /// Code took so long that its task was answered meanwhile, by whoever watches.
    pub(super) fn give_up(&mut self, slot: u32, info: &TaskInfo, reason: String) {
        self.report_failure(info, reason);
        self.drop_run(slot);
        self.outstanding = self.outstanding.saturating_sub(1);
        self.rest(slot);
    }

    fn report_failure(&mut self, info: &TaskInfo, message: String) {
        self.outputs.push_back(Output::Notice(Notice::TaskFailed {
            workflow_id: info.workflow_id.clone(),
            run_id: info.run_id.clone(),
            workflow_type: info.workflow_type.clone(),
            attempt: info.attempt,
            message,
        }));
    }

    /// History can't be had. A query is left to be asked again; a run that is gone needs no answer.
    pub(super) fn fail_fetch(&mut self, slot: u32, task: Box<Task>, refusal: &Refusal) {
        if task.query.is_none() && refusal.code != NOT_FOUND {
            let message = format!(
                "the history can't be fetched: {} (gRPC status {})",
                refusal.message, refusal.code
            );
            return self.fail(slot, task, &TurnError::Task(crate::TaskFailure::new(message)));
        }
        self.drop_run(slot);
        self.outstanding = self.outstanding.saturating_sub(1);
        self.rest(slot);
    }

    pub(super) fn handle_completed(
        &mut self,
        key: &RunKey,
        response: Result<Box<RespondWorkflowTaskCompletedResponse>, Refusal>,
    ) {
        let Some(slot) = self.cache.find(key.run_id()) else {
            return;
        };
        let Some(entry) = self.cache.at(slot) else { return };
        let (info, place) = match mem::take(&mut entry.stage) {
            Stage::Completing(info, place) => (info, place),
            stage => {
                entry.stage = stage;
                return;
            }
        };
        entry.stage = Stage::Working;
        let response = match response {
            Ok(response) => *response,
            Err(refusal) if refusal.is_about_size() => {
                let message = format!(
                    "the task's answer is larger than a message to the server may be: {}; do less in one task, and keep large \
                     data elsewhere",
                    refusal.message
                );
                let failure = Failure::application("GrpcMessageTooLarge", message);
                return self.fail_with(
                    slot,
                    &info,
                    place,
                    WorkflowTaskFailedCause::GrpcMessageTooLarge,
                    failure,
                );
            }
            Err(refusal) => {
                self.outstanding = self.outstanding.saturating_sub(1);
                self.refused(slot, &refusal);
                return self.rest(slot);
            }
        };
        if let Some(run) = entry.run.as_mut() {
            if response.reset_history_event_id > 0 {
                run.roll_back();
            } else {
                run.keep();
            }
        }
        let has_ended = entry.run.as_ref().is_some_and(Run::has_ended);
        self.outstanding = self.outstanding.saturating_sub(1);
        let next = response.workflow_task.filter(|task| !task.task_token.is_empty());
        let has_ended = has_ended || entry.is_handed_off;
        if has_ended || (self.options.max_cached_workflows == 0 && next.is_none()) {
            self.drop_run(slot);
        }
        // Another run's is taken as if it had been polled.
        let (next, foreign) = match next {
            Some(next) if task::run_id(&next) == key.run_id() => (Some(next), None),
            foreign => (None, foreign),
        };
        if let Some(next) = next {
            self.outstanding = self.outstanding.saturating_add(1);
            if let Some(entry) = self.cache.at(slot)
                && entry.buffered.replace((next, place)).is_some()
            {
                self.outstanding = self.outstanding.saturating_sub(1);
            }
        }
        self.rest(slot);
        if let Some(foreign) = foreign {
            self.handle_task(foreign, None);
        }
    }

    /// The server has another view of the run than we: the run starts anew with its next task.
    fn refused(&mut self, slot: u32, refusal: &Refusal) {
        // New events came in while the run was about to end, or the task is no longer ours: both are everyday.
        let is_everyday = refusal.code == NOT_FOUND
            || (refusal.code == INVALID_ARGUMENT && refusal.message.contains("UnhandledCommand"));
        let reason = if is_everyday {
            "the server has moved on".to_owned()
        } else {
            format!(
                "the server refused the completion: {} (gRPC status {})",
                refusal.message, refusal.code
            )
        };
        let run_id = self
            .cache
            .at(slot)
            .map(|entry| entry.run_id.to_string())
            .unwrap_or_default();
        self.outputs
            .push_back(Output::Notice(Notice::Evicted { run_id, reason }));
        self.drop_run(slot);
    }

    pub(super) fn handle_failed(&mut self, key: &RunKey) {
        let Some(slot) = self.cache.find(key.run_id()) else {
            return;
        };
        let is_failing = self
            .cache
            .at(slot)
            .is_some_and(|entry| matches!(entry.stage, Stage::Failing { .. }));
        if is_failing {
            self.outstanding = self.outstanding.saturating_sub(1);
            self.rest(slot);
        }
    }

    /// A task is answered: on with the next that waits, or into the cache.
    fn rest(&mut self, slot: u32) {
        let Some(entry) = self.cache.at(slot) else { return };
        entry.stage = Stage::Idle;
        // Queries that wait were asked before the buffered task came, and are cheap.
        if let Some((next, place)) = entry.buffered_queries.pop_front().or_else(|| entry.buffered.take()) {
            return self.start(slot, next, place);
        }
        if self.options.max_cached_workflows == 0 {
            self.drop_run(slot);
        }
        if self.cache.at(slot).is_some_and(|entry| entry.run.is_none()) {
            self.cache.remove(slot);
            return;
        }
        self.cache.set_idle(slot);
        while self.cache.runs() > self.options.max_cached_workflows {
            let Some(oldest) = self.cache.oldest_idle() else { return };
            self.evict(oldest, "the cache is full");
        }
    }

    pub(super) fn drop_run(&mut self, slot: u32) {
        self.drop_local_activities(slot);
        let Some(entry) = self.cache.at(slot) else { return };
        entry.is_handed_off = false;
        if let Some(run) = entry.run.take() {
            self.cache.count_dropped();
            guard::drop_quietly(run);
        }
    }
}

fn completion(
    options: &ShardOptions,
    run: &mut Run,
    mut task: Task,
    commands: Vec<Command>,
) -> RespondWorkflowTaskCompletedRequest {
    let mut query_results = BTreeMap::new();
    for (id, query) in mem::take(&mut task.queries) {
        query_results.insert(id, query_result(answer(options, run, &query)));
    }
    let caches = options.max_cached_workflows > 0;
    let sticky = options.sticky_queue.as_ref().filter(|_| caches);
    let (name, version) = &options.sdk;
    #[allow(deprecated, reason = "older servers tell builds apart by this stamp")]
    RespondWorkflowTaskCompletedRequest {
        task_token: task.info.token.clone(),
        commands,
        identity: options.identity.clone(),
        sticky_attributes: sticky.map(|(queue, timeout)| StickyExecutionAttributes {
            worker_task_queue: Some(TaskQueue {
                name: queue.clone(),
                kind: i32::from(TaskQueueKind::Sticky),
                normal_name: options.task_queue.clone(),
            }),
            schedule_to_start_timeout: Some(steadfast_proto::duration(*timeout)),
        }),
        return_new_workflow_task: caches,
        query_results,
        namespace: options.namespace.clone(),
        worker_version_stamp: unnamed_build(options).map(|deployment| {
            Box::new(WorkerVersionStamp {
                build_id: deployment.build_id.clone(),
                ..WorkerVersionStamp::default()
            })
        }),
        deployment_options: options.deployment.clone().map(Box::new),
        messages: run.take_messages(),
        sdk_metadata: run.record_sdk(name, version).map(Box::new),
        capabilities: Some(Capabilities {
            discard_speculative_workflow_task_with_events: true,
        }),
        versioning_behavior: i32::from(versioning_behavior(options, run)),
        ..RespondWorkflowTaskCompletedRequest::default()
    }
}

/// A build that belongs to no deployment.
fn unnamed_build(options: &ShardOptions) -> Option<&WorkerDeploymentOptions> {
    let deployment = options.deployment.as_ref();
    deployment.filter(|deployment| deployment.deployment_name.is_empty())
}

/// Asks a run; an answer that the server would not take is a failure.
fn answer(options: &ShardOptions, run: &mut Run, query: &WorkflowQuery) -> Result<Option<Payloads>, Failure> {
    let answer = run.query(query)?;
    match options.payload_limits.of_answer(answer.as_ref()) {
        None => Ok(answer),
        Some(size) => Err(Failure::application(
            "PayloadTooLarge",
            format!(
                "[TMPRL1103] the answer to query `{}` has {} bytes, more than the allowed {}",
                query.query_type, size.bytes, size.limit
            ),
        )),
    }
}

impl Refusal {
    /// The message was larger than the server takes, or than it may be at all.
    fn is_about_size(&self) -> bool {
        (self.code == RESOURCE_EXHAUSTED && self.message.contains("larger than max"))
            || (self.code == OUT_OF_RANGE && self.message.contains("message length too large"))
    }
}

/// Only versioned workers may tell the server; others run everything.
fn versioning_behavior(options: &ShardOptions, run: &Run) -> VersioningBehavior {
    let is_versioned = options
        .deployment
        .as_ref()
        .is_some_and(|deployment| deployment.worker_versioning_mode() == WorkerVersioningMode::Versioned);
    let behavior = run.versioning().unwrap_or(options.versioning_behavior);
    if is_versioned {
        behavior
    } else {
        VersioningBehavior::Unspecified
    }
}

fn query_result(answer: Result<Option<Payloads>, Failure>) -> WorkflowQueryResult {
    match answer {
        Ok(answer) => WorkflowQueryResult {
            result_type: i32::from(QueryResultType::Answered),
            answer: Some(answer.unwrap_or_default()),
            ..WorkflowQueryResult::default()
        },
        Err(failure) => WorkflowQueryResult {
            result_type: i32::from(QueryResultType::Failed),
            error_message: failure.message.clone(),
            failure: Some(failure),
            ..WorkflowQueryResult::default()
        },
    }
}

fn query_answer(
    options: &ShardOptions,
    task: &TaskInfo,
    answer: Result<Option<Payloads>, Failure>,
    cause: WorkflowTaskFailedCause,
) -> RespondQueryTaskCompletedRequest {
    let result = query_result(answer);
    RespondQueryTaskCompletedRequest {
        task_token: task.token.clone(),
        completed_type: result.result_type,
        query_result: result.answer,
        error_message: result.error_message,
        namespace: options.namespace.clone(),
        failure: result.failure,
        cause: i32::from(cause),
        ..RespondQueryTaskCompletedRequest::default()
    }
}

fn failure(error: &TurnError) -> Failure {
    let (kind, stack_trace) = match error {
        TurnError::Mismatch(mismatch) => ("NonDeterministic", mismatch.location.clone()),
        TurnError::Task(failure) => ("WorkflowTaskFailed", failure.location.clone()),
    };
    Failure {
        stack_trace: stack_trace.unwrap_or_default(),
        ..Failure::application(kind, error.to_string())
    }
}
