//! Child workflows.

use super::{SignalCommand, Workflow, context::uuid4, metadata_text, operation::Operation};
use crate::{
    Priority,
    activity::RetryPolicy,
    client::{VersioningOverride, WorkflowIdReusePolicy},
    convert::{Converter, Data, DecodeError, EncodeError},
    error::{ChildFailure, SOURCE},
    handle::{Handle, HandleCore, Target},
    search_attribute::{self, SearchAttributeUpdate},
};
use serde::Serialize;
use std::{
    borrow::Cow,
    fmt,
    future::{Future, IntoFuture},
    marker::PhantomData,
    panic::Location,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};
use steadfast_core::{ChildCancellation, Command, Host, Resolution};
use steadfast_proto::{
    command::StartChildWorkflowExecutionCommandAttributes,
    common::{Memo, Payloads, WorkflowExecution, WorkflowType},
    duration,
    enums::ParentClosePolicy,
    failure::{ChildWorkflowExecutionFailureInfo, Failure, failure::FailureInfo},
    sdk::UserMetadata,
    taskqueue::TaskQueue,
};

/// A child workflow, of which nothing happens until the call is awaited or [started](Self::start).
///
/// Awaited, it is the child's result, an `O`; [`start`](Self::start) gives its handle.
#[must_use = "a child workflow does nothing until the call is awaited or `.start()`ed"]
pub struct ChildCall<W: ?Sized, O> {
    host: Host,
    converter: Converter,
    attributes: Box<StartChildWorkflowExecutionCommandAttributes>,
    cancellation: ChildCancellation,
    summary: Option<String>,
    error: Option<EncodeError>,
    #[allow(clippy::type_complexity)] // it is short
    _types: PhantomData<fn(&W) -> O>,
}

impl<W: ?Sized, O> ChildCall<W, O> {
    pub(super) fn new(
        host: &Host,
        converter: &Converter,
        name: impl Into<String>,
        input: Result<Payloads, EncodeError>,
    ) -> Self {
        let (input, error) = match input {
            Ok(input) => (Some(input), None),
            Err(error) => (None, Some(error)),
        };
        let attributes = StartChildWorkflowExecutionCommandAttributes {
            workflow_type: Some(WorkflowType { name: name.into() }),
            input,
            ..StartChildWorkflowExecutionCommandAttributes::default()
        };
        Self {
            host: host.clone(),
            converter: converter.clone(),
            attributes: Box::new(attributes),
            cancellation: ChildCancellation::default(),
            summary: None,
            error,
            _types: PhantomData,
        }
    }

