//! Many runs behind a cache: what a worker's I/O driver talks to.
//!
//! After each [`Shard::handle`] drain [`Shard::poll_output`] until it returns `None`, then wait for the next input.

mod cache;
mod finish;
mod local_activity;
mod size;
mod task;
mod watch;

use crate::{
    LocalActivityKey, LocalActivityOutcome, LocalActivityStop, LocalActivityTask, Locate, Programs, Run, Start,
    TaskFailure, TurnError, guard, history::Step, limits::BUFFERED_QUERIES_MAX,
};
use cache::{Cache, Entry, Stage};
use local_activity::LocalActivities;
use std::{any::Any, collections::VecDeque, mem, sync::Arc, time::SystemTime};
use steadfast_proto::{
    deployment::{WorkerDeploymentOptions, WorkerDeploymentVersion},
    enums::VersioningBehavior,
    workflowservice::{
        GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse, PollWorkflowTaskQueueResponse,
        RespondQueryTaskCompletedRequest, RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskCompletedResponse,
        RespondWorkflowTaskFailedRequest,
    },
};
use task::Task;
use watch::Watched;

pub use size::PayloadLimits;
pub use task::TaskInfo;
pub use watch::Watch;

/// Names a run within a shard, and the task of it that is worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunKey(pub(crate) Arc<TaskInfo>);

impl RunKey {
    /// The run's id.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.0.run_id
    }

    /// The workflow's id.
    #[must_use]
    pub fn workflow_id(&self) -> &str {
        &self.0.workflow_id
    }

    /// The workflow's type.
    #[must_use]
    pub fn workflow_type(&self) -> &str {
        &self.0.workflow_type
    }

    /// How often the task was tried, this time included.
    #[must_use]
    pub fn attempt(&self) -> i32 {
        self.0.attempt
    }
}

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
    /// How many local activities run at the same time; at least one does.
    pub max_local_activities: usize,
    /// Which build of which deployment the worker is, if it says so.
    pub deployment: Option<WorkerDeploymentOptions>,
    /// How runs move between builds of the deployment, if their workflow doesn't say.
    pub versioning_behavior: VersioningBehavior,
    /// How large what a task sends may be.
    pub payload_limits: PayloadLimits,
}

impl ShardOptions {
    fn deployment_version(&self) -> Option<WorkerDeploymentVersion> {
        let deployment = self.deployment.as_ref()?;
        let is_named = !deployment.deployment_name.is_empty();
        is_named.then(|| WorkerDeploymentVersion {
            deployment_name: deployment.deployment_name.clone(),
            build_id: deployment.build_id.clone(),
        })
    }
}

/// What a task takes up outside, if that is more than a number: dropped when the task is answered.
pub type Slot = Option<Box<dyn Any + Send>>;

/// What happened outside.
pub enum Input {
    /// A poll brought a task. An empty one is ignored.
    WorkflowTask(Box<PollWorkflowTaskQueueResponse>, Slot),
    /// The answer to [`Output::FetchHistory`].
    HistoryPage(RunKey, Result<Box<GetWorkflowExecutionHistoryResponse>, Refusal>),
    /// The answer to [`Output::Complete`].
    Completed(RunKey, Result<Box<RespondWorkflowTaskCompletedResponse>, Refusal>),
    /// The answer to [`Output::Fail`].
    Failed(RunKey, Result<(), Refusal>),
    /// What came of [`Output::RunLocalActivity`].
    LocalActivity(LocalActivityKey, LocalActivityOutcome),
    /// The time that [`Shard::next_deadline`] named has come.
    Deadline,
    /// The worker stops: local activities that run go on, and are not tried again here.
    Leaving,
    /// The worker stops for good: local activities are told to stop, and their runs go to other workers.
    LeavingNow,
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
    AnswerQuery(RunKey, Box<RespondQueryTaskCompletedRequest>),
    /// Fetch a page of history, then hand it in with [`Input::HistoryPage`].
    FetchHistory(RunKey, Box<GetWorkflowExecutionHistoryRequest>),
    /// Make an attempt at a local activity, then tell what came of it with [`Input::LocalActivity`].
    RunLocalActivity(Box<LocalActivityTask>),
    /// Tell the body of a local activity to stop; what comes of it is to be told all the same.
    StopLocalActivity(LocalActivityKey, LocalActivityStop),
    /// Something a person may want to know, to be logged by the driver.
    Notice(Notice),
}

