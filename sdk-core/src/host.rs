//! The side of a run that workflow code sees.

use crate::{
    Command, UpdateRequest, WorkflowInfo,
    journal::{Journal, Mode},
    machines::patch::Call,
};
use std::{
    any::Any,
    fmt,
    panic::Location,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    task::{Context, Poll, Waker},
    time::SystemTime,
};
use steadfast_proto::{
    common::{Header, Memo, Payload, Payloads, SearchAttributes},
    deployment::WorkerDeploymentVersion,
    failure::Failure,
};

/// Names an operation of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OperationId {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

/// Names a group of operations of one run that are cancelled together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScopeId(pub(crate) u64);

/// How an operation ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Resolution {
    /// An activity's or a child's result; nothing for a signal or a cancellation that was delivered.
    Completed(Option<Payloads>),
    /// A timer fired.
    Fired,
    /// It failed, timed out or was cancelled on the server's side; the failure is as users of other SDKs see it (an
    /// activity failure with its cause, say).
    Failed(Box<Failure>),
    /// A timer or a wait was cancelled; a signal or a cancellation was, before it was sent.
    Cancelled,
    /// A child workflow runs. Its operation is polled again for how it ends.
    Started {
        /// The child's run.
        run_id: String,
    },
    /// A Nexus operation takes a while. Its operation is polled again for how it ends.
    OperationStarted {
        /// What its handler knows it by.
        token: String,
    },
    /// A signal or a cancellation didn't reach the other workflow.
    Undelivered(Undelivered),
}

/// Why a signal or a cancellation didn't reach the other workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undelivered {
    /// There is no such workflow, or it is closed.
    NotFound,
    /// There is no such namespace.
    NamespaceNotFound,
    /// The workflow has received as many signals as the server lets it.
    SignalLimit,
    /// A reason that this version doesn't know, by the server's number.
    Other(i32),
}

/// Something that workflow code waits for, for stack traces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingOperation {
    /// What it is: `activity charge (2)`.
    pub what: String,
    /// The line of workflow code that asked for it.
    pub location: &'static Location<'static>,
}

/// What a run and its code share.
pub(crate) struct Shared {
    journal: Mutex<Journal>,
    pub(crate) info: Arc<WorkflowInfo>,
    /// What the driver keeps with the run.
    extension: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Shared {
    pub(crate) fn new(journal: Journal, info: WorkflowInfo) -> Self {
        Self {
            journal: Mutex::new(journal),
            info: Arc::new(info),
            extension: OnceLock::new(),
        }
    }

    /// Never held while code of users runs, so it can't be poisoned by it.
    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The side of a run that workflow code sees: cheap to clone, `Send`, harmless once the run is gone.
///
/// Outside of a turn, and once the run is gone, nothing is issued: operations asked for are never ready.
#[derive(Clone)]
pub struct Host {
    shared: Arc<Shared>,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("run_id", &self.shared.info.run_id)
            .finish_non_exhaustive()
    }
}

impl Host {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Issues a command; its operation is polled with [`Host::poll`].
    #[track_caller]
    pub fn ask(&self, command: Command) -> OperationId {
        let location = Location::caller();
        self.changing(|journal, wakers| journal.ask(command, location, wakers))
    }

    /// Issues a command for a line of workflow code further up than the caller.
    pub fn ask_from(&self, command: Command, location: &'static Location<'static>) -> OperationId {
        self.changing(|journal, wakers| journal.ask(command, location, wakers))
    }

    /// Polls an operation; ready once, then the operation is forgotten. Never ready once the run is gone.
    pub fn poll(&self, operation: OperationId, context: &mut Context<'_>) -> Poll<Resolution> {
        if self.shared.journal().is_waiting(operation, context.waker()) {
            return Poll::Pending;
        }
        // A waker may be a user's: it is cloned and dropped where nothing is locked.
        let mut waker = Some(context.waker().clone());
        let poll = self.shared.journal().poll(operation, &mut waker);
        drop(waker);
        poll
    }

