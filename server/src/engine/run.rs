//! One run of a workflow: its history and everything that is pending in it.

use super::{
    activity::Activity,
    callback::Callback,
    child::Child,
    deadline::DeadlineKey,
    deployment::Versioning,
    event::{self, Event},
    external::External,
    history::History,
    id::Uuid,
    namespace::NamespaceKey,
    nexus::operation::Operation,
    pause::PausedRun,
    query::Queries,
    retry::RetryPolicy,
    standalone_activity::Standalone,
    standalone_operation::StandaloneOperation,
    time::Time,
    time_skipping::TimeSkipping,
    timer::Timer,
    update::Updates,
    waiter::WaiterId,
    workflow_task::{Sticky, WorkflowTask},
    world::World,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use steadfast_proto::{
    SmallMap, SmallSet, common,
    enums::{EventType, WorkflowExecutionStatus as Status},
    history::{HistoryEvent, history_event::Attributes},
    sdk, taskqueue, workflow,
};

/// Names a run within an engine: a place, and how many runs had the place before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RunKey {
    slot: u32,
    generation: u32,
}

impl RunKey {
    pub(crate) const FIRST: Self = Self::of(0, 0);
    pub(crate) const LAST: Self = Self::of(u32::MAX, u32::MAX);

    pub(crate) const fn of(slot: u32, generation: u32) -> Self {
        Self { slot, generation }
    }

    pub(crate) fn parts(self) -> (u32, u32) {
        (self.slot, self.generation)
    }

    pub(crate) fn slot(self) -> usize {
        usize::try_from(self.slot).unwrap_or(usize::MAX)
    }
}

/// What kind of thing a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RunKind {
    Workflow,
    /// A standalone activity.
    Activity,
    /// A standalone Nexus operation.
    Operation,
}

/// What a run is, from its start on.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) key: RunKey,
    pub(crate) namespace: NamespaceKey,
    pub(crate) namespace_name: Arc<str>,
    pub(crate) workflow_id: Arc<str>,
    pub(crate) run_id: Uuid,
    pub(crate) first_run_id: Uuid,
    pub(crate) workflow_type: String,
    pub(crate) task_queue: Arc<str>,
    pub(crate) execution_timeout: Duration,
    pub(crate) run_timeout: Duration,
    pub(crate) task_timeout: Duration,
    pub(crate) retry_policy: Option<RetryPolicy>,
    pub(crate) cron_schedule: String,
    pub(crate) attempt: u32,
    pub(crate) start_request_id: String,
    pub(crate) parent: Option<Box<Parent>>,
    pub(crate) root: Option<common::WorkflowExecution>,
    pub(crate) priority: common::Priority,
    pub(crate) user_metadata: Option<Box<sdk::UserMetadata>>,
    pub(crate) start_time: Time,
    pub(crate) execution_time: Time,
    /// When the whole chain times out.
    pub(crate) expiration: Option<Time>,
    pub(crate) run_expiration: Option<Time>,
    /// When the run that a reset goes back to began, or this one.
    pub(crate) original_start_time: Time,
    pub(crate) last_reset: Option<Time>,
    /// The request that made this run of another one, if that was a reset.
    pub(crate) reset_request_id: String,
}

impl Identity {
    /// What a run is that has no workflow code: nothing but its names and its time.
    pub(crate) fn without_workflow(
        key: RunKey,
        namespace: NamespaceKey,
        namespace_name: Arc<str>,
        workflow_id: Arc<str>,
        run_id: Uuid,
        now: Time,
    ) -> Self {
        Self {
            key,
            namespace,
            namespace_name,
            workflow_id,
            run_id,
            first_run_id: run_id,
            workflow_type: String::new(),
            task_queue: "".into(),
            execution_timeout: Duration::ZERO,
            run_timeout: Duration::ZERO,
            task_timeout: Duration::ZERO,
            retry_policy: None,
            cron_schedule: String::new(),
            attempt: 1,
            start_request_id: String::new(),
            parent: None,
            root: None,
            priority: common::Priority::default(),
            user_metadata: None,
            start_time: now,
            execution_time: now,
            expiration: None,
            run_expiration: None,
            original_start_time: now,
            last_reset: None,
            reset_request_id: String::new(),
        }
    }
}

