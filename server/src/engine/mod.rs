//! The engine: requests in, answers out. Pure: no clock, no randomness, no threads; time comes in as an argument.
//!
//! Every request is one transaction on one run; what a run wants of other runs happens right after it, in the same call.
//! A caller whose answer is not there yet waits under a [`WaiterId`]; [`Engine::poll_output`] says who waits no longer.
//!
//! There are two clocks. *Real* time is what the caller passes in: polls and other waits end by it. *Virtual* time is real
//! time plus what has been skipped: everything that workflows can see goes by it.

#![expect(deprecated, reason = "clients of every age speak to a server")]

mod activity;
mod activity_operation;
mod attempt;
mod backlog;
mod batch;
mod callback;
mod child;
mod clock;
mod close;
mod command;
mod command_type;
mod completion;
mod conflict;
mod counter;
mod cron;
mod deadline;
mod deployment;
mod describe;
mod dispatch;
mod error;
mod event;
mod external;
mod flow;
mod history;
mod id;
mod limits;
mod message;
mod multi_operation;
mod namespace;
mod namespace_operation;
mod nexus;
mod options;
mod pause;
mod poll;
mod poller;
mod query;
mod rate;
mod read;
mod rebuild;
mod removal;
mod request;
mod reset;
mod retry;
mod run;
mod runs;
mod scaler;
mod schedule;
mod search_attribute;
mod search_value;
mod signal;
mod standalone_activity;
mod standalone_operation;
mod start;
mod system;
mod task_queue;
mod task_queue_description;
mod task_queue_operation;
mod time;
mod time_skipping;
mod timer;
mod token;
mod update;
mod update_operation;
mod visibility;
mod waiter;
mod worker;
mod workflow_task;
mod world;

pub use callback::Completion;
pub use clock::Standstill;
pub use error::{Code, Error};
pub use limits::Limits;
pub use nexus::outbound::Outbound;
pub use request::{Call, Handled, Reply, Request, Sdk};
pub use search_attribute::SearchAttributeType;
pub use time::Time;
pub use waiter::{Output, WaiterId};

use batch::Batches;
use clock::Clock;
use deadline::Due;
use id::Ids;
use namespace::Namespaces;
use run::RunKind;
use runs::Runs;
use schedule::Schedules;
use std::time::Duration;
use steadfast_proto::SmallSet;
use time_skipping::FastForwardWaiters;
use waiter::Wait;
use world::{Effect, World};

/// What an engine is made with.
#[derive(Clone, Debug)]
pub struct Config {
    /// All identifiers are drawn from this.
    pub seed: u64,
    /// The namespaces that are there from the start.
    pub namespaces: Vec<String>,
    /// The search attributes that these namespaces have.
    pub search_attributes: Vec<(String, SearchAttributeType)>,
    /// Whether time jumps when there is nothing else to do.
    pub is_virtual: bool,
    /// Least time between a run and the one that follows it.
    pub run_interval_min: Duration,
    /// Whether runs that ended are removed when their namespace's retention is over.
    pub ends_retention: bool,
    /// What runs and requests are held to.
    pub limits: Limits,
    /// Whether [`Engine::poll_outbound`] is asked and what it gives is sent.
    pub can_call: bool,
    /// Whether what is sent may go over TLS.
    pub can_encrypt: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 0,
            namespaces: vec!["default".to_owned()],
            search_attributes: Vec::new(),
            is_virtual: false,
            run_interval_min: limits::RUN_INTERVAL_MIN,
            ends_retention: true,
            limits: Limits::default(),
            can_call: false,
            can_encrypt: false,
        }
    }
}

/// A Temporal server without clock, threads and sockets.
#[derive(Debug)]
pub struct Engine {
    world: World,
    runs: Runs,
    clock: Clock,
    schedules: Schedules,
    batches: Batches,
    index: visibility::Index,
    shut_down_workers: SmallSet<String>,
    ends_retention: bool,
    fast_forwards: FastForwardWaiters,
}

