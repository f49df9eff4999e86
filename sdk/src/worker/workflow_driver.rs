//! Drives a shard: one task that owns it, its polls and its calls in flight. No lock, and nothing hops.

use super::{
    eager::{ActivityReservation, EagerActivities, EagerShard, EagerWorkflow},
    local_activity::{LocalActivities, LocalActivity},
    poller::{PollKind, Pollers},
    registry::RegisteredPrograms,
    scaler::{Polled, PollerBehavior},
    shared::Shared,
    slot::{HeldSlot, Slots},
    stack,
    status::Load,
    stop::Phase,
    watchdog,
};
use crate::client::RpcError;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::{
    collections::VecDeque,
    future::{Future, pending},
    pin::Pin,
    sync::{Arc, Weak, atomic::Ordering::Relaxed},
    time::{Duration, Instant, SystemTime},
};
use steadfast_core::{Input, Notice, Output, RunKey, Shard, ShardOptions};
use steadfast_proto::{
    enums::TaskQueueType,
    workflowservice::{
        GetWorkflowExecutionHistoryRequest, PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse,
        RespondWorkflowTaskCompletedRequest,
    },
};
use tokio::sync::mpsc;

use tokio::time::{Sleep, sleep};

/// How long a task may wait on a sticky queue before any worker may take it.
const STICKY_SCHEDULE_TO_START: Duration = Duration::from_secs(10);
/// How long open polls may take to end after the server was told of the shutdown.
const POLLS_END: Duration = Duration::from_secs(5);
/// How many pages of history are fetched at the same time.
const FETCHES_MAX: usize = 5;

/// What a shard is given.
pub(super) struct ShardSettings {
    pub(super) cached: usize,
    pub(super) local_activities: usize,
    pub(super) polls: PollerBehavior,
    pub(super) load: Arc<Load>,
    /// Whose slots the tasks take, if the shard doesn't just count them.
    pub(super) slots: Option<Slots>,
    pub(super) eager_activities: Option<EagerActivities>,
    pub(super) deadlock_timeout: Option<Duration>,
}

/// Runs a shard until the worker stops and the shard's tasks are answered.
pub(super) async fn drive(shared: Arc<Shared>, shard: usize, settings: ShardSettings) {
    let sticky_queue = (settings.cached > 0).then(|| format!("{}-{}-{shard}", shared.identity, shared.instance_key));
    let mut listener = shared.stop.listen();
    let mut draining = std::pin::pin!(listener.reached(Phase::Draining));
    let (eager, mut eager_tasks) = eager(&shared, &settings);
    let threads = shared.status.shards.len();
    let mut driver = Driver::new(&shared, sticky_queue.clone(), settings);
    driver.poll_tasks();
    loop {
        let deadline = driver.shard.next_deadline();
        tokio::select! {
            biased;
            () = &mut draining => break,
            Some(done) = driver.calls.next() => {
                if threads > 1 && done.runs_code() {
                    // What this task woke last waits in a place of this thread that no other thread looks into, perhaps
                    // the connection itself. Should the code block, that would wait with it.
                    tokio::task::yield_now().await;
                }
                driver.handle(done);
            }
            () = driver.alarm.reached(deadline) => driver.tell(Input::Deadline),
            Some(task) = eager_tasks.recv() => driver.take(task),
        }
        driver.make_calls();
        driver.poll_tasks();
        // In one process every call may be ready at once; others on this thread are to have their turn.
        tokio::task::consume_budget().await;
    }
    // From now on no start brings a task; those that were on the way are taken.
    drop(eager);
    eager_tasks.close();
    while let Ok(task) = eager_tasks.try_recv() {
        driver.take(task);
    }
    let announced = shared.announce_shutdown(sticky_queue.as_deref(), TaskQueueType::Workflow);
    tokio::join!(driver.drain(), announced);
}

/// Lets clients in this process bring tasks here with their starts, as long as the first value is held.
fn eager(
    shared: &Arc<Shared>,
    settings: &ShardSettings,
) -> (Option<Arc<EagerShard>>, mpsc::UnboundedReceiver<EagerWorkflow>) {
    let (tasks, arriving) = mpsc::unbounded_channel();
    if !shared.server.starts_eagerly {
        return (None, arriving);
    }
    let shard = Arc::new(EagerShard {
        worker_key: shared.instance_key.clone(),
        registry: Arc::clone(&shared.registry),
        deployment: shared.deployment.clone(),
        slots: settings.slots.clone(),
        load: Arc::clone(&settings.load),
        tasks,
    });
    let weak: Weak<EagerShard> = Arc::downgrade(&shard);
    shared.client.add_eager(shared.task_queue.clone(), weak);
    (Some(shard), arriving)
}