    /// The child's workflow id; a random UUID if it isn't set.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.attributes.workflow_id = id.into();
        self
    }

    /// Where it runs, if not on the parent's task queue.
    pub fn task_queue(mut self, name: impl Into<String>) -> Self {
        self.attributes.task_queue = Some(TaskQueue {
            name: name.into(),
            ..TaskQueue::default()
        });
        self
    }

    /// What becomes of it when the parent ends first. It is terminated, unless this says otherwise.
    pub fn parent_close_policy(mut self, policy: ParentClosePolicy) -> Self {
        self.attributes.parent_close_policy = policy.into();
        self
    }

    /// What cancelling it means for the parent, which waits for its end unless this says otherwise.
    pub fn cancellation_type(mut self, cancellation: ChildCancellation) -> Self {
        self.cancellation = cancellation;
        self
    }

    /// Whether the id of a closed workflow may be used again. It may, unless this says otherwise.
    pub fn id_reuse_policy(mut self, policy: WorkflowIdReusePolicy) -> Self {
        self.attributes.workflow_id_reuse_policy = policy.into();
        self
    }

    /// Its place among others on task queues: a number from 1, the highest, to 5, or a whole [`Priority`].
    pub fn priority(mut self, priority: impl Into<Priority>) -> Self {
        self.attributes.priority = Some(priority.into().into());
        self
    }

    /// Which version of a deployment runs it, whatever the routing and its own behaviour say.
    pub fn versioning_override(mut self, versioning: VersioningOverride) -> Self {
        self.attributes.versioning_override = Some(versioning.into_wire());
        self
    }

    /// How long it may take, all its runs included.
    pub fn execution_timeout(mut self, timeout: Duration) -> Self {
        self.attributes.workflow_execution_timeout = Some(duration(timeout));
        self
    }

    /// How long one run may take.
    pub fn run_timeout(mut self, timeout: Duration) -> Self {
        self.attributes.workflow_run_timeout = Some(duration(timeout));
        self
    }

    /// How long a worker may take for one of its workflow tasks.
    pub fn task_timeout(mut self, timeout: Duration) -> Self {
        self.attributes.workflow_task_timeout = Some(duration(timeout));
        self
    }

    /// How it is tried again if it fails. It is not, unless this says otherwise.
    pub fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.attributes.retry_policy = Some(policy.into());
        self
    }

    /// Runs it again and again, by a cron expression.
    pub fn cron_schedule(mut self, expression: impl Into<String>) -> Self {
        self.attributes.cron_schedule = expression.into();
        self
    }

    /// A note for people and programs, shown in lists, never searched.
    #[allow(clippy::needless_pass_by_value)] // notes are mostly written on the spot
    pub fn memo<T: Serialize + 'static>(mut self, name: impl Into<String>, value: T) -> Self {
        match self.converter.encode(&value) {
            Ok(payload) => {
                let memo = self.attributes.memo.get_or_insert_with(Memo::default);
                memo.fields.insert(name.into(), payload);
            }
            Err(error) => self.error = Some(error),
        }
        self
    }

    /// Values by which it is found. The server must know their names and types.
    pub fn search_attributes(mut self, attributes: impl IntoIterator<Item = SearchAttributeUpdate>) -> Self {
        self.attributes.search_attributes = Some(search_attribute::collect(attributes));
        self
    }

    /// One line that tools show beside it.
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = Some(summary.into());
        self
    }

    /// Starts it now. Awaited, that is its handle, once it runs.
    #[track_caller]
    pub fn start(self) -> ChildStart<W> {
        let (converter, host) = (self.converter.clone(), self.host.clone());
        let (id, state) = self.issue(Location::caller());
        ChildStart {
            host,
            converter,
            id,
            state,
            workflow: PhantomData,
        }
    }

    fn issue(mut self, location: &'static Location<'static>) -> (String, Issued) {
        if self.attributes.workflow_id.is_empty() {
            self.attributes.workflow_id = uuid4(&self.host);
        }
        let id = self.attributes.workflow_id.clone();
        let state = match self.error {
            Some(error) => Issued::Refused(Some(unsent(&self.attributes, &error))),
            None => {
                let command = Command::StartChild {
                    attributes: self.attributes,
                    cancellation: self.cancellation,
                    user_metadata: self.summary.map(|summary| UserMetadata {
                        summary: Some(metadata_text(&summary)),
                        ..UserMetadata::default()
                    }),
                };
                Issued::Sent(Operation::issue(&self.host, command, location))
            }
        };
        (id, state)
    }
}

// Not bound to workflows, so that a child that is none is reported as that alone.
impl<W: ?Sized, O: Data> IntoFuture for ChildCall<W, O> {
    type Output = Result<O, ChildFailure>;
    type IntoFuture = ChildFuture<O>;

    #[track_caller]
    fn into_future(self) -> ChildFuture<O> {
        let converter = self.converter.clone();
        let (_, state) = self.issue(Location::caller());
        ChildFuture {
            converter,
            state,
            output: PhantomData,
        }
    }
}

enum Issued {
    Sent(Operation),
    /// It could not even be asked for.
    Refused(Option<ChildFailure>),
    /// Its handle has it.
    Given,
}

impl Issued {
    fn cancel(&self) {
        if let Self::Sent(operation) = self {
            operation.cancel();
        }
    }

    fn poll(&mut self, task: &mut Context<'_>) -> Poll<Result<Progress, ChildFailure>> {
        match self {
            Self::Sent(operation) => operation.poll(task).map(progress),
            Self::Refused(failure) => failure
                .take()
                .map_or(Poll::Pending, |failure| Poll::Ready(Err(failure))),
            Self::Given => Poll::Pending,
        }
    }
}

