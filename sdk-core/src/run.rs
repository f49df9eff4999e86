//! One workflow execution, driven one turn at a time.

mod deliver;
mod foreign;
mod handler;

use crate::{
    BoxFuture, Exit, Host, Program, Start, TaskFailure, WorkflowInfo,
    flags::Flags,
    guard,
    history::Turn,
    host::Shared,
    journal::{Applied, Journal, Mode},
    limits::POLLS_PER_TURN_MAX,
    local_activity::{Ended, Request},
    machines::{Unexpected, terminal, update::Incoming},
    mismatch::TurnError,
    operation::RoutineId,
    program::{FailurePolicy, Signal},
    random::Random,
    routine::{self, Ready},
};
pub use foreign::Locate;
use handler::{Finished, Handler, HandlerRoutine};
use std::{
    collections::BTreeMap,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::SystemTime,
};
use steadfast_proto::{
    Shared as SharedMessage, command::Command, common::Payloads, deployment::WorkerDeploymentVersion,
    enums::VersioningBehavior, failure::Failure, history::WorkflowExecutionStartedEventAttributes, protocol::Message,
    query::WorkflowQuery, sdk::WorkflowTaskCompletedMetadata,
};

/// One workflow execution.
///
/// [`turn`](Self::turn) is called with the run's turns in order; dropping a run evicts it.
pub struct Run {
    shared: Arc<Shared>,
    host: Host,
    program: Option<Box<dyn Program>>,
    ready: Arc<Ready>,
    main: Main,
    handlers: BTreeMap<u32, Handler>,
    handlers_created: u32,
    /// That of this worker.
    deployment_version: Option<Arc<WorkerDeploymentVersion>>,
    outbox: Vec<Message>,
    unhandled_signals: Vec<Signal>,
    /// Updates of the first task that had no handler before the main routine began.
    early_updates: Vec<Incoming>,
    unfinished_handlers: Vec<String>,
    /// What history had recorded before the last completion, if that recorded something new.
    flags_before: Option<Box<Flags>>,
    dropped_signals: Vec<DroppedSignal>,
    locate: Option<Locate>,
}

/// The main routine.
enum Main {
    NotStarted(SharedMessage<WorkflowExecutionStartedEventAttributes>),
    /// Not yet polled.
    Created(BoxFuture<Result<Option<Payloads>, Exit>>, Waker),
    Running(BoxFuture<Result<Option<Payloads>, Exit>>, Waker),
    Ended,
}

/// A signal that nobody handles, or whose arguments nobody can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedSignal {
    /// The signal's name.
    pub signal: String,
    /// Why it went nowhere.
    pub reason: String,
}

impl Run {
    /// A run of which no turn has been applied.
    #[must_use]
    pub fn new(program: Box<dyn Program>, start: Start, records_flags: bool) -> Self {
        let random = Random::of_run(start.seed());
        let start_time = start.start_time.unwrap_or(SystemTime::UNIX_EPOCH);
        let task_queue = start.started.task_queue.clone();
        let journal = Journal::new(start_time, random, Flags::new(records_flags), task_queue);
        let shared = Arc::new(Shared::new(journal, start.info()));
        Self {
            host: Host::new(Arc::clone(&shared)),
            shared,
            program: Some(program),
            ready: Arc::default(),
            main: Main::NotStarted(start.started),
            handlers: BTreeMap::new(),
            handlers_created: 0,
            deployment_version: None,
            outbox: Vec::new(),
            unhandled_signals: Vec::new(),
            early_updates: Vec::new(),
            unfinished_handlers: Vec::new(),
            flags_before: None,
            dropped_signals: Vec::new(),
            locate: None,
        }
    }

    /// The deployment version of this worker, which code sees in turns that aren't replayed.
    #[must_use]
    pub fn deployed_as(mut self, version: Option<Arc<WorkerDeploymentVersion>>) -> Self {
        self.deployment_version = version;
        self
    }

    /// With somebody who finds lines of code, to tell where code awaits what it must not.
    #[must_use]
    pub fn located_by(mut self, locate: Option<Locate>) -> Self {
        self.locate = locate;
        self
    }