struct Driver<'a, C> {
    shared: &'a Arc<Shared>,
    sticky_queue: Option<String>,
    shard: Shard,
    pollers: Pollers,
    calls: FuturesUnordered<C>,
    /// Makes a call's future; all of them are of one type, so that none needs a box of its own.
    call: fn(Arc<Shared>, Call) -> C,
    polls_open: usize,
    fetches_open: usize,
    /// Fetches that wait for others to end.
    fetches: VecDeque<(RunKey, Box<GetWorkflowExecutionHistoryRequest>)>,
    slots: Option<Slots>,
    load: Arc<Load>,
    eager_activities: Option<EagerActivities>,
    local_activities: LocalActivities,
    alarm: Alarm,
}

/// What is asked of the server.
enum Call {
    Poll(
        PollKind,
        Box<PollWorkflowTaskQueueRequest>,
        Option<Duration>,
        Option<Slots>,
    ),
    Complete(
        RunKey,
        Box<RespondWorkflowTaskCompletedRequest>,
        Option<ActivityReservation>,
    ),
    Output(Output),
    LocalActivity(LocalActivity),
    /// A task that came with the answer to a start is decoded.
    Read(EagerWorkflow),
}

/// What came of it.
enum Done {
    Polled(
        PollKind,
        Result<Box<PollWorkflowTaskQueueResponse>, RpcError>,
        Option<HeldSlot>,
    ),
    Fetched(Input),
    Input(Input),
    Read(EagerWorkflow),
    Nothing,
}

impl Done {
    /// Whether workflow code may run next.
    fn runs_code(&self) -> bool {
        match self {
            Self::Polled(_, Ok(task), _) => !task.task_token.is_empty(),
            Self::Fetched(_) | Self::Read(_) => true,
            Self::Input(Input::Completed(_, Ok(answer))) => answer.workflow_task.is_some(),
            Self::Polled(_, Err(_), _) | Self::Input(_) | Self::Nothing => false,
        }
    }
}

impl<'a> Driver<'a, ()> {
    fn new(
        shared: &'a Arc<Shared>,
        sticky_queue: Option<String>,
        settings: ShardSettings,
    ) -> Driver<'a, impl Future<Output = Done> + use<>> {
        let deployment = shared.deployment.as_ref();
        let options = ShardOptions {
            namespace: shared.namespace(),
            task_queue: shared.task_queue.clone(),
            identity: shared.identity.clone(),
            max_cached_workflows: settings.cached,
            sticky_queue: sticky_queue.clone().map(|name| (name, STICKY_SCHEDULE_TO_START)),
            sdk: (crate::SDK_NAME.to_owned(), crate::SDK_VERSION.to_owned()),
            record_flags: shared.server.records_flags,
            max_local_activities: settings.local_activities,
            deployment: shared.deployment_options(),
            versioning_behavior: deployment.map_or_else(Default::default, super::Deployment::behavior),
            payload_limits: shared.server.payload_limits,
        };
        let programs = RegisteredPrograms(Arc::clone(&shared.registry));
        let mut shard = Shard::new(options, Box::new(programs)).located_by(stack::workflow_line);
        if let Some(limit) = settings.deadlock_timeout {
            shard = shard.watched(watchdog::watch(shared, limit));
        }
        let suggests = shared.server.suggests_pollers;
        let slots = settings.load.slots;
        Driver {
            shared,
            shard,
            pollers: Pollers::new(slots, settings.polls, sticky_queue.is_some(), suggests),
            sticky_queue,
            calls: FuturesUnordered::new(),
            call,
            polls_open: 0,
            fetches_open: 0,
            fetches: VecDeque::new(),
            slots: settings.slots,
            load: settings.load,
            eager_activities: settings.eager_activities,
            local_activities: LocalActivities::default(),
            alarm: Alarm::default(),
        }
    }
}