/// Who started a run as its child.
#[derive(Clone, Debug)]
pub(crate) struct Parent {
    pub(crate) namespace: Arc<str>,
    pub(crate) namespace_id: String,
    pub(crate) execution: common::WorkflowExecution,
    pub(crate) run_id: Uuid,
    pub(crate) initiated_event_id: i64,
}

/// A run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) is: Identity,
    pub(crate) status: Status,
    pub(crate) close_time: Option<Time>,
    pub(crate) history: History,
    /// Events that happened while a workflow task is in a worker's hands.
    pub(crate) buffered: Vec<HistoryEvent>,
    pub(crate) task: WorkflowTask,
    /// The attempt that the next workflow task is.
    pub(crate) next_attempt: u32,
    pub(crate) sticky: Option<Sticky>,
    /// The started event of the last completed workflow task.
    pub(crate) previous_started_event_id: i64,
    /// The completed event of the last completed workflow task.
    pub(crate) last_completed_event_id: i64,
    /// When the first workflow task of a delayed run is due.
    pub(crate) backoff: Option<(Time, DeadlineKey)>,
    /// The parent has not recorded this child yet, so that it has no workflow task.
    pub(crate) is_waiting_for_parent: bool,
    /// Boxed: the map makes room for several at once.
    pub(crate) activities: SmallMap<i64, Box<Activity>>,
    pub(crate) activity_ids: SmallMap<String, i64>,
    /// Activities in workers' hands.
    pub(crate) activities_started: usize,
    /// Those of them that nobody is at work on.
    pub(crate) activities_unattended: usize,
    pub(crate) timers: BTreeMap<String, Timer>,
    pub(crate) timer_ids: BTreeMap<i64, String>,
    pub(crate) children: SmallMap<i64, Child>,
    pub(crate) externals: SmallMap<i64, External>,
    pub(crate) operations: SmallMap<i64, Operation>,
    /// Requests to Nexus handlers in workers' hands, and until when.
    pub(crate) nexus_held: SmallMap<u64, Option<DeadlineKey>>,
    pub(crate) callbacks: Vec<Callback>,
    /// What there is besides if the run is an activity without a workflow.
    pub(crate) standalone: Option<Box<Standalone>>,
    /// What there is besides if the run is a Nexus operation without a workflow.
    pub(crate) standalone_operation: Option<Box<StandaloneOperation>>,
    /// By whom the run was paused, if it was.
    pub(crate) paused: Option<Box<PausedRun>>,
    pub(crate) versioning: Versioning,
    pub(crate) updates: Updates,
    pub(crate) queries: Queries,
    pub(crate) signal_ids: BTreeSet<String>,
    pub(crate) signals: usize,
    pub(crate) cancel_requested: bool,
    pub(crate) memo: BTreeMap<String, common::Payload>,
    pub(crate) search_attributes: BTreeMap<String, common::Payload>,
    /// Requests that made events: type, event, whether it is still buffered.
    pub(crate) request_ids: SmallMap<String, workflow::RequestIdInfo>,
    pub(crate) reset_points: Vec<workflow::ResetPointInfo>,
    /// How far the run's time is ahead of everybody's.
    pub(crate) skipped: Duration,
    pub(crate) skipping: Option<Box<TimeSkipping>>,
    /// Callers that wait for events.
    pub(crate) readers: SmallSet<WaiterId>,
    pub(crate) expiry: Option<DeadlineKey>,
    pub(crate) state_transitions: i64,
    /// What there was to see when the last transition was counted: events, activities with a worker, attempts.
    pub(crate) counted: (usize, usize, u32),
    pub(crate) last_worker_version: Option<Box<common::WorkerVersionStamp>>,
    /// A command of the task at hand asked for another task.
    pub(crate) wants_task: bool,
    /// Lists find the run by what it is now.
    pub(crate) is_indexed: bool,
    /// The run that a reset made of this one.
    pub(crate) reset_run_id: Option<Uuid>,
    /// When the run is removed.
    pub(crate) retention: Option<DeadlineKey>,
}