    /// Whether the run stays with the deployment version it began on or moves on, as its code says.
    #[must_use]
    pub fn versioning(&self) -> Option<VersioningBehavior> {
        self.program.as_ref()?.versioning()
    }

    /// Whether this fails the workflow, as its code says, and not its task alone.
    pub(crate) fn is_failed_by(&self, error: &TurnError) -> bool {
        let policy = self
            .program
            .as_ref()
            .map_or_else(FailurePolicy::default, |program| program.failure_policy());
        match error {
            TurnError::Mismatch(_) => policy.mismatch,
            TurnError::Task(failure) => failure.is_panic && policy.panic,
        }
    }

    /// Applies a turn and lets code run until it comes to rest; `now` is the worker's time. What it leads to is taken by
    /// [`take_commands`](Self::take_commands), once no local activity [holds the task](Self::holds_task) open.
    ///
    /// # Errors
    /// Code failed the task, or isn't the code that made the history. The run is then to be dropped.
    pub fn turn(&mut self, turn: Turn, now: SystemTime) -> Result<(), TurnError> {
        let Turn {
            mut events,
            started,
            replaying,
            ahead,
            messages,
        } = turn;
        let mut applied = Applied::default();
        {
            let mut journal = self.shared.journal();
            journal.replaying = replaying;
            journal.worker_time = now;
            journal.observe_patches(ahead.patches);
            journal.deployment_version = if replaying {
                ahead.deployment_version.map(Arc::new)
            } else {
                self.deployment_version.clone()
            };
            if let Some(metadata) = &ahead.completed {
                journal.flags.observe(metadata);
            }
            let mut messages = deliver::Inbox::new(messages)?;
            let mut following = events.as_mut_slice();
            while let Some((event, rest)) = following.split_first_mut() {
                messages.deliver_before(event.event_id, &mut applied.deliveries);
                journal.apply(event, rest, &mut applied)?;
                following = rest;
            }
            messages.deliver_rest(&mut applied.deliveries);
            if let Some(number) = journal.flags.unknown() {
                let message = format!("the history uses flag {number}, which a newer version of the SDK introduced");
                return Err(TaskFailure::new(message).into());
            }
            deliver::add_accepted(&mut journal, ahead.accepted, &mut applied.deliveries)?;
            journal.expect_settled()?;
            let Some(started) = started else {
                return Ok(());
            };
            journal.history_length = journal.last_event_id;
            journal.now = started.time.map_or(journal.now, |time| time.max(journal.now));
            if journal.has_ended() {
                return Ok(());
            }
            journal.locals.begin_task(ahead.local_activities);
            if !replaying {
                journal
                    .run_replayed_local_activities(&mut applied.wakers)
                    .map_err(task_ended)?;
                journal.deliver_ended(&mut applied.wakers).map_err(task_ended)?;
            }
        }
        self.run_with_markers(applied)
    }

    /// Lets code run for what it didn't see yet of local activities that ended; `now` is the worker's time.
    ///
    /// # Errors
    /// As those of [`turn`](Self::turn).
    pub(crate) fn deliver_ended(&mut self, now: SystemTime) -> Result<(), TurnError> {
        let mut applied = Applied::default();
        {
            let mut journal = self.shared.journal();
            journal.worker_time = now;
            if journal.has_ended() {
                return Ok(());
            }
            journal.deliver_ended(&mut applied.wakers).map_err(task_ended)?;
        }
        self.run_with_markers(applied)
    }

    /// The worker says how a local activity ended; code hears of it in its next run.
    pub(crate) fn add_ended(&mut self, ended: Ended) {
        self.shared.journal().locals.add_ended(ended);
    }

    /// Whether a local activity ended that code didn't hear of.
    pub(crate) fn has_ended_local_activities(&self) -> bool {
        self.shared.journal().locals.have_ended()
    }

    /// What the worker is to do about local activities.
    pub(crate) fn take_local_requests(&mut self) -> Vec<Request> {
        self.shared.journal().take_local_requests()
    }

    /// The commands to be sent; when replaying there are none, history has them.
    pub fn take_commands(&mut self) -> Vec<Command> {
        self.shared.journal().send()
    }