impl<C: Future<Output = Done>> Driver<'_, C> {
    /// Begins as many polls as there are slots for.
    fn poll_tasks(&mut self) {
        while let Some(kind) = self.pollers.begin(self.tasks()) {
            self.poll(kind, None);
        }
        let (normal, sticky) = self.pollers.in_flight();
        let load = &self.load;
        load.tasks.store(self.shard.outstanding(), Relaxed);
        let polls = normal.saturating_add(sticky);
        load.in_use
            .store(self.shard.outstanding().saturating_add(polls), Relaxed);
        load.normal_polls.store(normal, Relaxed);
        load.sticky_polls.store(sticky, Relaxed);
        load.cached.store(self.shard.cached(), Relaxed);
        if let Some(metrics) = &self.shared.metrics {
            metrics.workflow_load(self.shared);
        }
    }

    /// The tasks that are here, or promised a place.
    fn tasks(&self) -> usize {
        match self.slots {
            // The supplier counts.
            Some(_) => 0,
            None => self
                .shard
                .outstanding()
                .saturating_add(self.load.reserved.load(Relaxed)),
        }
    }

    fn poll(&mut self, kind: PollKind, delay: Option<Duration>) {
        let shared = self.shared;
        let task_queue = match (kind, &self.sticky_queue) {
            (PollKind::Sticky, Some(name)) => shared.sticky_queue(name),
            (PollKind::Normal | PollKind::Sticky, _) => shared.normal_queue(),
        };
        let request = PollWorkflowTaskQueueRequest {
            namespace: shared.namespace(),
            task_queue: Some(task_queue),
            identity: shared.identity.clone(),
            worker_instance_key: shared.instance_key.clone(),
            deployment_options: shared.deployment_options(),
            ..PollWorkflowTaskQueueRequest::default()
        };
        self.polls_open = self.polls_open.saturating_add(1);
        self.push(Call::Poll(kind, Box::new(request), delay, self.slots.clone()));
    }

    fn push(&mut self, call: Call) {
        self.calls.push((self.call)(Arc::clone(self.shared), call));
    }

    fn tell(&mut self, input: Input) {
        self.shard.handle(SystemTime::now(), input);
    }

    fn handle(&mut self, done: Done) {
        match done {
            Done::Input(input) => {
                if let Input::LocalActivity(key, _) = &input {
                    self.local_activities.end(*key);
                }
                self.tell(input);
            }
            Done::Fetched(input) => {
                self.fetches_open = self.fetches_open.saturating_sub(1);
                self.tell(input);
            }
            Done::Polled(kind, answer, slot) => {
                self.polls_open = self.polls_open.saturating_sub(1);
                let poller = self.pollers.end(kind);
                match answer {
                    Ok(task) => {
                        poller.backoff.succeeded();
                        let decision = task.poller_scaling_decision;
                        // An empty answer is the end of a long poll.
                        if task.task_token.is_empty() {
                            poller.scaler.observe(Polled::Nothing(decision), Instant::now());
                            if let Some(metrics) = &self.shared.metrics {
                                metrics.workflow_poll_empty();
                            }
                        } else {
                            poller.scaler.observe(Polled::Task(decision), Instant::now());
                            self.shared.status.workflow_tasks.polled(kind == PollKind::Sticky);
                            if let Some(metrics) = &self.shared.metrics {
                                metrics.workflow_task(&task);
                            }
                            self.give(task, slot);
                        }
                    }
                    Err(error) => {
                        self.shared.heed(&error);
                        poller.scaler.observe(Polled::Failed(error.code()), Instant::now());
                        let delay = poller.backoff.failed(&error, &self.shared.task_queue);
                        if let Some(kind) = self.pollers.begin(self.tasks()) {
                            self.poll(kind, Some(delay));
                        }
                    }
                }
            }
            Done::Read(task) => self.take_in(task),
            Done::Nothing => {}
        }
    }

    fn give(&mut self, task: Box<PollWorkflowTaskQueueResponse>, slot: Option<HeldSlot>) {
        let run_id = task
            .workflow_execution
            .as_ref()
            .map_or("", |execution| execution.run_id.as_str());
        if self.shared.blocked.contains(run_id) {
            // It would block this shard as well. The server tries again after the task's timeout.
            tracing::warn!(
                run_id,
                "a task is left to time out, as the run's code still blocks a thread"
            );
            return;
        }
        let slot = slot.map(|mut slot| {
            let kind = task.workflow_type.as_ref().map_or("", |kind| kind.name.as_str());
            let execution = task.workflow_execution.as_ref();
            slot.use_for(kind, execution.map_or("", |execution| execution.workflow_id.as_str()));
            Box::new(slot) as Box<dyn std::any::Any + Send>
        });
        self.shard.handle(SystemTime::now(), Input::WorkflowTask(task, slot));
    }

    /// Takes a task that came with the answer to a start.
    fn take(&mut self, task: EagerWorkflow) {
        if self.shared.client.connection().coding().is_some() {
            self.push(Call::Read(task));
        } else {
            self.take_in(task);
        }
    }

    fn take_in(&mut self, task: EagerWorkflow) {
        let (task, slot) = task.into_parts();
        self.shard.handle(SystemTime::now(), Input::WorkflowTask(task, slot));
    }

    /// Does what the shard wants done.
    fn make_calls(&mut self) {
        while let Some(output) = self.shard.poll_output() {
            match output {
                Output::Notice(notice) => self.shared.notice(notice),
                Output::FetchHistory(run, request) => self.fetches.push_back((run, request)),
                Output::Complete(run, mut request) => {
                    let eager = self.eager_activities.as_ref();
                    let reserved = eager.and_then(|eager| eager.reserve(&mut request, &self.shared.task_queue));
                    self.shared.status.workflow_tasks.done(false);
                    if let Some(metrics) = &self.shared.metrics {
                        metrics.workflow_task_done(&request.task_token, None);
                    }
                    self.push(Call::Complete(run, request, reserved));
                }
                Output::RunLocalActivity(task) => {
                    let activity = self.local_activities.begin(self.shared, task);
                    self.push(Call::LocalActivity(activity));
                }
                Output::StopLocalActivity(key, why) => self.local_activities.stop(key, why),
                output => {
                    if let Output::Fail(_, request) = &output {
                        self.shared.status.workflow_tasks.done(true);
                        if let Some(metrics) = &self.shared.metrics {
                            metrics.workflow_task_done(&request.task_token, Some(request.cause()));
                        }
                    }
                    if let (Output::AnswerQuery(_, request), Some(metrics)) = (&output, &self.shared.metrics) {
                        metrics.forget(&request.task_token);
                    }
                    self.push(Call::Output(output));
                }
            }
        }
        while self.fetches_open < FETCHES_MAX
            && let Some((run, request)) = self.fetches.pop_front()
        {
            self.fetches_open = self.fetches_open.saturating_add(1);
            self.push(Call::Output(Output::FetchHistory(run, request)));
        }
        let hits = self.load.cache_hits.swap(self.shard.cache_hits(), Relaxed);
        let misses = self.load.cache_misses.swap(self.shard.cache_misses(), Relaxed);
        if let Some(metrics) = &self.shared.metrics {
            metrics.cache(
                self.shard.cache_hits().saturating_sub(hits),
                self.shard.cache_misses().saturating_sub(misses),
            );
        }
    }

    /// Answers the tasks at hand. Open polls may still bring some, if the server ends the polls.
    async fn drain(mut self) {
        let mut listener = self.shared.stop.listen();
        let mut cancelling = std::pin::pin!(listener.reached(Phase::Cancelling));
        let mut is_cancelling = false;
        self.tell(Input::Leaving);
        let mut are_polls_awaited = self.shared.server.completes_polls_on_shutdown;
        let mut polls_end = std::pin::pin!(sleep(POLLS_END));
        loop {
            self.make_calls();
            let is_busy = self.calls.len() > self.polls_open || self.shard.outstanding() > 0;
            if !is_busy && (!are_polls_awaited || self.polls_open == 0) {
                break;
            }
            let deadline = self.shard.next_deadline();
            tokio::select! {
                biased;
                () = &mut cancelling, if !is_cancelling => {
                    is_cancelling = true;
                    self.tell(Input::LeavingNow);
                }
                done = self.calls.next() => match done {
                    Some(Done::Polled(_, Err(_), _)) => self.polls_open = self.polls_open.saturating_sub(1),
                    Some(done) => self.handle(done),
                    None => break,
                },
                () = self.alarm.reached(deadline) => self.tell(Input::Deadline),
                () = &mut polls_end, if are_polls_awaited => are_polls_awaited = false,
            }
        }
    }
}

