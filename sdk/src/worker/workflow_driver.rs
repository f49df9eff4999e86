//! Drives a shard: one task that owns it, its polls and its calls in flight. No lock, and nothing hops.

use super::{
    local_activity::{LocalActivities, LocalActivity},
    poller::{PollKind, Pollers},
    registry::RegisteredPrograms,
    shared::Shared,
    stop::{Phase, Stop},
};
use crate::client::RpcError;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::{
    future::{Future, pending},
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};
use steadfast_core::{Input, Notice, Output, Refusal, Shard, ShardOptions};
use steadfast_proto::{
    enums::TaskQueueType,
    workflowservice::{PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse},
};

use tokio::time::{Instant, Sleep, sleep};

/// How long a task may wait on a sticky queue before any worker may take it.
const STICKY_SCHEDULE_TO_START: Duration = Duration::from_secs(10);
/// How long open polls may take to end after the server was told of the shutdown.
const POLLS_END: Duration = Duration::from_secs(5);

/// How much a shard takes on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) cached: usize,
    pub(super) tasks: usize,
    pub(super) local_activities: usize,
    pub(super) polls: usize,
}

/// Runs a shard until the worker stops and the shard's tasks are answered.
pub(super) async fn drive(shared: Arc<Shared>, shard: usize, limits: Limits, stop: Stop) {
    let sticky_queue = (limits.cached > 0).then(|| format!("{}-{}-{shard}", shared.identity, shared.instance_key));
    let mut driver = Driver::new(&shared, sticky_queue.clone(), limits);
    let mut listener = stop.listen();
    let mut draining = std::pin::pin!(listener.reached(Phase::Draining));
    driver.poll_tasks();
    loop {
        let deadline = driver.shard.next_deadline();
        tokio::select! {
            biased;
            () = &mut draining => break,
            Some(done) = driver.calls.next() => driver.handle(done),
            () = driver.alarm.reached(deadline) => driver.tell(Input::Deadline),
        }
        driver.make_calls();
        driver.poll_tasks();
        // In one process every call may be ready at once; others on this thread are to have their turn.
        tokio::task::consume_budget().await;
    }
    let announced = shared.announce_shutdown(sticky_queue.as_deref(), TaskQueueType::Workflow);
    tokio::join!(driver.drain(&stop), announced);
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
    local_activities: LocalActivities,
    alarm: Alarm,
}

/// What is asked of the server.
enum Call {
    Poll(PollKind, Box<PollWorkflowTaskQueueRequest>, Option<Duration>),
    Output(Output),
    LocalActivity(LocalActivity),
}

/// What came of it.
enum Done {
    Polled(PollKind, Result<Box<PollWorkflowTaskQueueResponse>, RpcError>),
    Input(Input),
    Nothing,
}

impl<'a> Driver<'a, ()> {
    fn new(
        shared: &'a Arc<Shared>,
        sticky_queue: Option<String>,
        limits: Limits,
    ) -> Driver<'a, impl Future<Output = Done> + use<>> {
        let options = ShardOptions {
            namespace: shared.namespace(),
            task_queue: shared.task_queue.clone(),
            identity: shared.identity.clone(),
            max_cached_workflows: limits.cached,
            sticky_queue: sticky_queue.clone().map(|name| (name, STICKY_SCHEDULE_TO_START)),
            sdk: ("steadfast".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            record_flags: shared.server.records_flags,
            max_local_activities: limits.local_activities,
            build_id: shared.build_id.clone(),
        };
        let programs = RegisteredPrograms(Arc::clone(&shared.registry));
        Driver {
            shared,
            shard: Shard::new(options, Box::new(programs)),
            pollers: Pollers::new(limits.tasks, limits.polls, sticky_queue.is_some()),
            sticky_queue,
            calls: FuturesUnordered::new(),
            call,
            polls_open: 0,
            local_activities: LocalActivities::default(),
            alarm: Alarm::default(),
        }
    }
}