    /// Cancels an operation on behalf of workflow code.
    #[track_caller]
    pub fn cancel(&self, operation: OperationId) {
        let location = Location::caller();
        self.changing(|journal, wakers| journal.cancel(operation, location, wakers));
    }

    /// Opens a scope inside the current one: what is asked for while it is [entered](Self::enter_scope) is cancelled with
    /// it. A shielded one isn't reached by cancellation from outside, the run's included.
    #[must_use]
    pub fn open_scope(&self, shielded: bool) -> ScopeId {
        self.shared.journal().open_scope(shielded)
    }

    /// Makes a scope (`None`: the run itself) the current one, and returns the one that was, to be entered again after.
    pub fn enter_scope(&self, scope: Option<ScopeId>) -> Option<ScopeId> {
        std::mem::replace(&mut self.shared.journal().scope, scope)
    }

    /// Cancels what is pending in a scope and in those inside it; if nothing is, the next operation asked for there.
    #[track_caller]
    pub fn cancel_scope(&self, scope: ScopeId) {
        let location = Location::caller();
        self.changing(|journal, wakers| journal.cancel_scope(scope, location, wakers));
    }

    /// Nothing will be asked for in the scope any more.
    pub fn close_scope(&self, scope: ScopeId) {
        self.shared.journal().close_scope(scope);
    }

    /// Workflow code lost interest: a timer is cancelled, a wait forgotten, an activity runs on unobserved.
    pub fn release(&self, operation: OperationId) {
        let mut wakers = Vec::new();
        self.shared.journal().release(operation, &mut wakers);
        drop(wakers);
    }

    /// The state may have changed: routines that wait for a condition are polled again.
    pub fn state_changed(&self) {
        self.shared.journal().dirty = true;
    }

    /// A handler was added: signals that had none are tried again, in the order of their arrival.
    pub fn handlers_changed(&self) {
        self.shared.journal().handlers_changed = true;
    }

    /// The workflow's time: that of the current workflow task's start.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.shared.journal().now
    }

    /// Whether the current turn is replayed. Logs and metrics are silent then; nothing else may depend on it.
    #[must_use]
    pub fn is_replaying(&self) -> bool {
        self.shared.journal().replaying
    }

    /// What stays the same for the whole run.
    #[must_use]
    pub fn info(&self) -> Arc<WorkflowInfo> {
        Arc::clone(&self.shared.info)
    }

    /// The id of the last event applied.
    #[must_use]
    pub fn history_length(&self) -> i64 {
        self.shared.journal().history_length
    }

    /// The history's size in bytes at the current task.
    #[must_use]
    pub fn history_size_bytes(&self) -> i64 {
        self.shared.journal().history_size_bytes
    }

    /// Whether the server suggests to continue as new.
    #[must_use]
    pub fn continue_as_new_suggested(&self) -> bool {
        self.shared.journal().continue_as_new_suggested
    }

    /// Why the server suggests to continue as new, by its numbers.
    #[must_use]
    pub fn continue_as_new_reasons(&self) -> Vec<i32> {
        self.shared.journal().continue_as_new_reasons.clone()
    }

    /// Whether the run's deployment has another current version than the one that the run is pinned to.
    #[must_use]
    pub fn target_deployment_changed(&self) -> bool {
        self.shared.journal().target_deployment_changed
    }

    /// The deployment version whose worker completes, or on replay completed, the current task.
    #[must_use]
    pub fn deployment_version(&self) -> Option<WorkerDeploymentVersion> {
        self.shared.journal().deployment_version.as_deref().cloned()
    }

    /// What code last said about what it is doing.
    #[must_use]
    pub fn current_details(&self) -> String {
        self.shared.journal().current_details.clone()
    }

    /// Says what code is doing, for people. It isn't recorded: the code says it again on replay.
    #[track_caller]
    pub fn set_current_details(&self, details: impl Into<String>) {
        let location = Location::caller();
        self.shared.journal().set_current_details(details.into(), location);
    }

    /// Whether cancellation of the workflow was requested.
    #[must_use]
    pub fn is_cancel_requested(&self) -> bool {
        self.shared.journal().cancel_requested
    }