impl Engine {
    /// An engine with nothing in it.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let mut ids = Ids::new(config.seed);
        let mut namespaces = Namespaces::default();
        for name in &config.namespaces {
            if let Some(namespace) = namespaces.add(name, &mut ids) {
                namespace.search_attributes.add(&config.search_attributes);
            }
        }
        Self {
            world: World::new(namespaces, ids, config),
            runs: Runs::default(),
            clock: Clock::new(config.is_virtual),
            schedules: Schedules::default(),
            batches: Batches::default(),
            index: visibility::Index::default(),
            shut_down_workers: SmallSet::new(),
            ends_retention: config.ends_retention,
            fast_forwards: FastForwardWaiters::new(),
        }
    }

    /// Does what a caller asks for at the real time `now`.
    ///
    /// # Errors
    /// What is wrong with the request, or with doing it now.
    pub fn handle(&mut self, now: Time, call: Call) -> Result<Handled, Error> {
        self.proceed(now);
        let handled = self.dispatch(call);
        self.settle();
        handled
    }

    /// The caller behind `waiter` went away.
    pub fn cancel(&mut self, now: Time, waiter: WaiterId) {
        self.proceed(now);
        self.forget(waiter);
        self.settle();
    }

    /// The next answer for a caller that waited.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.world.waiters.outputs().pop_front()
    }

    /// When (in real time) the engine has something to do by itself.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Time> {
        let due = self.world.deadlines.first().map(|at| at.minus(self.world.ahead));
        let sleeper = self
            .world
            .waiters
            .first_sleeper()
            .map(|(at, _)| at.minus(self.world.ahead));
        let expiry = self.world.waiters.first_expiry();
        let retry = self.next_look();
        [due, sleeper, expiry, retry].into_iter().flatten().min()
    }

    /// Does what is due at the real time `now`.
    pub fn advance(&mut self, now: Time) {
        self.proceed(now);
        self.settle();
    }

    /// Virtual time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.world.now()
    }

    /// Time goes on; what fell due meanwhile happens in its order.
    fn proceed(&mut self, real: Time) {
        // A caller's clock may be behind another's by the time it takes to get here.
        self.world.real = self.world.real.max(real);
        self.fire();
        while let Some(waiter) = self.world.waiters.expired(self.world.real) {
            self.end_wait(waiter, self.world.real);
        }
    }

    /// Everything that is due by virtual time.
    fn fire(&mut self) {
        let now = self.world.now();
        while let Some(due) = self.world.deadlines.pop(now) {
            self.fall_due(due);
            self.follow();
        }
        self.wake_sleepers();
    }

    fn fall_due(&mut self, due: Due) {
        match due {
            Due::Retention { run } => return self.remove(run),
            Due::Schedule { schedule } => return self.run_schedule(schedule),
            Due::Batch { batch } => return self.run_batch(batch),
            Due::Queue { queue } => {
                self.world.queues.turn_has_come(queue);
                return self.match_queue(queue);
            }
            _ => {}
        }
        let Self { runs, world, .. } = self;
        let key = match due {
            Due::Timer { run, .. }
            | Due::ActivityRetry { run, .. }
            | Due::ActivityTimeout { run, .. }
            | Due::NexusTimeout { run, .. }
            | Due::NexusRequest { run, .. }
            | Due::NexusRetry { run, .. }
            | Due::WorkflowTask { run, .. }
            | Due::FirstWorkflowTask { run }
            | Due::RunTimeout { run } => run,
            Due::Retention { .. } | Due::Schedule { .. } | Due::Batch { .. } | Due::Queue { .. } => return,
        };
        let Ok(run) = runs.touch(key) else { return };
        match due {
            Due::Timer { started_event_id, .. } => run.fire_timer(world, started_event_id),
            Due::ActivityRetry { scheduled_event_id, .. } => run.resume_activity(world, scheduled_event_id),
            Due::ActivityTimeout { scheduled_event_id, .. } => run.time_activity_out(world, scheduled_event_id),
            Due::NexusTimeout { scheduled_event_id, .. } => run.time_operation_out(world, scheduled_event_id),
            Due::NexusRequest {
                scheduled_event_id,
                stamp,
                ..
            } => run.time_request_out(world, scheduled_event_id, stamp),
            Due::NexusRetry {
                scheduled_event_id,
                stamp,
                ..
            } => run.resend(world, scheduled_event_id, stamp),
            Due::WorkflowTask { stamp, .. } => {
                run.time_task_out(world, stamp);
                run.direct_queries(world);
            }
            Due::FirstWorkflowTask { .. } => run.end_backoff(world),
            Due::RunTimeout { .. } => run.time_out(world),
            Due::Retention { .. } | Due::Schedule { .. } | Due::Batch { .. } | Due::Queue { .. } => {}
        }
    }

    /// Everything that follows from a request, and the jumps of virtual time that it makes possible.
    fn settle(&mut self) {
        loop {
            self.follow();
            if !self.jump() {
                return;
            }
            self.fire();
        }
    }

    /// What runs want of each other, who gets which task, who hears of new events.
    fn follow(&mut self) {
        loop {
            if !self.world.outbox.is_empty() {
                for effect in std::mem::take(&mut self.world.outbox) {
                    self.carry_out(effect);
                }
            } else if let Some(queue) = self.world.queues.next_ready() {
                self.match_queue(queue);
            } else if let Some(key) = self.runs.next_touched() {
                self.look_after(key);
            } else {
                return;
            }
        }
    }

    fn look_after(&mut self, key: run::RunKey) {
        let Some(run) = self.runs.peek_mut(key) else { return };
        match run.kind() {
            RunKind::Workflow if run.skipping.is_some() => {
                run.count_transition();
                self.look_after_time(key);
            }
            RunKind::Workflow => run.count_transition(),
            RunKind::Activity => self.look_after_activity(key),
            RunKind::Operation => self.look_after_operation(key),
        }
        let Self { runs, world, .. } = self;
        let Some(run) = runs.peek_mut(key) else { return };
        let held = run.is_held();
        let readers = !run.readers.is_empty();
        if held {
            runs.held.insert(key);
        } else {
            runs.held.remove(&key);
        }
        if readers {
            read::answer_readers(runs, world, key);
        }
        self.check_size(key);
        self.reindex(key);
        self.retain(key);
    }

    /// A history that grows without end ends its run.
    fn check_size(&mut self, key: run::RunKey) {
        let Some(run) = self.runs.get(key) else { return };
        let reason = if run.history.len() > self.world.limits.history_events {
            "Workflow history count exceeds limit."
        } else if run.history.bytes() > self.world.limits.history_bytes {
            "Workflow history size exceeds limit."
        } else {
            return;
        };
        if run.is_open()
            && let Ok(run) = self.runs.touch(key)
        {
            run.terminate(&mut self.world, reason, None, "history-service", Vec::new());
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Begin(plan) => {
                // The plan was checked when the run before was.
                let _ = self.begin(*plan);
            }
            Effect::StartChild {
                parent,
                initiated_event_id,
            } => self.start_child(parent, initiated_event_id),
            Effect::ChildClosed(closed) => self.child_closed(*closed),
            Effect::WakeChild { child } => self.wake_child(child),
            Effect::SignalExternal {
                sender,
                initiated_event_id,
            } => self.signal_external(sender, initiated_event_id),
            Effect::CancelExternal {
                sender,
                initiated_event_id,
            } => self.cancel_external(sender, initiated_event_id),
            Effect::ScheduledClosed(closed) => self.scheduled_closed(*closed),
            Effect::ParentClosed { child, policy, parent } => self.parent_closed(child, policy, parent),
            Effect::CallBack { run, ending } => self.call_back(run, &ending),
        }
    }

    /// A waiter's time is up: it gets what there is.
    fn end_wait(&mut self, waiter: WaiterId, real: Time) {
        let Some(wait) = self.world.waiters.get(waiter) else {
            return;
        };
        let reply = match wait {
            Wait::WorkflowTask { queue, .. } => {
                let queue = *queue;
                self.world.queues.leave(queue, waiter, real);
                Ok(Reply::PollWorkflowTaskQueue(Box::default()))
            }
            Wait::ActivityTask { queue, .. } => {
                let queue = *queue;
                self.world.queues.leave(queue, waiter, real);
                Ok(Reply::PollActivityTaskQueue(Box::default()))
            }
            Wait::NexusTask { queue, .. } => {
                let queue = *queue;
                self.world.queues.leave(queue, waiter, real);
                Ok(Reply::PollNexusTaskQueue(Box::default()))
            }
            Wait::History { run, next_event_id, .. } => {
                let (run, next) = (*run, *next_event_id);
                read::leave(&mut self.runs, run, waiter);
                Ok(read::nothing_yet(&self.runs, run, next))
            }
            Wait::Update { run, update_id, .. } => {
                let (run, id) = (*run, update_id.clone());
                let Self { runs, world, .. } = self;
                if let Ok(run) = runs.touch(run) {
                    run.answer_update(world, &id, waiter);
                }
                return;
            }
            Wait::Query { run, query } => {
                let (run, query) = (*run, *query);
                Err(self.query_expired(run, query))
            }
            Wait::Activity { run, awaited } => {
                let (run, reply) = (*run, standalone_activity::nothing_yet(awaited));
                self.stop_awaiting_activity(run, waiter);
                Ok(reply)
            }
            Wait::Operation { run, awaited } => {
                let (run, reply) = (*run, standalone_operation::nothing_yet(awaited));
                self.stop_awaiting_operation(run, waiter);
                Ok(reply)
            }
            Wait::FastForward { workflow, .. } => {
                let workflow = workflow.clone();
                self.stop_awaiting_fast_forward(&workflow, waiter);
                Ok(time_skipping::nothing_yet())
            }
            // Nobody sleeps that long.
            Wait::Sleep { .. } => Ok(Reply::Sleep(Box::default())),
        };
        self.world.waiters.answer(waiter, reply);
    }

    fn forget(&mut self, waiter: WaiterId) {
        match self.world.waiters.remove(waiter) {
            Some(
                Wait::WorkflowTask { queue, .. } | Wait::ActivityTask { queue, .. } | Wait::NexusTask { queue, .. },
            ) => {
                self.world.queues.leave(queue, waiter, self.world.real);
            }
            Some(Wait::History { run, .. }) => read::leave(&mut self.runs, run, waiter),
            Some(Wait::Update { run, update_id, .. }) => {
                if let Ok(run) = self.runs.touch(run) {
                    run.updates.leave(&update_id, waiter);
                }
            }
            Some(Wait::Query { run, query }) => {
                if let Ok(run) = self.runs.touch(run) {
                    run.queries.remove(query);
                }
            }
            Some(Wait::Activity { run, .. }) => self.stop_awaiting_activity(run, waiter),
            Some(Wait::Operation { run, .. }) => self.stop_awaiting_operation(run, waiter),
            Some(Wait::FastForward { workflow, .. }) => self.stop_awaiting_fast_forward(&workflow, waiter),
            Some(Wait::Sleep { relock: true, .. }) => self.clock.lock(),
            Some(Wait::Sleep { .. }) | None => {}
        }
    }
}