/// Tells when a shard's next deadline has come; nothing is set while there is something else to do.
#[derive(Default)]
struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    set_to: Option<SystemTime>,
}

impl Alarm {
    async fn reached(&mut self, deadline: Option<SystemTime>) {
        let Some(deadline) = deadline else {
            return pending().await;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep(Duration::ZERO)));
        if self.set_to != Some(deadline) {
            let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
            let now = tokio::time::Instant::now();
            sleep.as_mut().reset(now.checked_add(left).unwrap_or(now));
            self.set_to = Some(deadline);
        }
        sleep.as_mut().await;
        // If the system's clock is behind, it is set again.
        self.set_to = None;
    }
}

async fn call(shared: Arc<Shared>, call: Call) -> Done {
    match call {
        Call::Poll(kind, request, delay, slots) => {
            let slot = match (delay, slots) {
                (None, None) => None,
                // What few polls wait for is apart: all calls' futures have room for the largest.
                (delay, slots) => match Box::pin(place(&shared, kind, delay, slots)).await {
                    Ok(slot) => slot,
                    Err(Stopping) => return Done::Polled(kind, Ok(Box::default()), None),
                },
            };
            let answer = shared.client.connection().poll_workflow_task_queue(request).await;
            let answer = match answer.map(Box::new) {
                Ok(task) => Ok(shared.readable(task).await),
                Err(error) => Err(error),
            };
            Done::Polled(kind, answer, slot)
        }
        Call::Complete(run, request, reservation) => {
            let answer = shared.complete(&run, request).await;
            let answer = answer.map(|mut answer| {
                if let Some(reservation) = reservation {
                    reservation.hand_over(std::mem::take(&mut answer.activity_tasks));
                }
                answer
            });
            Done::Input(Input::Completed(run, answer))
        }
        // These aren't calls.
        Call::Output(
            Output::Complete(..) | Output::Notice(_) | Output::RunLocalActivity(_) | Output::StopLocalActivity(..),
        ) => Done::Nothing,
        Call::Output(Output::Fail(run, request)) => {
            let answer = shared.fail(&run, request).await;
            Done::Input(Input::Failed(run, answer))
        }
        Call::Output(Output::FetchHistory(run, request)) => {
            let page = shared.history_page(&run, request).await;
            Done::Fetched(Input::HistoryPage(run, page))
        }
        Call::Output(Output::AnswerQuery(run, request)) => {
            shared.answer_query(&run, request).await;
            Done::Nothing
        }
        Call::Read(mut task) => {
            task.task = shared.readable(task.task).await;
            Done::Read(task)
        }
        Call::LocalActivity(activity) => Done::Input(Box::pin(activity.run()).await),
    }
}

