//! One workflow task on its way through a shard.

use super::{RunKey, ShardOptions, Slot};
use crate::{
    TaskFailure, TurnError,
    history::{Cursor, HistoryError},
    limits::HISTORY_PAGE_EVENTS_MAX,
};
use std::{collections::BTreeMap, mem, sync::Arc, time::SystemTime};
use steadfast_proto::{
    bytes::Bytes,
    common::WorkflowExecution,
    history::HistoryEvent,
    protocol::Message,
    query::WorkflowQuery,
    workflowservice::{
        GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse, PollWorkflowTaskQueueResponse,
    },
};

/// Whose task it is, and what its answer names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskInfo {
    /// What the answer is for, as the server wrote it.
    pub token: Bytes,
    /// Of which workflow.
    pub workflow_id: String,
    /// Of which run.
    pub run_id: String,
    /// Of which type.
    pub workflow_type: String,
    /// Only the first attempt's failure is reported to the server.
    pub attempt: i32,
    /// The task is a query, and answered as one.
    pub is_query: bool,
}

/// One workflow task on its way through a shard.
pub(super) struct Task {
    pub(super) info: Arc<TaskInfo>,
    /// What the task takes up outside; free again once the server has the answer.
    pub(super) slot: Slot,
    /// As the server named it; the cursor knows better.
    started_event_id: i64,
    pub(super) previous_started_event_id: i64,
    pub(super) cursor: Cursor,
    pub(super) messages: Vec<Message>,
    /// Queries to be answered with the task's completion.
    pub(super) queries: BTreeMap<String, WorkflowQuery>,
    /// The query that this task is all about.
    pub(super) query: Option<WorkflowQuery>,
    /// The worker's time when it came.
    pub(super) received: SystemTime,
    /// Its turn was applied.
    pub(super) is_done: bool,
    /// Where the next page is; empty: at the start.
    page_token: Bytes,
    cache_miss: bool,
    /// All that it has of history came with it.
    is_unfetched: bool,
    /// What the poll brought while the start was missing: it goes after the fetched pages.
    last_events: Vec<HistoryEvent>,
}

impl Task {
    /// A task for a run whose last applied event is `last_event_id`, if it is cached.
    pub(super) fn new(
        poll: PollWorkflowTaskQueueResponse,
        slot: Slot,
        last_event_id: Option<i64>,
        received: SystemTime,
    ) -> Result<Box<Self>, (Box<Self>, TaskFailure)> {
        let execution = poll.workflow_execution.unwrap_or_default();
        let events = poll.history.map(|history| history.events).unwrap_or_default();
        let has_query = poll.query.is_some() || !poll.queries.is_empty();
        let both_kinds = poll.query.is_some() && !poll.queries.is_empty();
        let first = events.first().map(|event| event.event_id);
        let is_cached = match (last_event_id, first) {
            (Some(last), Some(first)) => first <= last.saturating_add(1),
            (Some(_), None) => has_query,
            (None, _) => false,
        };
        let from_start = is_cached || first == Some(1);
        let is_unfetched = from_start && poll.next_page_token.is_empty();
        let after = if is_cached {
            last_event_id.unwrap_or_default()
        } else {
            0
        };
        let mut task = Box::new(Self {
            info: Arc::new(TaskInfo {
                token: poll.task_token,
                workflow_id: execution.workflow_id,
                run_id: execution.run_id,
                workflow_type: poll.workflow_type.map(|kind| kind.name).unwrap_or_default(),
                attempt: poll.attempt,
                is_query: poll.query.is_some(),
            }),
            slot,
            started_event_id: poll.started_event_id,
            previous_started_event_id: poll.previous_started_event_id,
            cursor: Cursor::new(after, poll.started_event_id),
            messages: poll.messages,
            queries: poll.queries,
            query: poll.query.map(|query| *query),
            received,
            is_done: false,
            page_token: if from_start { poll.next_page_token } else { Bytes::new() },
            cache_miss: !is_cached,
            is_unfetched,
            last_events: Vec::new(),
        });
        if both_kinds {
            return Err((
                task,
                TaskFailure::new("the server sent queries of both kinds in one task"),
            ));
        }
        if first.is_none() && !has_query {
            return Err((
                task,
                TaskFailure::new("the server sent a task with neither history nor a query"),
            ));
        }
        if !from_start {
            task.last_events = events;
            return Ok(task);
        }
        match task.cursor.push(events) {
            Ok(()) => {
                if task.page_token.is_empty() {
                    task.cursor.finish();
                }
                Ok(task)
            }
            Err(error) => Err((task, TaskFailure::new(error.to_string()))),
        }
    }

    /// Whether what may be cached of the run is of no use.
    pub(super) fn is_cache_miss(&self) -> bool {
        self.cache_miss
    }

    pub(super) fn key(&self) -> RunKey {
        RunKey(Arc::clone(&self.info))
    }

    pub(super) fn fetch(&self, namespace: &str) -> GetWorkflowExecutionHistoryRequest {
        GetWorkflowExecutionHistoryRequest {
            namespace: namespace.to_owned(),
            execution: Some(WorkflowExecution {
                workflow_id: self.info.workflow_id.clone(),
                run_id: self.info.run_id.clone(),
            }),
            maximum_page_size: HISTORY_PAGE_EVENTS_MAX,
            next_page_token: self.page_token.clone(),
            ..GetWorkflowExecutionHistoryRequest::default()
        }
    }

    /// Takes in a fetched page. An empty one with a token to another is no end.
    pub(super) fn take_page(&mut self, page: GetWorkflowExecutionHistoryResponse) -> Result<(), TaskFailure> {
        let failure = |error: HistoryError| TaskFailure::new(error.to_string());
        let events = page.history.map(|history| history.events).unwrap_or_default();
        self.cursor.push(events).map_err(failure)?;
        self.page_token = page.next_page_token;
        if self.page_token.is_empty() {
            let rest = mem::take(&mut self.last_events);
            self.cursor.push(rest).map_err(failure)?;
            self.cursor.finish();
        }
        Ok(())
    }

    /// Forgets what came with a task, if that ended too early and nothing else was looked at: the whole history is
    /// fetched, once.
    pub(super) fn begin_anew(&mut self) -> bool {
        if mem::take(&mut self.is_unfetched) {
            self.cursor = Cursor::new(0, self.started_event_id);
            self.cache_miss = true;
            return true;
        }
        false
    }

    /// The failure of a task whose history ends too early.
    pub(super) fn premature_end(&self) -> TurnError {
        let error = HistoryError::PrematureEnd {
            expected: self.started_event_id,
            last: self.cursor.last_event_id(),
        };
        TurnError::Task(TaskFailure::new(error.to_string()))
    }
}

/// The run that a task is for.
pub(super) fn run_id(poll: &PollWorkflowTaskQueueResponse) -> &str {
    poll.workflow_execution
        .as_ref()
        .map_or("", |execution| execution.run_id.as_str())
}

/// The failure of a task of a workflow type that nobody registered.
pub(super) fn unregistered(kind: &str, options: &ShardOptions, registered: &[String]) -> TaskFailure {
    let known = if registered.is_empty() {
        "no workflow is".to_owned()
    } else {
        format!("registered are: {}", registered.join(", "))
    };
    TaskFailure::new(format!(
        "workflow type '{kind}' isn't registered with this worker of task queue '{}'; {known}. Register it, or start it on \
         the task queue of a worker that has it.",
        options.task_queue
    ))
}