/// What is told of a child that didn't fail.
enum Progress {
    Started(String),
    Completed(Option<Payloads>),
}

fn progress(resolution: Resolution) -> Result<Progress, ChildFailure> {
    match resolution {
        Resolution::Started { run_id } => Ok(Progress::Started(run_id)),
        Resolution::Completed(result) => Ok(Progress::Completed(result)),
        Resolution::Failed(failure) => Err(ChildFailure::from_failure(*failure)),
        Resolution::Cancelled
        | Resolution::Fired
        | Resolution::OperationStarted { .. }
        | Resolution::Undelivered(_) => Err(ChildFailure::from_failure(Failure::cancelled(
            "the child workflow was cancelled",
        ))),
    }
}

/// A child workflow that was asked for, and its result. Dropping it does not cancel the child.
#[must_use = "the child runs, but what becomes of it is lost unless this is awaited"]
pub struct ChildFuture<O> {
    converter: Converter,
    state: Issued,
    output: PhantomData<fn() -> O>,
}

impl<O> ChildFuture<O> {
    /// Cancels the child. What awaiting it returns then depends on its [`ChildCancellation`].
    pub fn cancel(&self) {
        self.state.cancel();
    }
}

impl<O: Data> Future for ChildFuture<O> {
    type Output = Result<O, ChildFailure>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            return match this.state.poll(task) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Ok(Progress::Started(_))) => continue,
                Poll::Ready(Ok(Progress::Completed(result))) => Poll::Ready(decode(result.as_ref(), &this.converter)),
                Poll::Ready(Err(failure)) => Poll::Ready(Err(failure)),
            };
        }
    }
}

/// A child workflow that was asked for, and its handle once it runs. Dropping it does not cancel the child.
#[must_use = "the child runs, but its handle is lost unless this is awaited"]
pub struct ChildStart<W: ?Sized> {
    host: Host,
    converter: Converter,
    id: String,
    state: Issued,
    workflow: PhantomData<fn(&W)>,
}

impl<W: ?Sized> ChildStart<W> {
    /// Cancels the child, also before it runs.
    pub fn cancel(&self) {
        self.state.cancel();
    }
}

impl<W: Workflow + ?Sized> Future for ChildStart<W> {
    type Output = Result<ChildHandle<W>, ChildFailure>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let run_id = match this.state.poll(task) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(failure)) => return Poll::Ready(Err(failure)),
            Poll::Ready(Ok(Progress::Started(run_id))) => run_id,
            // A start comes before an end.
            Poll::Ready(Ok(Progress::Completed(_))) => return Poll::Pending,
        };
        let Issued::Sent(operation) = std::mem::replace(&mut this.state, Issued::Given) else {
            return Poll::Pending;
        };
        Poll::Ready(Ok(Handle::of(ToChild(Arc::new(Child {
            host: this.host.clone(),
            converter: this.converter.clone(),
            id: std::mem::take(&mut this.id),
            run_id,
            ending: Mutex::new(Ending::Awaited(operation)),
            waiting: Arc::default(),
        })))))
    }
}

/// A child workflow that runs, as its parent holds it. Dropping it does not cancel the child.
pub type ChildHandle<W> = Handle<W, ToChild>;

/// To a child workflow.
#[derive(Clone)]
pub struct ToChild(Arc<Child>);

struct Child {
    host: Host,
    converter: Converter,
    id: String,
    run_id: String,
    ending: Mutex<Ending>,
    waiting: Arc<Waiting>,
}

enum Ending {
    Awaited(Operation),
    Known(Result<Option<Payloads>, ChildFailure>),
}

/// Those who wait for a child's end: it may be awaited in several places.
#[derive(Default)]
struct Waiting(Mutex<Vec<Waker>>);

impl Waiting {
    fn add(&self, waker: Waker) {
        let mut waiting = lock(&self.0);
        if !waiting.iter().any(|other| other.will_wake(&waker)) {
            waiting.push(waker);
        }
    }

