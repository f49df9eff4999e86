//! What one run knows, shared by its code and its machines.

mod apply;
mod code;
mod compare;
mod external;
mod local_activity;
mod nexus;
mod scope;
mod upsert;
mod waits;

pub(crate) use apply::Applied;
use local_activity::LocalActivities;
pub(crate) use upsert::Changes;
use waits::{Waiting, Waits};

use crate::{
    Resolution, ScopeId, TaskFailure, UpdateRequest,
    flags::{Flag, Flags},
    issued::{Issued, Queue, Terminal, What},
    machines::{patch::Patch, update::Incoming},
    operation::{Operations, RoutineId},
    program::Signal,
    random::Random,
};
use std::{collections::VecDeque, panic::Location, sync::Arc, task::Waker, time::SystemTime};
use steadfast_proto::{
    SmallMap,
    command::{Command, command::Attributes},
    common::Header,
    deployment::WorkerDeploymentVersion,
    sdk::UserMetadata,
    taskqueue::TaskQueue,
    update::Request,
};

/// What code may do at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The run is gone: every call is dead.
    Closed,
    /// No turn is under way: code has no business here, its calls are dead.
    Idle,
    /// A turn is under way.
    Code,
    /// A query or a validator is answered: nothing may change.
    ReadOnly,
}

/// A message for code, in the order of arrival.
#[derive(Debug)]
pub(crate) enum Delivery {
    Signal(Signal),
    Update(Box<Incoming>),
}

/// What one run knows.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) mode: Mode,
    pub(crate) replaying: bool,
    pub(crate) now: SystemTime,
    /// The worker's time, where nothing that code sees depends on it.
    pub(crate) worker_time: SystemTime,
    /// Something happened that code is to run for.
    pub(crate) happened: bool,
    pub(crate) locals: LocalActivities,
    /// The id of the last event applied.
    pub(crate) last_event_id: i64,
    /// The same, as code sees it: that of the task's start.
    pub(crate) history_length: i64,
    pub(crate) history_size_bytes: i64,
    pub(crate) continue_as_new_suggested: bool,
    pub(crate) continue_as_new_reasons: Vec<i32>,
    pub(crate) target_deployment_changed: bool,
    /// The deployment version whose worker completes, or completed, the current task.
    pub(crate) deployment_version: Option<Arc<WorkerDeploymentVersion>>,
    /// What code says about what it is doing, for people.
    pub(crate) current_details: String,
    pub(crate) cancel_requested: bool,
    pub(crate) cancel_reason: String,
    /// A cancellation found nothing pending and waits for the next operation.
    cancel_due: bool,
    /// The scope whose code runs; `None` is the run itself.
    pub(crate) scope: Option<ScopeId>,
    scopes: SmallMap<ScopeId, scope::Scope>,
    scopes_opened: u64,
    /// A cancellation arrived in this turn and isn't delivered yet.
    cancel_arrived: bool,
    pub(crate) random: Random,
    /// Code may have changed its state.
    pub(crate) dirty: bool,
    /// What code did and must not.
    pub(crate) violation: Option<Box<TaskFailure>>,
    /// Code added a handler of messages.
    pub(crate) handlers_changed: bool,
    /// How many signal and update handlers run.
    pub(crate) handlers: usize,
    pub(crate) current: Option<RoutineId>,
    /// Which routine asked for an operation last, and where.
    pub(crate) last_call: Option<(RoutineId, &'static Location<'static>)>,
    pub(crate) current_update: Option<Arc<UpdateRequest>>,
    /// The headers of the signal or query whose handler runs at this moment.
    pub(crate) current_header: Option<Arc<Header>>,
    pub(crate) flags: Flags,
    operations: Operations,
    queue: Queue,
    /// Initiating events of operations that aren't over.
    by_event: SmallMap<i64, u32>,
    waits: Waits,
    waiting: Waiting,
    /// Where activities go that name no task queue.
    task_queue: Option<TaskQueue>,
    activities: u64,
    timers: u64,
    patches: SmallMap<String, Patch>,
    /// What code changed of the search attributes and the memo.
    pub(crate) search_attributes: Changes,
    pub(crate) memo: Changes,
    terminal: Option<(Attributes, u64)>,
    ended: bool,
    /// The last commands that met their events, for the text of a mismatch.
    met: VecDeque<(i64, i32, &'static Location<'static>)>,
    /// Command events follow: a task's completion was just applied.
    matching: bool,
    /// Requests that the server stored as events; on replay they wait for their acceptance.
    pub(crate) admitted: SmallMap<String, (i64, Request)>,
}

impl Journal {
    pub(crate) fn new(now: SystemTime, random: Random, flags: Flags, task_queue: Option<TaskQueue>) -> Self {
        Self {
            mode: Mode::Idle,
            replaying: true,
            now,
            worker_time: now,
            happened: false,
            locals: LocalActivities::default(),
            last_event_id: 0,
            history_length: 0,
            history_size_bytes: 0,
            continue_as_new_suggested: false,
            continue_as_new_reasons: Vec::new(),
            target_deployment_changed: false,
            deployment_version: None,
            current_details: String::new(),
            cancel_requested: false,
            cancel_reason: String::new(),
            cancel_due: false,
            scope: None,
            scopes: SmallMap::new(),
            scopes_opened: 0,
            cancel_arrived: false,
            random,
            dirty: false,
            violation: None,
            handlers_changed: false,
            handlers: 0,
            current: None,
            last_call: None,
            current_update: None,
            current_header: None,
            flags,
            operations: Operations::default(),
            queue: Queue::default(),
            by_event: SmallMap::new(),
            waits: Waits::default(),
            waiting: Waiting::default(),
            task_queue,
            activities: 0,
            timers: 0,
            patches: SmallMap::new(),
            search_attributes: Changes::default(),
            memo: Changes::default(),
            terminal: None,
            ended: false,
            met: VecDeque::new(),
            matching: false,
            admitted: SmallMap::new(),
        }
    }