impl Run {
    /// A run with nothing in it.
    pub(crate) fn blank(is: Identity) -> Self {
        Self {
            is,
            status: Status::Running,
            close_time: None,
            history: History::default(),
            buffered: Vec::new(),
            task: WorkflowTask::None,
            next_attempt: 1,
            sticky: None,
            previous_started_event_id: 0,
            last_completed_event_id: 0,
            backoff: None,
            is_waiting_for_parent: false,
            activities: SmallMap::new(),
            activity_ids: SmallMap::new(),
            activities_started: 0,
            activities_unattended: 0,
            timers: BTreeMap::new(),
            timer_ids: BTreeMap::new(),
            children: SmallMap::new(),
            externals: SmallMap::new(),
            operations: SmallMap::new(),
            nexus_held: SmallMap::new(),
            callbacks: Vec::new(),
            standalone: None,
            standalone_operation: None,
            paused: None,
            versioning: Versioning::default(),
            updates: Updates::default(),
            queries: Queries::default(),
            signal_ids: BTreeSet::new(),
            signals: 0,
            cancel_requested: false,
            memo: BTreeMap::new(),
            search_attributes: BTreeMap::new(),
            request_ids: SmallMap::new(),
            reset_points: Vec::new(),
            skipped: Duration::ZERO,
            skipping: None,
            readers: SmallSet::new(),
            expiry: None,
            state_transitions: 0,
            counted: (0, 0, 0),
            last_worker_version: None,
            wants_task: false,
            is_indexed: false,
            reset_run_id: None,
            retention: None,
        }
    }

