//! What all runs of an engine share: time, identifiers, queues, deadlines, waiting callers.

use super::{
    Config,
    counter::Counter,
    deadline::Deadlines,
    deployment::Deployments,
    id::{Ids, Uuid},
    limits::Limits,
    namespace::{NamespaceKey, Namespaces},
    nexus::{breaker::Breakers, endpoint::Endpoints, operation::Ending, outbound::Outbox},
    run::RunKey,
    schedule::ScheduleKey,
    start::StartPlan,
    task_queue::{QueueKey, TaskQueues, Work},
    time::Time,
    waiter::Waiters,
};
use std::collections::BTreeMap;
use std::time::Duration;
use steadfast_proto::{common, enums::WorkflowExecutionStatus, failure::Failure};

/// The shared part of an engine.
#[derive(Debug)]
pub(crate) struct World {
    /// Real time, as the caller of the engine gave it.
    pub(crate) real: Time,
    /// How far virtual time is ahead of real time.
    pub(crate) ahead: Duration,
    pub(crate) ids: Ids,
    pub(crate) deadlines: Deadlines,
    pub(crate) queues: TaskQueues,
    pub(crate) waiters: Waiters,
    pub(crate) namespaces: Namespaces,
    pub(crate) endpoints: Endpoints,
    pub(crate) breakers: Breakers,
    /// Requests that leave the process.
    pub(crate) outbound: Outbox,
    pub(crate) deployments: Deployments,
    /// What runs want of other runs, done as soon as their own transaction is over.
    pub(crate) outbox: Vec<Effect>,
    /// The chains whose ends schedules wait for, by their first run.
    pub(crate) scheduled: BTreeMap<Uuid, ScheduleKey>,
    pub(crate) run_interval_min: Duration,
    pub(crate) limits: Limits,
    task_ids: i64,
    stamps: Counter,
}

/// What a run wants of other runs.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Begin the run that follows this one in its chain.
    Begin(Box<StartPlan>),
    /// Start a child.
    StartChild { parent: RunKey, initiated_event_id: i64 },
    /// Tell the parent that its child's chain ended.
    ChildClosed(Box<ChildClosed>),
    /// Schedule the first workflow task of a child that its parent has recorded.
    WakeChild { child: RunKey },
    /// Signal another run.
    SignalExternal { sender: RunKey, initiated_event_id: i64 },
    /// Ask another run to cancel.
    CancelExternal { sender: RunKey, initiated_event_id: i64 },
    /// Tell a schedule that what it started has ended.
    ScheduledClosed(Box<ScheduledClosed>),
    /// Do to a child what its closed parent said.
    ParentClosed {
        child: Uuid,
        policy: i32,
        parent: common::WorkflowExecution,
    },
    /// Tell those who asked that the workflow has ended.
    CallBack { run: RunKey, ending: Box<Ending> },
}

/// How a chain that a schedule started ended.
#[derive(Debug)]
pub(crate) struct ScheduledClosed {
    pub(crate) schedule: ScheduleKey,
    pub(crate) first_run_id: Uuid,
    pub(crate) status: WorkflowExecutionStatus,
    pub(crate) result: Option<common::Payloads>,
    pub(crate) failure: Option<Failure>,
}

/// How a child's chain ended.
#[derive(Debug)]
pub(crate) struct ChildClosed {
    pub(crate) parent_run_id: Uuid,
    pub(crate) initiated_event_id: i64,
    pub(crate) execution: common::WorkflowExecution,
    pub(crate) workflow_type: String,
    pub(crate) status: WorkflowExecutionStatus,
    pub(crate) result: Option<common::Payloads>,
    pub(crate) failure: Option<Failure>,
    pub(crate) retry_state: i32,
}

impl World {
    /// Says of search attributes that were checked which types they have.
    pub(crate) fn name_types(&self, namespace: NamespaceKey, attributes: &mut common::SearchAttributes) {
        if let Some(namespace) = self.namespaces.get(namespace) {
            let types = &namespace.search_attributes;
            let _ = types.check(&namespace.name, &mut attributes.indexed_fields);
        }
    }

    pub(crate) fn new(namespaces: Namespaces, ids: Ids, config: &Config) -> Self {
        Self {
            real: Time::default(),
            ahead: Duration::ZERO,
            ids,
            deadlines: Deadlines::default(),
            queues: TaskQueues::default(),
            waiters: Waiters::default(),
            namespaces,
            endpoints: Endpoints::default(),
            breakers: Breakers::default(),
            outbound: Outbox::new(config.can_call, config.can_encrypt),
            deployments: Deployments::default(),
            outbox: Vec::new(),
            scheduled: BTreeMap::new(),
            run_interval_min: config.run_interval_min,
            limits: config.limits,
            task_ids: 1_048_576,
            stamps: Counter::default(),
        }
    }

    /// Virtual time: what runs go by.
    pub(crate) fn now(&self) -> Time {
        self.real.plus(self.ahead)
    }

    /// The queue of that name, made if need be.
    pub(crate) fn queue(&mut self, namespace: NamespaceKey, work: Work, name: &str) -> QueueKey {
        self.queues.key(namespace, work, name, self.real)
    }

    pub(crate) fn next_task_id(&mut self) -> i64 {
        self.task_ids = self.task_ids.saturating_add(1);
        self.task_ids
    }

    pub(crate) fn next_stamp(&mut self) -> u64 {
        self.stamps.next()
    }
}