    fn wake_all(&self) {
        let waiting = std::mem::take(&mut *lock(&self.0));
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Child {
    fn poll(&self, task: &Context<'_>) -> Poll<Result<Option<Payloads>, ChildFailure>> {
        let mut ending = lock(&self.ending);
        let operation = match &mut *ending {
            Ending::Known(result) => return Poll::Ready(result.clone()),
            Ending::Awaited(operation) => operation,
        };
        self.waiting.add(task.waker().clone());
        let waker = Waker::from(Arc::clone(&self.waiting));
        let result = match operation.poll(&mut Context::from_waker(&waker)) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(resolution) => match progress(resolution) {
                Ok(Progress::Completed(result)) => Ok(result),
                Err(failure) => Err(failure),
                // That was known before there was a handle.
                Ok(Progress::Started(_)) => return Poll::Pending,
            },
        };
        *ending = Ending::Known(result.clone());
        drop(ending);
        self.waiting.wake_all();
        Poll::Ready(result)
    }
}

impl fmt::Debug for ToChild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToChild")
            .field("id", &self.0.id)
            .field("run_id", &self.0.run_id)
            .finish()
    }
}

impl Target for ToChild {
    type Signal = SignalCommand;

    fn converter(&self) -> &Converter {
        &self.0.converter
    }

    fn signal(&self, name: Cow<'static, str>, arguments: Result<Payloads, EncodeError>) -> SignalCommand {
        let execution = WorkflowExecution {
            workflow_id: self.0.id.clone(),
            // A child that continued as new is still the same child.
            run_id: String::new(),
        };
        SignalCommand::new(&self.0.host, execution, true, name.into_owned(), arguments)
    }
}

impl<W: Workflow + ?Sized> HandleCore<W, ToChild> {
    /// The child's workflow id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.target.0.id
    }

    /// The run that was started.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.target.0.run_id
    }

    /// What the child returns, awaited as often as one likes.
    pub fn result(&self) -> ChildResult<W> {
        ChildResult {
            target: self.target.clone(),
            workflow: PhantomData,
        }
    }

    /// Cancels the child. What its result is then depends on its [`ChildCancellation`].
    pub fn cancel(&self) {
        if let Ending::Awaited(operation) = &*lock(&self.target.0.ending) {
            operation.cancel();
        }
    }
}

/// What a child returns, once it ends.
#[must_use = "the child's result is lost unless this is awaited"]
pub struct ChildResult<W: ?Sized> {
    target: ToChild,
    workflow: PhantomData<fn(&W)>,
}

impl<W: Workflow + ?Sized> Future for ChildResult<W> {
    type Output = Result<W::Output, ChildFailure>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let child = &self.target.0;
        child
            .poll(task)
            .map(|result| decode(result?.as_ref(), &child.converter))
    }
}

fn decode<O: Data>(result: Option<&Payloads>, converter: &Converter) -> Result<O, ChildFailure> {
    converter.decode_result(result).map_err(|error: DecodeError| {
        let message = format!("the child workflow's result can't be decoded: {error}");
        ChildFailure::from_failure(Failure {
            source: SOURCE.to_owned(),
            ..Failure::application("DecodeError", message)
        })
    })
}

/// As the failure of the child itself would be, had the server heard of it.
fn unsent(attributes: &StartChildWorkflowExecutionCommandAttributes, error: &EncodeError) -> ChildFailure {
    let info = ChildWorkflowExecutionFailureInfo {
        workflow_execution: Some(WorkflowExecution {
            workflow_id: attributes.workflow_id.clone(),
            run_id: String::new(),
        }),
        workflow_type: attributes.workflow_type.clone(),
        ..ChildWorkflowExecutionFailureInfo::default()
    };
    ChildFailure::from_failure(Failure {
        message: "the child workflow could not be asked for".to_owned(),
        source: SOURCE.to_owned(),
        cause: Some(Box::new(Failure {
            source: SOURCE.to_owned(),
            ..Failure::application("EncodeError", error.to_string())
        })),
        failure_info: Some(FailureInfo::ChildWorkflowExecutionFailureInfo(info)),
        ..Failure::default()
    })
}