impl<C: Future<Output = Done>> Driver<'_, C> {
    /// Begins as many polls as there are slots for.
    fn poll_tasks(&mut self) {
        while let Some(kind) = self.pollers.begin(self.shard.outstanding()) {
            self.poll(kind, None);
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
        self.push(Call::Poll(kind, Box::new(request), delay));
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
            Done::Polled(kind, answer) => {
                self.polls_open = self.polls_open.saturating_sub(1);
                let poller = self.pollers.end(kind);
                match answer {
                    Ok(task) => {
                        poller.backoff.succeeded();
                        // An empty answer is the end of a long poll.
                        if !task.task_token.is_empty() {
                            self.tell(Input::WorkflowTask(task));
                        }
                    }
                    Err(error) => {
                        let delay = poller.backoff.failed(&error, &self.shared.task_queue);
                        if let Some(kind) = self.pollers.begin(self.shard.outstanding()) {
                            self.poll(kind, Some(delay));
                        }
                    }
                }
            }
            Done::Nothing => {}
        }
    }

    /// Does what the shard wants done.
    fn make_calls(&mut self) {
        while let Some(output) = self.shard.poll_output() {
            match output {
                Output::Notice(notice) => {
                    if let Some(noticed) = &self.shared.noticed {
                        noticed(&notice);
                    }
                    log(notice);
                }
                Output::RunLocalActivity(task) => {
                    let activity = self.local_activities.begin(self.shared, task);
                    self.push(Call::LocalActivity(activity));
                }
                Output::StopLocalActivity(key, why) => self.local_activities.stop(key, why),
                output => self.push(Call::Output(output)),
            }
        }
    }

    /// Answers the tasks at hand. Open polls may still bring some, if the server ends the polls.
    async fn drain(mut self, stop: &Stop) {
        let mut listener = stop.listen();
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
                    Some(Done::Polled(_, Err(_))) => self.polls_open = self.polls_open.saturating_sub(1),
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
            let now = Instant::now();
            sleep.as_mut().reset(now.checked_add(left).unwrap_or(now));
            self.set_to = Some(deadline);
        }
        sleep.as_mut().await;
        // If the system's clock is behind, it is set again.
        self.set_to = None;
    }
}

async fn call(shared: Arc<Shared>, call: Call) -> Done {
    let connection = shared.client.connection();
    match call {
        Call::Poll(kind, request, delay) => {
            if let Some(delay) = delay {
                sleep(delay).await;
            }
            Done::Polled(kind, connection.poll_workflow_task_queue(*request).await.map(Box::new))
        }
        Call::Output(Output::Complete(run, request)) => {
            let answer = connection.respond_workflow_task_completed(*request).await;
            Done::Input(Input::Completed(
                run,
                answer.map(Box::new).map_err(|error| refusal(&error)),
            ))
        }
        Call::Output(Output::Fail(run, request)) => {
            let answer = connection.respond_workflow_task_failed(*request).await;
            Done::Input(Input::Failed(run, answer.map(drop).map_err(|error| refusal(&error))))
        }
        Call::Output(Output::FetchHistory(run, request)) => {
            let answer = connection.get_workflow_execution_history(*request).await;
            Done::Input(Input::HistoryPage(
                run,
                answer.map(Box::new).map_err(|error| refusal(&error)),
            ))
        }
        Call::Output(Output::AnswerQuery(request)) => {
            if let Err(error) = connection.respond_query_task_completed(*request).await {
                // Nobody waits for the answer any more, most likely.
                tracing::debug!(%error, "a query's answer was not taken");
            }
            Done::Nothing
        }
        Call::LocalActivity(activity) => Done::Input(activity.run().await),
        // These aren't calls.
        Call::Output(Output::Notice(_) | Output::RunLocalActivity(_) | Output::StopLocalActivity(..)) => Done::Nothing,
    }
}

fn refusal(error: &RpcError) -> Refusal {
    Refusal {
        code: i32::from(error.code()),
        message: error.message().to_owned(),
    }
}

fn log(notice: Notice) {
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
        Notice::Evicted { run_id, reason } => tracing::debug!(run_id, "a run left the cache: {reason}"),
        other => tracing::warn!(notice = ?other, "notice"),
    }
}