/// Something a person may want to know.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// A workflow task failed.
    TaskFailed {
        /// Of which workflow.
        workflow_id: String,
        /// Of which run.
        run_id: String,
        /// Of which type.
        workflow_type: String,
        /// Only the first attempt is reported to the server.
        attempt: i32,
        /// What happened.
        message: String,
    },
    /// A signal had no handler, or could not be decoded.
    SignalDropped {
        /// To which workflow.
        workflow_id: String,
        /// To which run.
        run_id: String,
        /// The signal's name.
        signal: String,
        /// Why nobody got it.
        reason: String,
    },
    /// A payload is so large that it is better kept elsewhere.
    LargePayload {
        /// Of which workflow.
        workflow_id: String,
        /// Of which run.
        run_id: String,
        /// Of which type.
        workflow_type: String,
        /// What it belongs to, and its size.
        message: String,
    },
    /// A run ended and left handlers behind that hadn't finished.
    HandlersUnfinished {
        /// Of which workflow.
        workflow_id: String,
        /// Of which run.
        run_id: String,
        /// Which: `signal add`, `update ship (7)`.
        handlers: Vec<String>,
    },
    /// A run left the cache.
    Evicted {
        /// Which run.
        run_id: String,
        /// Why.
        reason: String,
    },
}

/// Many runs behind a cache. `Send`; one shard is driven by one task.
pub struct Shard {
    options: ShardOptions,
    deployment_version: Option<Arc<WorkerDeploymentVersion>>,
    programs: Box<dyn Programs>,
    cache: Cache,
    outputs: VecDeque<Output>,
    outstanding: usize,
    watched: Watched,
    locate: Option<Locate>,
    cache_hits: u64,
    cache_misses: u64,
    locals: LocalActivities,
    /// The time of the input at hand.
    now: SystemTime,
    leaving: bool,
    leaving_now: bool,
}

impl Shard {
    /// An empty shard.
    #[must_use]
    pub fn new(options: ShardOptions, programs: Box<dyn Programs>) -> Self {
        Self {
            deployment_version: options.deployment_version().map(Arc::new),
            options,
            programs,
            cache: Cache::default(),
            outputs: VecDeque::new(),
            outstanding: 0,
            watched: Watched::default(),
            locate: None,
            cache_hits: 0,
            cache_misses: 0,
            locals: LocalActivities::default(),
            now: SystemTime::UNIX_EPOCH,
            leaving: false,
            leaving_now: false,
        }
    }

    /// The shard, with somebody who looks on while code runs.
    #[must_use]
    pub fn watched(mut self, watch: Box<dyn Watch>) -> Self {
        self.watched = Watched::by(watch);
        self
    }

    /// The shard, with somebody who finds lines of code, to tell where code awaits what it must not.
    #[must_use]
    pub fn located_by(mut self, locate: Locate) -> Self {
        self.locate = Some(locate);
        self
    }

    /// Takes in what happened; workflow code runs in this call.
    pub fn handle(&mut self, now: SystemTime, input: Input) {
        self.now = now;
        match input {
            Input::WorkflowTask(poll, place) => self.handle_task(poll, place),
            Input::HistoryPage(key, page) => self.handle_page(&key, page),
            Input::Completed(key, response) => self.handle_completed(&key, response),
            Input::Failed(key, _) => self.handle_failed(&key),
            Input::LocalActivity(key, outcome) => self.handle_local_activity(key, outcome),
            Input::Deadline => self.handle_deadlines(),
            Input::Leaving => self.leave(false),
            Input::LeavingNow => self.leave(true),
        }
        self.go_on_with_touched();
    }