    /// Whether a local activity keeps the workflow task open.
    #[must_use]
    pub fn holds_task(&self) -> bool {
        let journal = self.shared.journal();
        journal.locals.hold_task() && !journal.has_ended()
    }

    /// Lets code run, and again for each group of local activities that ended in this task, as markers tell.
    fn run_with_markers(&mut self, mut applied: Applied) -> Result<(), TurnError> {
        let is_new = matches!(self.main, Main::NotStarted(_));
        self.shared.journal().happened |= is_new || !applied.deliveries.is_empty();
        loop {
            {
                let mut journal = self.shared.journal();
                journal.resolve_seen(None, &mut applied.wakers);
                if !journal.happened {
                    journal.locals.skip_to_next_group();
                    journal.resolve_seen(None, &mut applied.wakers);
                }
                if !std::mem::take(&mut journal.happened) {
                    return Ok(());
                }
                journal.locals.count_run();
                journal.mode = Mode::Code;
            }
            let is_disturbed = self.ready.begin();
            let outcome = if is_disturbed {
                Err(disturbed())
            } else {
                self.run_code(std::mem::take(&mut applied))
            };
            self.ready.rest();
            let mut journal = self.shared.journal();
            if outcome.is_ok() {
                journal.go_on_with_all_due();
            }
            journal.mode = Mode::Idle;
            outcome?;
            if let Some(violation) = journal.violation.take() {
                return Err((*violation).into());
            }
            let ends = journal.settle() && !journal.replaying;
            // What code itself resolved by cancelling, it has seen.
            journal.happened = false;
            let is_over = journal.has_ended() || !journal.locals.has_markers_ahead();
            drop(journal);
            if ends {
                self.note_unfinished();
            }
            if is_over {
                return Ok(());
            }
        }
    }

    /// Handlers that are left behind by the end of the run, and weren't meant to be.
    fn note_unfinished(&mut self) {
        let Some(program) = &self.program else { return };
        let unfinished = self
            .handlers
            .values()
            .filter(|handler| !program.may_be_abandoned(handler.kind(), &handler.name));
        self.unfinished_handlers = unfinished.map(Handler::describe).collect();
    }

    /// Lets code run: messages first, in the order of arrival, then cancellation, then all who were woken.
    fn run_code(&mut self, applied: Applied) -> Result<(), TaskFailure> {
        if let Main::NotStarted(started) = &self.main {
            let program = self.program.as_mut().ok_or_else(dead)?;
            let main = guard::call("creating the workflow", || program.start(&self.host, started))??;
            self.main = Main::Created(main, routine::waker(&self.ready, RoutineId::Main));
            self.ready.add(RoutineId::Main);
        }
        guard::wake(applied.wakers)?;
        for delivery in applied.deliveries {
            self.deliver(delivery)?;
        }
        let mut wakers = Vec::new();
        self.shared.journal().deliver_cancellation(&mut wakers);
        guard::wake(wakers)?;
        self.poll_until_rest()
    }

    fn poll_until_rest(&mut self) -> Result<(), TaskFailure> {
        let mut last = None;
        for _ in 0..POLLS_PER_TURN_MAX {
            self.deliver_kept()?;
            self.wake_conditions()?;
            let Some(next) = self.ready.take_after(last) else {
                return Ok(());
            };
            last = Some(next);
            match next {
                RoutineId::Main => self.poll_main()?,
                RoutineId::Handler(id) => self.poll_handler(id)?,
            }
        }
        Err(TaskFailure::new(format!(
            "the workflow doesn't come to rest: its routines were polled {POLLS_PER_TURN_MAX} times in one task. Look for \
             a loop that awaits nothing but what is ready, or a wait whose condition changes the state."
        )))
    }

    fn wake_conditions(&self) -> Result<(), TaskFailure> {
        let mut wakers = Vec::new();
        self.shared.journal().take_condition_wakers(&mut wakers);
        guard::wake(wakers)
    }

