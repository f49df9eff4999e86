//! Many runs behind a cache: what a worker's I/O driver talks to.
//!
//! After each [`Shard::handle`] drain [`Shard::poll_output`] until it returns `None`, then wait for the next input.

use crate::Programs;
use std::time::SystemTime;
use steadfast_proto::workflowservice::{
    GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse, PollWorkflowTaskQueueResponse,
    RespondQueryTaskCompletedRequest, RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskCompletedResponse,
    RespondWorkflowTaskFailedRequest,
};

/// Names a run within a shard.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey(pub(crate) String);

/// How a shard behaves.
#[derive(Debug, Clone)]
pub struct ShardOptions {
    /// The namespace.
    pub namespace: String,
    /// The task queue that is polled.
    pub task_queue: String,
    /// Who the worker is.
    pub identity: String,
    /// How many runs stay in memory between tasks; zero means that none does and no sticky queue is used.
    pub max_cached_workflows: usize,
    /// The sticky queue of this shard, and how long a task may wait there.
    pub sticky_queue: Option<(String, std::time::Duration)>,
    /// SDK name and version, recorded in histories when they change.
    pub sdk: (String, String),
    /// Whether the server records SDK flags (its capability `sdk_metadata`).
    pub record_flags: bool,
    /// The worker's deployment build id, if any.
    pub build_id: Option<String>,
}

/// What happened outside.
pub enum Input {
    /// A poll brought a task. An empty one is ignored.
    WorkflowTask(Box<PollWorkflowTaskQueueResponse>),
    /// The answer to [`Output::FetchHistory`].
    HistoryPage(RunKey, Result<Box<GetWorkflowExecutionHistoryResponse>, Refusal>),
    /// The answer to [`Output::Complete`].
    Completed(RunKey, Result<Box<RespondWorkflowTaskCompletedResponse>, Refusal>),
    /// The answer to [`Output::Fail`].
    Failed(RunKey, Result<(), Refusal>),
}

/// Why the server refused a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The gRPC status code's number.
    pub code: i32,
    /// The status' message.
    pub message: String,
}

/// What is to be done outside.
pub enum Output {
    /// Answer a task, then tell how that went with [`Input::Completed`].
    Complete(RunKey, Box<RespondWorkflowTaskCompletedRequest>),
    /// Fail a task, then tell how that went with [`Input::Failed`].
    Fail(RunKey, Box<RespondWorkflowTaskFailedRequest>),
    /// Answer a query that came as a task of its own.
    AnswerQuery(Box<RespondQueryTaskCompletedRequest>),
    /// Fetch a page of history, then hand it in with [`Input::HistoryPage`].
    FetchHistory(RunKey, Box<GetWorkflowExecutionHistoryRequest>),
    /// Something a person may want to know, to be logged by the driver.
    Notice(Notice),
}

/// Something a person may want to know.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// A workflow task failed.
    TaskFailed {
        workflow_id: String,
        run_id: String,
        workflow_type: String,
        attempt: i32,
        message: String,
    },
    /// A signal had no handler, or could not be decoded.
    SignalDropped {
        workflow_id: String,
        run_id: String,
        signal: String,
        reason: String,
    },
    /// A run left the cache.
    Evicted { run_id: String, reason: String },
}

/// Many runs behind a cache. `Send`; one shard is driven by one task.
pub struct Shard {}

impl Shard {
    /// An empty shard.
    pub fn new(options: ShardOptions, programs: Box<dyn Programs>) -> Self {
        unimplemented!()
    }
    /// Takes in what happened; workflow code runs in this call.
    pub fn handle(&mut self, now: SystemTime, input: Input) {
        unimplemented!()
    }
    /// What is to be done next.
    pub fn poll_output(&mut self) -> Option<Output> {
        unimplemented!()
    }
    /// How many tasks are held: taken in and not yet answered.
    pub fn outstanding(&self) -> usize {
        unimplemented!()
    }
    /// How many runs are cached.
    pub fn cached(&self) -> usize {
        unimplemented!()
    }
}