    /// What is to be done next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Deadline`] is to be given, if at all.
    #[must_use]
    pub fn next_deadline(&self) -> Option<SystemTime> {
        self.locals.next_deadline()
    }

    /// How many tasks are held: taken in and not yet answered.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.outstanding
    }

    /// How many runs are cached.
    #[must_use]
    pub fn cached(&self) -> usize {
        self.cache.runs()
    }

    /// How many tasks found their run in the cache.
    #[must_use]
    pub fn cache_hits(&self) -> u64 {
        self.cache_hits
    }

    /// How many tasks of runs that had begun had to replay them.
    #[must_use]
    pub fn cache_misses(&self) -> u64 {
        self.cache_misses
    }

    fn handle_task(&mut self, poll: Box<PollWorkflowTaskQueueResponse>, place: Slot) {
        // The answer to a long poll that found nothing.
        if poll.task_token.is_empty() {
            return;
        }
        self.outstanding = self.outstanding.saturating_add(1);
        let slot = self.cache.slot(task::run_id(&poll));
        let Some(entry) = self.cache.at(slot) else { return };
        if matches!(entry.stage, Stage::Idle) {
            self.start(slot, poll, place);
            return;
        }
        // A run works on one task at a time. Of tasks that wait, the latest knows more; of queries, each wants its answer.
        if poll.query.is_some() {
            entry.buffered_queries.push_back((poll, place));
            if entry.buffered_queries.len() > BUFFERED_QUERIES_MAX && entry.buffered_queries.pop_front().is_some() {
                self.outstanding = self.outstanding.saturating_sub(1);
            }
        } else if entry.buffered.replace((poll, place)).is_some() {
            self.outstanding = self.outstanding.saturating_sub(1);
        }
    }

    fn start(&mut self, slot: u32, poll: Box<PollWorkflowTaskQueueResponse>, place: Slot) {
        self.cache.set_busy(slot);
        let Some(entry) = self.cache.at(slot) else { return };
        let last_event_id = entry.run.as_ref().map(Run::last_event_id);
        match Task::new(*poll, place, last_event_id, self.now) {
            Ok(task) => {
                if !task.is_cache_miss() {
                    self.cache_hits = self.cache_hits.saturating_add(1);
                } else if task.previous_started_event_id > 0 {
                    self.cache_misses = self.cache_misses.saturating_add(1);
                }
                if task.is_cache_miss() {
                    self.drop_run(slot);
                }
                self.advance(slot, task);
            }
            Err((task, error)) => self.fail(slot, task, &TurnError::Task(error)),
        }
    }

    /// Works on a task as far as the history at hand allows.
    fn advance(&mut self, slot: u32, mut task: Box<Task>) {
        loop {
            match task.cursor.step() {
                Step::Turn(mut turn) => {
                    if let Err(error) = self.ensure_run(slot, &task, &mut turn) {
                        return self.fail(slot, task, &error);
                    }
                    let Some(run) = self.cache.at(slot).and_then(|entry| entry.run.as_mut()) else {
                        return;
                    };
                    let is_live = turn
                        .started
                        .is_some_and(|started| started.event_id == task.cursor.target());
                    if is_live {
                        turn.messages = mem::take(&mut task.messages);
                    }
                    let now = self.now;
                    let outcome = match self.watched.call(&task.info, || run.turn(*turn, now)) {
                        Ok(outcome) => outcome,
                        Err(reason) => return self.give_up(slot, &task.info, reason),
                    };
                    match outcome {
                        Ok(()) => task.is_done |= is_live,
                        Err(error) => return self.fail(slot, task, &error),
                    }
                    self.report_messages(slot, &task);
                }
                Step::NeedPage => return self.fetch(slot, task),
                Step::End => return self.finish(slot, task),
            }
        }
    }

    /// A run that isn't cached begins with its first turn.
    fn ensure_run(&mut self, slot: u32, task: &Task, turn: &mut crate::history::Turn) -> Result<(), TurnError> {
        if self.cache.at(slot).is_some_and(|entry| entry.run.is_some()) {
            return Ok(());
        }
        let start = Start::take(turn).map_err(|error| TaskFailure::new(error.to_string()))?;
        let kind = start.workflow_type();
        let program = guard::call("making a workflow instance", || self.programs.create(kind))?;
        let program = program.ok_or_else(|| task::unregistered(kind, &self.options, &self.programs.registered()))?;
        let start = Start {
            namespace: self.options.namespace.clone(),
            workflow_id: task.info.workflow_id.clone(),
            run_id: task.info.run_id.clone(),
            ..start
        };
        self.make_room();
        let run = Run::new(program, start, self.options.record_flags)
            .deployed_as(self.deployment_version.clone())
            .located_by(self.locate);
        self.cache.put_run(slot, run);
        Ok(())
    }

    /// Evicts the run that was idle longest, if the cache is full.
    fn make_room(&mut self) {
        while self.cache.runs() >= self.options.max_cached_workflows.max(1) {
            let Some(slot) = self.cache.oldest_idle() else { return };
            self.evict(slot, "the cache is full");
        }
    }

    fn evict(&mut self, slot: u32, reason: &str) {
        self.drop_local_activities(slot);
        if let Some(entry) = self.cache.remove(slot) {
            self.outputs.push_back(Output::Notice(Notice::Evicted {
                run_id: entry.run_id.to_string(),
                reason: reason.to_owned(),
            }));
            guard::drop_quietly(entry);
        }
    }

    fn fetch(&mut self, slot: u32, task: Box<Task>) {
        let request = task.fetch(&self.options.namespace);
        let key = task.key();
        if let Some(entry) = self.cache.at(slot) {
            entry.stage = Stage::Fetching(task);
            self.outputs.push_back(Output::FetchHistory(key, Box::new(request)));
        }
    }

    fn handle_page(&mut self, key: &RunKey, page: Result<Box<GetWorkflowExecutionHistoryResponse>, Refusal>) {
        let Some(slot) = self.cache.find(key.run_id()) else {
            return;
        };
        let Some(entry) = self.cache.at(slot) else { return };
        let mut task = match mem::take(&mut entry.stage) {
            Stage::Fetching(task) => task,
            stage => {
                entry.stage = stage;
                return;
            }
        };
        entry.stage = Stage::Working;
        match page {
            Ok(page) => match task.take_page(*page) {
                Ok(()) => self.advance(slot, task),
                Err(error) => self.fail(slot, task, &TurnError::Task(error)),
            },
            Err(refusal) => self.fail_fetch(slot, task, &refusal),
        }
    }

    fn report_messages(&mut self, slot: u32, task: &Task) {
        let Some(run) = self.cache.at(slot).and_then(|entry| entry.run.as_mut()) else {
            return;
        };
        for dropped in run.take_dropped_signals() {
            self.outputs.push_back(Output::Notice(Notice::SignalDropped {
                workflow_id: task.info.workflow_id.clone(),
                run_id: task.info.run_id.clone(),
                signal: dropped.signal,
                reason: dropped.reason,
            }));
        }
        let handlers = run.take_unfinished_handlers();
        if !handlers.is_empty() {
            self.outputs.push_back(Output::Notice(Notice::HandlersUnfinished {
                workflow_id: task.info.workflow_id.clone(),
                run_id: task.info.run_id.clone(),
                handlers,
            }));
        }
    }
}

/// A run's tasks come to nothing with its shard; nobody is told.
impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(run) = self.run.take() {
            guard::drop_quietly(run);
        }
    }
}