    /// Why cancellation of the workflow was requested, if it was: what the first request said.
    #[must_use]
    pub fn cancel_reason(&self) -> Option<String> {
        let journal = self.shared.journal();
        journal.cancel_requested.then(|| journal.cancel_reason.clone())
    }

    /// Whether code behind a patch takes the new path; records a marker the first time.
    #[track_caller]
    #[must_use]
    pub fn patched(&self, id: &str) -> bool {
        let location = Location::caller();
        self.shared.journal().patch(id, Call::Patched, location)
    }

    /// Marks a patch as no longer needed by any running workflow.
    #[track_caller]
    pub fn deprecate_patch(&self, id: &str) {
        let location = Location::caller();
        self.shared.journal().patch(id, Call::DeprecatePatch, location);
    }

    /// Sets search attributes, and takes those away whose value is null (`binary/null`). The server must know their names
    /// and types.
    #[track_caller]
    pub fn upsert_search_attributes(&self, attributes: SearchAttributes) {
        let location = Location::caller();
        self.shared.journal().upsert_search_attributes(attributes, location);
    }

    /// Sets fields of the memo, and takes those away whose value is null (`binary/null`).
    #[track_caller]
    pub fn upsert_memo(&self, memo: Memo) {
        let location = Location::caller();
        self.shared.journal().upsert_memo(memo, location);
    }

    /// A search attribute as code sees it now: as the run started with it, or as code changed it.
    #[must_use]
    pub fn search_attribute(&self, name: &str) -> Option<Payload> {
        let started = self.shared.info.rare().search_attributes.as_ref();
        let started = started.map(|attributes| &attributes.indexed_fields);
        self.shared.journal().search_attributes.get(name, started)
    }

    /// A field of the memo as code sees it now: as the run started with it, or as code changed it.
    #[must_use]
    pub fn memo(&self, name: &str) -> Option<Payload> {
        let started = self.shared.info.rare().memo.as_ref();
        let started = started.map(|memo| &memo.fields);
        self.shared.journal().memo.get(name, started)
    }

    /// The next number of the run's deterministic sequence.
    #[must_use]
    pub fn random(&self) -> u64 {
        self.shared.journal().random()
    }

    /// How many signal and update handlers have not finished.
    #[must_use]
    pub fn unfinished_handlers(&self) -> usize {
        self.shared.journal().handlers
    }

    /// The update whose handler runs at this moment.
    #[must_use]
    pub fn current_update(&self) -> Option<Arc<UpdateRequest>> {
        self.shared.journal().current_update.clone()
    }

    /// The headers of the message whose handler runs at this moment.
    #[must_use]
    pub fn message_header(&self) -> Option<Header> {
        let journal = self.shared.journal();
        match &journal.current_update {
            Some(update) => update.header.clone(),
            None => journal.current_header.as_deref().cloned(),
        }
    }

    /// Keeps something with the run, once, that whoever drives it finds again.
    pub fn attach(&self, extension: Arc<dyn Any + Send + Sync>) {
        // A run starts once.
        let _ = self.shared.extension.set(extension);
    }

    /// What was [attached](Self::attach).
    #[must_use]
    pub fn attached(&self) -> Option<&(dyn Any + Send + Sync)> {
        self.shared.extension.get().map(|extension| &**extension)
    }

    /// What workflow code waits for, in the order in which it was asked.
    #[must_use]
    pub fn pending_operations(&self) -> Vec<PendingOperation> {
        self.shared.journal().pending_operations()
    }

    /// Whether the run is gone: every call is then without effect.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.journal().mode == Mode::Closed
    }

    /// Changes the journal, then wakes whoever that concerns.
    fn changing<T>(&self, change: impl FnOnce(&mut Journal, &mut Vec<Waker>) -> T) -> T {
        let mut wakers = Vec::new();
        let value = change(&mut self.shared.journal(), &mut wakers);
        wakers.into_iter().for_each(Waker::wake);
        value
    }
}