    fn poll_main(&mut self) -> Result<(), TaskFailure> {
        self.main = match std::mem::replace(&mut self.main, Main::Ended) {
            Main::Created(future, waker) => Main::Running(future, waker),
            main => main,
        };
        let Main::Running(future, waker) = &mut self.main else {
            return Ok(());
        };
        self.shared.journal().current = Some(RoutineId::Main);
        let poll = guard::call("the workflow", || future.as_mut().poll(&mut Context::from_waker(waker)));
        self.shared.journal().current = None;
        let result = match poll? {
            Poll::Pending => return self.expect_own_future(RoutineId::Main, "the workflow's main routine"),
            Poll::Ready(result) => result,
        };
        guard::drop_quietly(std::mem::replace(&mut self.main, Main::Ended));
        self.shared.journal().forget_routine(RoutineId::Main);
        match result {
            Ok(result) => self.shared.journal().end(terminal::complete(result)),
            Err(exit) => self.exit(exit)?,
        }
        Ok(())
    }

    fn poll_handler(&mut self, id: u32) -> Result<(), TaskFailure> {
        let Some(handler) = self.handlers.get_mut(&id) else {
            return Ok(());
        };
        let routine = RoutineId::Handler(id);
        {
            let mut journal = self.shared.journal();
            journal.current = Some(routine);
            journal.current_update = handler.update().cloned();
            journal.current_header = handler.header().cloned();
        }
        let context = &mut Context::from_waker(&handler.waker);
        let what = format!("the handler of {}", handler.describe());
        let poll = match &mut handler.routine {
            HandlerRoutine::Signal(future, _) => {
                guard::call(&what, || future.as_mut().poll(context).map(Finished::Signal))
            }
            HandlerRoutine::Update(future, ..) => {
                guard::call(&what, || future.as_mut().poll(context).map(Finished::Update))
            }
        };
        {
            let mut journal = self.shared.journal();
            journal.current = None;
            journal.current_update = None;
            journal.current_header = None;
        }
        match poll? {
            Poll::Pending => self.expect_own_future(routine, &what),
            Poll::Ready(finished) => self.finish_handler(id, finished),
        }
    }

    fn finish_handler(&mut self, id: u32, finished: Finished) -> Result<(), TaskFailure> {
        let Some(handler) = self.handlers.remove(&id) else {
            return Ok(());
        };
        let routine = RoutineId::Handler(id);
        self.ready.remove(routine);
        if self.handlers.is_empty() {
            // An empty map that had members keeps room for eleven.
            self.handlers = BTreeMap::new();
        }
        {
            let mut journal = self.shared.journal();
            journal.forget_routine(routine);
            journal.handlers = journal.handlers.saturating_sub(1);
            // Others may wait until all handlers are done.
            journal.dirty = true;
        }
        match (handler.routine, finished) {
            (HandlerRoutine::Update(future, update, _), Finished::Update(result)) => {
                guard::drop_quietly(future);
                self.complete_update(*update, result)
            }
            (routine, finished) => {
                guard::drop_quietly(routine);
                match finished {
                    Finished::Signal(Err(exit)) => self.exit(exit),
                    Finished::Signal(Ok(())) | Finished::Update(_) => Ok(()),
                }
            }
        }
    }

    /// Ends the run as a main routine or signal handler asks.
    fn exit(&self, exit: Exit) -> Result<(), TaskFailure> {
        let mut journal = self.shared.journal();
        let attributes = terminal::from_exit(
            exit,
            journal.cancel_requested,
            terminal::Current {
                info: &self.shared.info,
                search_attributes: &journal.search_attributes,
                memo: &journal.memo,
            },
        )?;
        journal.end(attributes);
        Ok(())
    }