    /// Markers that the task to be replayed has recorded: code must know before it runs.
    pub(crate) fn observe_patches(&mut self, ids: Vec<String>) {
        for id in ids {
            self.patches.entry(id).or_default().recorded = true;
        }
    }

    fn issue(&mut self, what: What, attributes: Attributes, location: &'static Location<'static>) {
        self.issue_with(what, attributes, None, location);
    }

    fn issue_with(
        &mut self,
        what: What,
        attributes: Attributes,
        user_metadata: Option<UserMetadata>,
        location: &'static Location<'static>,
    ) {
        self.queue.push(Issued {
            what,
            attributes: Some(attributes),
            user_metadata: user_metadata.map(Box::new),
            location,
            withdrawn: false,
        });
    }

    /// Issues the command of an operation that was just asked for. What cancels it later shows the same in tools.
    fn issue_operation(
        &mut self,
        what: What,
        attributes: Attributes,
        user_metadata: Option<UserMetadata>,
        slot: u32,
        location: &'static Location<'static>,
    ) {
        if let Some(metadata) = &user_metadata
            && let Some(operation) = self.operations.at(slot)
        {
            operation.user_metadata = Some(Box::new(metadata.clone()));
        }
        self.issue_with(what, attributes, user_metadata, location);
    }

    /// Issues an update's acceptance or outcome.
    pub(crate) fn issue_message(&mut self, what: What, message_id: String) {
        let attributes = steadfast_proto::command::ProtocolMessageCommandAttributes { message_id };
        let attributes = Attributes::ProtocolMessageCommandAttributes(Box::new(attributes));
        self.issue(what, attributes, Location::caller());
    }

    /// The number that the next command gets.
    pub(crate) fn next_number(&self) -> u64 {
        self.queue.next_number()
    }

    /// Takes back the commands from `number` on.
    pub(crate) fn take_back(&mut self, number: u64) {
        self.queue.truncate(number);
    }

    /// Ends the run; the first to do so decides how.
    pub(crate) fn end(&mut self, attributes: Attributes) {
        if self.terminal.is_none() {
            self.terminal = Some((attributes, self.queue.next_number()));
        }
    }

    /// Whether code has ended the run.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended || self.terminal.is_some()
    }

    /// Code came to rest: the command that ends the run, if there is one, goes to its place.
    pub(crate) fn settle(&mut self) -> bool {
        let Some((attributes, number)) = self.terminal.take() else {
            return false;
        };
        self.ended = true;
        if !self.flags.holds(Flag::MovesTerminalCommand, self.replaying) {
            self.queue.truncate(number);
        }
        let terminal = Terminal::of(&attributes).unwrap_or(Terminal::Complete);
        self.issue(What::Terminal(terminal), attributes, Location::caller());
        true
    }

    /// The commands to be sent. When replaying there are none, history has them.
    pub(crate) fn send(&mut self) -> Vec<Command> {
        if self.replaying { Vec::new() } else { self.queue.send() }
    }

    /// Resolves an operation that code still waits for.
    fn resolve(&mut self, slot: u32, resolution: Resolution, wakers: &mut Vec<Waker>) {
        self.happened = true;
        let Some(operation) = self.operations.at(slot) else {
            return;
        };
        if !operation.is_pending() {
            return;
        }
        // A child may end before code has seen that it started.
        if operation.resolution.is_some() {
            if let Some(second) = operation.kind.second_resolution() {
                *second = Some(resolution);
            }
            return;
        }
        operation.resolution = Some(resolution);
        if let Some((waker, routine)) = operation.waiter.take() {
            wakers.push(waker);
            self.waiting.remove(routine);
        }
    }

    /// Whether a routine waits for anything that the run will wake it for.
    pub(crate) fn waits_for_something(&self, routine: RoutineId) -> bool {
        self.waiting.count(routine) > 0
    }

    pub(crate) fn forget_routine(&mut self, routine: RoutineId) {
        self.waiting.forget(routine);
    }

    /// Those who wait for a condition, if state may have changed.
    pub(crate) fn take_condition_wakers(&mut self, wakers: &mut Vec<Waker>) {
        if !std::mem::take(&mut self.dirty) {
            return;
        }
        for slot in self.waits.iter() {
            let waiter = self.operations.at(slot).and_then(|operation| operation.waiter.take());
            if let Some((waker, routine)) = waiter {
                wakers.push(waker);
                self.waiting.remove(routine);
            }
        }
    }

    /// A cancellation arrived: it goes to all that is pending and not shielded, else to the next operation.
    pub(crate) fn deliver_cancellation(&mut self, wakers: &mut Vec<Waker>) {
        if !std::mem::take(&mut self.cancel_arrived) {
            return;
        }
        let pending = self.reached_from(None);
        self.cancel_due = pending.is_empty();
        for slot in pending {
            self.cancel_slot(slot, wakers);
        }
    }

    /// Makes every call dead. The wakers are to be dropped where nothing is locked.
    pub(crate) fn close(&mut self) -> Vec<Waker> {
        self.mode = Mode::Closed;
        self.operations.take_wakers()
    }

    /// How many operations code or history may still speak of.
    pub(crate) fn open_operations(&self) -> usize {
        self.operations.len()
    }
}