    pub(crate) fn kind(&self) -> RunKind {
        match (&self.standalone, &self.standalone_operation) {
            (Some(_), _) => RunKind::Activity,
            (None, Some(_)) => RunKind::Operation,
            (None, None) => RunKind::Workflow,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.status == Status::Running
    }

    pub(crate) fn execution(&self) -> common::WorkflowExecution {
        common::WorkflowExecution {
            workflow_id: String::from(&*self.is.workflow_id),
            run_id: self.is.run_id.text(),
        }
    }

    pub(crate) fn queue(&self) -> taskqueue::TaskQueue {
        super::task_queue::normal(&self.is.task_queue)
    }

    /// Something changed that events do not show.
    pub(crate) fn note_change(&mut self) {
        self.counted = (0, 0, 0);
    }

    /// Counts a transaction that changed the run.
    pub(crate) fn count_transition(&mut self) {
        let events = self.history.len().saturating_add(self.buffered.len());
        let now = (events, self.activities_started, self.next_attempt);
        if now != self.counted {
            self.counted = now;
            self.state_transitions = self.state_transitions.saturating_add(1);
        }
    }

    /// Whether a worker holds a task of this run, so that time must not jump.
    pub(crate) fn is_held(&self) -> bool {
        self.activities_started > self.activities_unattended
            || self.task.is_started()
            || self.queries.is_held()
            || !self.nexus_held.is_empty()
    }

    /// Records an event. While a workflow task is in a worker's hands it is kept back until that task ends; the number
    /// returned is zero then.
    pub(crate) fn happen<E: Event>(&mut self, world: &mut World, event: E) -> i64 {
        let event = self.event(world, event);
        self.happen_event(world, event)
    }

    pub(crate) fn happen_event(&mut self, world: &mut World, event: HistoryEvent) -> i64 {
        self.settle_speculative(world);
        if self.task.is_started() {
            self.buffered.push(event);
            return 0;
        }
        self.push(world, event)
    }

    /// Records an event at once: those of workflow tasks, of commands, and the last one.
    pub(crate) fn record<E: Event>(&mut self, world: &mut World, event: E) -> i64 {
        let event = self.event(world, event);
        self.push(world, event)
    }

    pub(crate) fn event<E: Event>(&mut self, world: &mut World, event: E) -> HistoryEvent {
        HistoryEvent {
            event_time: self.now(world).wire(),
            event_type: E::TYPE.into(),
            attributes: Some(event.attributes()),
            ..HistoryEvent::default()
        }
    }

    pub(crate) fn push(&mut self, world: &mut World, mut event: HistoryEvent) -> i64 {
        event.task_id = world.next_task_id();
        self.history.push(event)
    }

    /// Events that were kept back become history, what ends something after the rest. Whether there were any.
    pub(crate) fn flush(&mut self, world: &mut World) -> bool {
        if self.buffered.is_empty() {
            return false;
        }
        let is_completion =
            |event: &HistoryEvent| EventType::try_from(event.event_type).is_ok_and(event::is_completion);
        let (last, first): (Vec<_>, Vec<_>) = std::mem::take(&mut self.buffered).into_iter().partition(is_completion);
        // The started events of what is ended here got no number yet.
        let mut started: SmallMap<i64, i64> = SmallMap::new();
        for mut event in first.into_iter().chain(last) {
            if let Some(attributes) = event.attributes.as_mut()
                && let Some((scheduled, place)) = event::started_event_id_of(attributes)
                && let Some(started) = started.get(&scheduled)
            {
                *place = *started;
            }
            let begins = match &event.attributes {
                Some(Attributes::ActivityTaskStartedEventAttributes(a)) => Some(a.scheduled_event_id),
                Some(Attributes::ChildWorkflowExecutionStartedEventAttributes(a)) => Some(a.initiated_event_id),
                _ => None,
            };
            let request_id = match &event.attributes {
                Some(Attributes::WorkflowExecutionSignaledEventAttributes(a)) => Some(a.request_id.clone()),
                _ => None,
            };
            let id = self.push(world, event);
            if let Some(scheduled) = begins {
                started.insert(scheduled, id);
                if let Some(child) = self.children.get_mut(&scheduled) {
                    child.started_event_id = id;
                }
            }
            if let Some(info) = request_id.and_then(|request_id| self.request_ids.get_mut(&request_id)) {
                info.event_id = id;
                info.buffered = false;
            }
        }
        true
    }

    /// A link to one of this run's events.
    pub(crate) fn link(&self, event_id: i64, kind: EventType) -> common::Link {
        use common::link::{Variant, WorkflowEvent, workflow_event};
        let reference = workflow_event::EventReference {
            event_id,
            event_type: kind.into(),
        };
        self.link_to(Variant::WorkflowEvent(WorkflowEvent {
            namespace: String::from(&*self.is.namespace_name),
            workflow_id: String::from(&*self.is.workflow_id),
            run_id: self.is.run_id.text(),
            reference: Some(workflow_event::Reference::EventRef(reference)),
        }))
    }

    /// A link to the event that a request made, wherever it ends up.
    pub(crate) fn link_by_request(&self, request_id: &str, kind: EventType) -> common::Link {
        use common::link::{Variant, WorkflowEvent, workflow_event};
        let reference = workflow_event::RequestIdReference {
            request_id: request_id.to_owned(),
            event_type: kind.into(),
        };
        self.link_to(Variant::WorkflowEvent(WorkflowEvent {
            namespace: String::from(&*self.is.namespace_name),
            workflow_id: String::from(&*self.is.workflow_id),
            run_id: self.is.run_id.text(),
            reference: Some(workflow_event::Reference::RequestIdRef(reference)),
        }))
    }

    /// A link to this run as a whole.
    pub(crate) fn link_to_run(&self, reason: &str) -> common::Link {
        self.link_to(common::link::Variant::Workflow(common::link::Workflow {
            namespace: String::from(&*self.is.namespace_name),
            workflow_id: String::from(&*self.is.workflow_id),
            run_id: self.is.run_id.text(),
            reason: reason.to_owned(),
        }))
    }

    #[expect(clippy::unused_self, reason = "reads as a method of the run")]
    fn link_to(&self, variant: common::link::Variant) -> common::Link {
        common::Link { variant: Some(variant) }
    }
}