/// The worker stops, so nothing is polled any more.
struct Stopping;

/// Waits until a poll may be sent, and for a slot for what it brings, if slots aren't just counted.
async fn place(
    shared: &Shared,
    kind: PollKind,
    delay: Option<Duration>,
    slots: Option<Slots>,
) -> Result<Option<HeldSlot>, Stopping> {
    if let Some(delay) = delay {
        sleep(delay).await;
    }
    let Some(slots) = slots else { return Ok(None) };
    let mut listener = shared.stop.listen();
    tokio::select! {
        biased;
        () = listener.reached(Phase::Draining) => Err(Stopping),
        slot = slots.reserve(kind == PollKind::Sticky) => Ok(Some(slot)),
    }
}

pub(super) fn log(notice: Notice) {
    match notice {
        Notice::TaskFailed {
            workflow_id,
            run_id,
            workflow_type,
            attempt,
            message,
        } => tracing::warn!(
            workflow_id,
            run_id,
            workflow_type,
            attempt,
            "a workflow task failed: {message}"
        ),
        Notice::SignalDropped {
            workflow_id,
            run_id,
            signal,
            reason,
        } => tracing::warn!(workflow_id, run_id, signal, "a signal was dropped: {reason}"),
        Notice::LargePayload {
            workflow_id,
            run_id,
            workflow_type,
            message,
        } => tracing::warn!(workflow_id, run_id, workflow_type, "{message}"),
        Notice::HandlersUnfinished {
            workflow_id,
            run_id,
            handlers,
        } => tracing::warn!(
            workflow_id,
            run_id,
            "[TMPRL1102] the workflow ended before its handlers did: {}. Wait for them by `ctx.all_handlers_finished().await`, or say \
             `unfinished = \"abandon\"` where it doesn't matter",
            handlers.join(", ")
        ),
        Notice::Evicted { run_id, reason } => tracing::debug!(run_id, "a run left the cache: {reason}"),
        other => tracing::warn!(notice = ?other, "notice"),
    }
}