    /// Answers a query from the state as it is; nothing may change, and it always counts as replayed.
    ///
    /// # Errors
    /// The failure that the caller sees.
    pub fn query(&mut self, query: &WorkflowQuery) -> Result<Option<Payloads>, Failure> {
        if matches!(self.main, Main::NotStarted(_)) {
            return Err(Failure::application(
                "NotStarted",
                "the workflow hasn't completed its first workflow task, so it has no state to be queried",
            ));
        }
        let was_replaying = {
            let mut journal = self.shared.journal();
            journal.mode = Mode::ReadOnly;
            journal.current_header = query.header.clone().map(Arc::new);
            std::mem::replace(&mut journal.replaying, true)
        };
        let answer = match self.program.as_mut() {
            Some(program) => guard::call("the query handler", || program.query(&self.host, query)),
            None => Err(dead()),
        };
        let mut journal = self.shared.journal();
        journal.mode = Mode::Idle;
        journal.current_header = None;
        journal.replaying = was_replaying;
        journal.dirty = false;
        let violation = journal.violation.take();
        match (answer, violation) {
            (Ok(answer), None) => answer,
            (Err(failure), _) => Err(Failure::application("QueryFailed", failure.to_string())),
            (Ok(_), Some(violation)) => Err(Failure::application("QueryFailed", violation.to_string())),
        }
    }

    /// The protocol messages to be sent with the commands of the last turn.
    pub fn take_messages(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.outbox)
    }

    /// Signals of the last turn that went nowhere; none are told when replaying.
    pub fn take_dropped_signals(&mut self) -> Vec<DroppedSignal> {
        std::mem::take(&mut self.dropped_signals)
    }

    /// Signals without a handler, kept for one that may come.
    #[must_use]
    pub fn unhandled_signals(&self) -> &[Signal] {
        &self.unhandled_signals
    }

    /// Handlers that the end of the run, in the last turn, left behind unfinished: `update ship (7)`, the last being its id.
    pub fn take_unfinished_handlers(&mut self) -> Vec<String> {
        std::mem::take(&mut self.unfinished_handlers)
    }

    /// What a task's completion records about the SDK.
    pub fn record_sdk(&mut self, name: &str, version: &str) -> Option<WorkflowTaskCompletedMetadata> {
        let mut journal = self.shared.journal();
        let has_news = journal.flags.has_news(name, version);
        self.flags_before = has_news.then(|| Box::new(journal.flags.clone()));
        journal.flags.record(name, version)
    }

    /// The server took the last task's completion: what it recorded is there to stay.
    pub(crate) fn keep(&mut self) {
        self.flags_before = None;
    }

    /// The server threw away the task just answered, which did nothing but reject updates: its two events never were, nor was
    /// what it recorded.
    pub fn roll_back(&mut self) {
        let mut journal = self.shared.journal();
        journal.last_event_id = journal.last_event_id.saturating_sub(2);
        if let Some(flags) = self.flags_before.take() {
            journal.flags = *flags;
        }
    }

    /// Whether code has ended the run.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.shared.journal().has_ended()
    }

    /// The id of the last event applied.
    #[must_use]
    pub fn last_event_id(&self) -> i64 {
        self.shared.journal().last_event_id
    }

    /// What stays the same for the whole run.
    #[must_use]
    pub fn info(&self) -> &WorkflowInfo {
        &self.shared.info
    }

    /// The same, to be kept.
    pub(crate) fn shared_info(&self) -> Arc<WorkflowInfo> {
        Arc::clone(&self.shared.info)
    }

    /// How many operations are open, including those that code no longer waits for.
    #[must_use]
    pub fn open_operations(&self) -> usize {
        self.shared.journal().open_operations()
    }
}

fn disturbed() -> TaskFailure {
    TaskFailure::new(
        "the workflow was woken by a future that isn't its own: one of a channel, a lock, a thread or a runtime's timer. When \
         that is ready can't be replayed. Await only what the workflow context gives; do everything else in an activity.",
    )
}

fn task_ended(_: Unexpected) -> TurnError {
    TaskFailure::new("a local activity ended that doesn't run").into()
}

fn dead() -> TaskFailure {
    TaskFailure::new("the run is gone")
}

/// Eviction. Destructors of users see a closed host and change nothing.
impl Drop for Run {
    fn drop(&mut self) {
        let wakers = self.shared.journal().close();
        guard::drop_quietly(wakers);
        guard::drop_quietly(std::mem::replace(&mut self.main, Main::Ended));
        for (_, handler) in std::mem::take(&mut self.handlers) {
            guard::drop_quietly(handler);
        }
        guard::drop_quietly(self.program.take());
    }
}
