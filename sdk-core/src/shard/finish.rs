//! Answers to tasks, and what the server says to them.

use super::{
    Notice, Output, Refusal, RunKey, Shard, ShardOptions,
    cache::Stage,
    task::{self, Task},
};
use crate::{Run, TurnError, guard};
use std::{collections::BTreeMap, mem};
use steadfast_proto::{
    common::{MeteringMetadata, Payloads, WorkerVersionStamp},
    enums::{QueryResultType, TaskQueueKind, WorkflowTaskFailedCause},
    failure::Failure,
    query::WorkflowQueryResult,
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

impl Shard {
    /// All history of a task is applied: answer it.
    pub(super) fn finish(&mut self, slot: u32, task: Box<Task>) {
        if task.query.is_some() {
            return self.answer_query_task(slot, *task);
        }
        if !task.is_done {
            let error = task.premature_end();
            return self.fail(slot, &task, &error);
        }
        let Some(entry) = self.cache.at(slot) else { return };
        entry.stage = Stage::Completing;
        let Some(run) = entry.run.as_mut() else { return };
        let key = task.key();
        let request = completion(&self.options, run, *task);
        self.outputs.push_back(Output::Complete(key, Box::new(request)));
    }

    fn answer_query_task(&mut self, slot: u32, mut task: Task) {
        let query = task.query.take().unwrap_or_default();
        let Some(entry) = self.cache.at(slot) else { return };
        let answer = match entry.run.as_mut() {
            None => Err(Failure::application(
                "NotStarted",
                "the workflow hasn't run yet: there is no state to query",
            )),
            Some(run) if task.started_event_id == 0 && task.previous_started_event_id < run.last_started_event_id() => {
                Err(Failure::application(
                    "QueryExpired",
                    "the workflow went on since this query was sent; ask again",
                ))
            }
            Some(run) => run.query(&query.query_type, query.query_args.as_ref()),
        };
        let request = query_answer(&self.options, &task, answer, WorkflowTaskFailedCause::Unspecified);
        self.outputs.push_back(Output::AnswerQuery(Box::new(request)));
        self.outstanding = self.outstanding.saturating_sub(1);
        self.rest(slot);
    }

    /// Fails a task, and drops its run: the next attempt replays from the start. Only the first attempt is reported; the
    /// server lets later ones time out, with growing pauses.
    pub(super) fn fail(&mut self, slot: u32, task: &Task, error: &TurnError) {
        let cause = match error {
            TurnError::Mismatch(_) => WorkflowTaskFailedCause::NonDeterministicError,
            TurnError::Task(_) => WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure,
        };
        let failure = failure(error);
        self.outputs.push_back(Output::Notice(Notice::TaskFailed {
            workflow_id: task.workflow_id.clone(),
            run_id: task.run_id.clone(),
            workflow_type: task.workflow_type.clone(),
            attempt: task.attempt,
            message: failure.message.clone(),
        }));
        self.drop_run(slot);
        if task.query.is_some() {
            let request = query_answer(&self.options, task, Err(failure), cause);
            self.outputs.push_back(Output::AnswerQuery(Box::new(request)));
        } else if task.attempt <= 1 {
            if let Some(entry) = self.cache.at(slot) {
                entry.stage = Stage::Failing;
            }
            let request = RespondWorkflowTaskFailedRequest {
                task_token: task.token.clone(),
                cause: i32::from(cause),
                failure: Some(failure),
                identity: self.options.identity.clone(),
                namespace: self.options.namespace.clone(),
                ..RespondWorkflowTaskFailedRequest::default()
            };
            self.outputs.push_back(Output::Fail(task.key(), Box::new(request)));
            return;
        }
        self.outstanding = self.outstanding.saturating_sub(1);
        self.rest(slot);
    }

    /// History can't be had. A query is left to be asked again; a run that is gone needs no answer.
    pub(super) fn fail_fetch(&mut self, slot: u32, task: &Task, refusal: &Refusal) {
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
        let Some(slot) = self.cache.find(&key.0) else { return };
        let Some(entry) = self.cache.at(slot) else { return };
        if !matches!(entry.stage, Stage::Completing) {
            return;
        }
        self.outstanding = self.outstanding.saturating_sub(1);
        let response = match response {
            Ok(response) => *response,
            Err(refusal) => {
                self.refused(slot, &refusal);
                return self.rest(slot);
            }
        };
        if response.reset_history_event_id > 0
            && let Some(run) = entry.run.as_mut()
        {
            run.roll_back(response.reset_history_event_id);
        }
        let has_ended = entry.run.as_ref().is_some_and(Run::has_ended);
        let next = response.workflow_task.filter(|task| !task.task_token.is_empty());
        if has_ended || (self.options.max_cached_workflows == 0 && next.is_none()) {
            self.drop_run(slot);
        }
        match next {
            Some(next) if task::run_id(&next) == key.0 => {
                self.outstanding = self.outstanding.saturating_add(1);
                self.start(slot, Box::new(next));
            }
            next => {
                self.rest(slot);
                // Another run's: as if it had been polled.
                if let Some(next) = next {
                    self.handle_task(Box::new(next));
                }
            }
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
            .map(|entry| entry.run_id.clone())
            .unwrap_or_default();
        self.outputs
            .push_back(Output::Notice(Notice::Evicted { run_id, reason }));
        self.drop_run(slot);
    }

    pub(super) fn handle_failed(&mut self, key: &RunKey) {
        let Some(slot) = self.cache.find(&key.0) else { return };
        let is_failing = self
            .cache
            .at(slot)
            .is_some_and(|entry| matches!(entry.stage, Stage::Failing));
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
        if let Some(next) = entry.buffered_queries.pop_front().or_else(|| entry.buffered.take()) {
            return self.start(slot, next);
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

    fn drop_run(&mut self, slot: u32) {
        if let Some(run) = self.cache.at(slot).and_then(|entry| entry.run.take()) {
            self.cache.count_dropped();
            guard::drop_quietly(run);
        }
    }
}

fn completion(options: &ShardOptions, run: &mut Run, mut task: Task) -> RespondWorkflowTaskCompletedRequest {
    let mut query_results = BTreeMap::new();
    for (id, query) in mem::take(&mut task.queries) {
        let answer = run.query(&query.query_type, query.query_args.as_ref());
        query_results.insert(id, query_result(answer));
    }
    let caches = options.max_cached_workflows > 0;
    let sticky = options.sticky_queue.as_ref().filter(|_| caches);
    let (name, version) = &options.sdk;
    #[allow(deprecated, reason = "older servers tell builds apart by this stamp")]
    RespondWorkflowTaskCompletedRequest {
        task_token: task.token,
        commands: task.commands,
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
        worker_version_stamp: options.build_id.as_ref().map(|build_id| WorkerVersionStamp {
            build_id: build_id.clone(),
            ..WorkerVersionStamp::default()
        }),
        messages: run.take_messages(),
        sdk_metadata: run.record_sdk(name, version),
        metering_metadata: Some(MeteringMetadata::default()),
        capabilities: Some(Capabilities {
            discard_speculative_workflow_task_with_events: true,
        }),
        ..RespondWorkflowTaskCompletedRequest::default()
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
    task: &Task,
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
