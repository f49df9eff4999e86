//! Starting a workflow.

use super::{
    Client, Code, EagerReservation, ErrorDetail, ExecuteError, ResultError, RpcError, StartError, StartUpdate,
    TimeSkipping, ToClient, UnfitOption, UpdateWithStartCall, VersioningOverride, WorkflowHandle,
    WorkflowIdConflictPolicy, WorkflowIdReusePolicy,
    error::{AlreadyStarted, Codec},
    new_id, result,
    signal::split,
};
use crate::{
    Priority,
    convert::{Converter, Data, EncodeError},
    error::NexusError,
    handle::{Handle, HandleCore, Target, UpdateTarget},
    nexus::{NexusContext, OperationRun},
    search_attribute::{self, SearchAttributeUpdate},
    workflow::Workflow,
};
use serde::Serialize;
use std::{borrow::Cow, future::IntoFuture, marker::PhantomData, ops::Deref, time::Duration};
use steadfast_core::BoxFuture;
use steadfast_proto::{
    common::{Callback, Link, Memo, Payload, Payloads, RetryPolicy, WorkflowType, callback},
    duration,
    sdk::UserMetadata,
    taskqueue::TaskQueue,
    workflow::OnConflictOptions,
    workflowservice::{SignalWithStartWorkflowExecutionRequest, StartWorkflowExecutionRequest},
};

/// The task queue has not been named yet: call [`task_queue`](StartCall::task_queue).
pub enum TaskQueueMissing {}
/// The task queue has been named.
pub enum TaskQueueSet {}

/// The call gives the workflow's handle, whose messages are `H`.
pub struct Start<H>(PhantomData<fn() -> H>);
/// The call waits for the workflow's result, an `O`.
pub struct Execute<O>(PhantomData<fn() -> O>);

/// The start of a workflow, which happens when it is awaited.
///
/// Without an id it gets a new one. Awaiting it needs a task queue; the type says `TaskQueueMissing` until then.
#[must_use = "nothing starts until awaited"]
pub struct StartCall<W: ?Sized, Q, M> {
    client: Client,
    pub(super) request: Box<StartWorkflowExecutionRequest>,
    pub(super) signal: Option<(String, Option<Payloads>)>,
    pub(super) is_eager: bool,
    /// The Nexus operation that the workflow is.
    operation: Option<NexusContext>,
    pub(super) error: Option<EncodeError>,
    #[allow(clippy::type_complexity)] // it is short
    _types: PhantomData<fn(&W) -> (Q, M)>,
}

impl<W: ?Sized, M> StartCall<W, TaskQueueMissing, M> {
    pub(super) fn new(client: &Client, workflow_type: impl Into<String>, input: Result<Payloads, EncodeError>) -> Self {
        let (input, error) = split(input);
        let request = Box::new(StartWorkflowExecutionRequest {
            namespace: client.namespace().to_owned(),
            workflow_type: Some(WorkflowType {
                name: workflow_type.into(),
            }),
            input,
            identity: client.identity().to_owned(),
            ..StartWorkflowExecutionRequest::default()
        });
        Self {
            client: client.clone(),
            request,
            signal: None,
            is_eager: false,
            operation: None,
            error,
            _types: PhantomData,
        }
    }
}

impl<W: ?Sized, Q, M> StartCall<W, Q, M> {
    /// The task queue that the workflow's workers poll.
    pub fn task_queue(mut self, name: impl Into<String>) -> StartCall<W, TaskQueueSet, M> {
        self.request.task_queue = Some(TaskQueue {
            name: name.into(),
            ..TaskQueue::default()
        });
        self.cast()
    }

    fn cast<P, N>(self) -> StartCall<W, P, N> {
        StartCall {
            client: self.client,
            request: self.request,
            signal: self.signal,
            is_eager: self.is_eager,
            operation: self.operation,
            error: self.error,
            _types: PhantomData,
        }
    }

    /// The workflow's id: what it is about, such as an order's number.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.request.workflow_id = id.into();
        self
    }

    /// Whether the id of a closed workflow may be used again. It may, unless this says otherwise.
    pub fn id_reuse_policy(mut self, policy: WorkflowIdReusePolicy) -> Self {
        self.request.workflow_id_reuse_policy = policy.into();
        self
    }

    /// What happens if a workflow of the id runs. It is an error, unless this says otherwise.
    pub fn id_conflict_policy(mut self, policy: WorkflowIdConflictPolicy) -> Self {
        self.request.workflow_id_conflict_policy = policy.into();
        self
    }

    /// How long the workflow may take, all its runs included.
    pub fn execution_timeout(mut self, timeout: Duration) -> Self {
        self.request.workflow_execution_timeout = Some(duration(timeout));
        self
    }

    /// How long one run may take.
    pub fn run_timeout(mut self, timeout: Duration) -> Self {
        self.request.workflow_run_timeout = Some(duration(timeout));
        self
    }

    /// How long a worker may take for one workflow task: 10 s, unless this says otherwise.
    pub fn task_timeout(mut self, timeout: Duration) -> Self {
        self.request.workflow_task_timeout = Some(duration(timeout));
        self
    }

    /// Whether the workflow's clock is turned forward while it only waits. It is not, unless this says otherwise.
    pub fn time_skipping(mut self, skipping: TimeSkipping) -> Self {
        self.request.time_skipping_config = Some(Box::new(skipping.into_wire()));
        self
    }

    /// How the workflow is tried again if it fails. It is not, unless this says otherwise.
    pub fn retry_policy(mut self, policy: impl Into<RetryPolicy>) -> Self {
        self.request.retry_policy = Some(Box::new(policy.into()));
        self
    }

    /// How long to wait before the workflow's first task.
    pub fn start_delay(mut self, delay: Duration) -> Self {
        self.request.workflow_start_delay = Some(duration(delay));
        self
    }

    /// Runs the workflow again and again, by a cron expression.
    pub fn cron_schedule(mut self, expression: impl Into<String>) -> Self {
        self.request.cron_schedule = expression.into();
        self
    }

    /// A note for people and programs, shown in lists, never searched.
    #[allow(clippy::needless_pass_by_value)] // notes are mostly written on the spot
    pub fn memo<T: Serialize + 'static>(mut self, name: impl Into<String>, value: T) -> Self {
        let payload = encode_field(&self.client, &value, &mut self.error);
        add_note(&mut self.request.memo, name.into(), payload);
        self
    }

    /// Values by which the workflow is found: `.search_attributes([CUSTOMER.set("ada")])`. The server must know their
    /// names and types.
    pub fn search_attributes(mut self, attributes: impl IntoIterator<Item = SearchAttributeUpdate>) -> Self {
        self.request.search_attributes = Some(search_attribute::collect(attributes));
        self
    }

    /// One line about the workflow, for people.
    pub fn summary(mut self, text: impl Into<String>) -> Self {
        let payload = encode_field(&self.client, &text.into(), &mut self.error);
        self.request
            .user_metadata
            .get_or_insert_with(Box::<UserMetadata>::default)
            .summary = payload;
        self
    }

    /// More about the workflow, for people.
    pub fn details(mut self, text: impl Into<String>) -> Self {
        let payload = encode_field(&self.client, &text.into(), &mut self.error);
        self.request
            .user_metadata
            .get_or_insert_with(Box::<UserMetadata>::default)
            .details = payload;
        self
    }

    /// Starts of the same id count once: the second returns the first one's run.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request.request_id = id.into();
        self
    }

    /// If a worker of this very client polls the task queue and has room, the workflow's first task comes with the answer to
    /// the start, and nobody has to poll for it. If none does, or the start comes with a signal, nothing is different.
    pub fn request_eager_start(mut self) -> Self {
        self.is_eager = true;
        self
    }

    /// Its place among others on task queues, and that of its activities: a number from 1, the highest, to 5, or a whole
    /// [`Priority`].
    pub fn priority(mut self, priority: impl Into<Priority>) -> Self {
        self.request.priority = Some(priority.into().into());
        self
    }

    /// Which build of a deployment runs it, whatever the routing says.
    pub fn versioning_override(mut self, versioning: VersioningOverride) -> Self {
        self.request.versioning_override = Some(Box::new(versioning.into_wire()));
        self
    }

    /// Has the server tell this URL how the workflow ended, with these headers, as a Nexus operation is completed. May be called for
    /// several. A workflow that runs already, and is used as the [conflict policy](Self::id_conflict_policy) says, gets
    /// them too.
    pub fn completion_callback<N: Into<String>, V: Into<String>>(
        mut self,
        url: impl Into<String>,
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let header = headers.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.request.completion_callbacks.push(Callback {
            variant: Some(callback::Variant::Nexus(callback::Nexus {
                url: url.into(),
                header: header.collect(),
            })),
            links: Vec::new(),
        });
        self
    }

    /// Shows in the history what the start is about: another workflow's event, say. May be called for several.
    pub fn link(mut self, link: Link) -> Self {
        self.request.links.push(link);
        self
    }
}

impl<W: Workflow + ?Sized, Q, M> StartCall<W, Q, M> {
    /// Sends a signal with the start, in one step: to the workflow that runs already, if one does.
    ///
    /// ```no_run
    /// # use steadfast::Client;
    /// # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let cart = client
    ///     .start_untyped("Cart", ("customer 1",))
    ///     .id("cart-1")
    ///     .task_queue("carts")
    ///     .with_signal(|cart| cart.signal_untyped("add", ("an apple",)))
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_signal(mut self, signal: impl FnOnce(&Handle<W, ToStart>) -> StartSignal) -> Self {
        let handle = Handle::of(ToStart {
            converter: self.client.converter().clone(),
        });
        let signal = signal(&handle);
        let (input, error) = split(signal.arguments);
        self.error = self.error.or(error);
        self.signal = Some((signal.name, input));
        self
    }
}

impl<W: Workflow + ?Sized> StartCall<W, TaskQueueSet, Start<W::Messages<ToClient>>> {
    /// Sends an update with the start, in one step: to the workflow that runs already, if one does and the
    /// [conflict policy](Self::id_conflict_policy) says `UseExisting`. The policy must be set.
    ///
    /// ```no_run
    /// # use steadfast::{Client, client::WorkflowIdConflictPolicy, prelude::*};
    /// # #[derive(Default)]
    /// # struct Cart { items: Vec<String> }
    /// # #[workflow]
    /// # impl Cart {
    /// #     #[run]
    /// #     async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> { Ok(()) }
    /// #     #[update]
    /// #     fn add(&mut self, item: String) -> usize { self.items.push(item); self.items.len() }
    /// # }
    /// # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let (cart, items) = client
    ///     .start::<Cart>(())
    ///     .id("cart-1")
    ///     .task_queue("carts")
    ///     .id_conflict_policy(WorkflowIdConflictPolicy::UseExisting)
    ///     .with_update(|cart| cart.add("an apple".into()))
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_update<O: Data>(
        self,
        update: impl FnOnce(&Handle<W, ToStart>) -> StartUpdate<O>,
    ) -> UpdateWithStartCall<W, O> {
        let handle = Handle::of(ToStart {
            converter: self.client.converter().clone(),
        });
        UpdateWithStartCall::new(self.client, self.request, self.error, update(&handle))
    }
}

impl<W: ?Sized, M> StartCall<W, TaskQueueSet, M> {
    fn into_sending(self) -> Sending {
        Sending {
            client: self.client,
            request: self.request,
            signal: self.signal,
            is_eager: self.is_eager,
            error: self.error,
        }
    }
}

/// A start on its way, whatever workflow it is of: the same code for all.
struct Sending {
    client: Client,
    request: Box<StartWorkflowExecutionRequest>,
    signal: Option<(String, Option<Payloads>)>,
    is_eager: bool,
    error: Option<EncodeError>,
}

impl Sending {
    fn start(self) -> BoxFuture<Result<ToClient, StartError>> {
        Box::pin(self.send())
    }

    /// Starts the workflow, and waits for its result.
    fn execute(self) -> BoxFuture<Result<Option<Payloads>, ExecuteError>> {
        Box::pin(async move { Ok(result::outcome(&self.send().await?, true).await?) })
    }

    async fn send(mut self) -> Result<ToClient, StartError> {
        if let Some(error) = self.error {
            return Err(error.into());
        }
        prepare(&mut self.request);
        let id = self.request.workflow_id.clone();
        let signal = self.signal.take();
        if signal.is_some() && !self.request.completion_callbacks.is_empty() {
            return Err(UnfitOption::new("completion_callback", "a start with a signal").into());
        }
        let reservation = if signal.is_none() { self.reserve() } else { None };
        let connection = self.client.connection();
        let run_id = match signal {
            None => {
                let answer = connection.start_workflow_execution(self.request).await;
                answer.map(|answer| {
                    if let (Some(reservation), Some(task)) = (reservation, answer.eager_workflow_task) {
                        (reservation.hand_over)(task);
                    }
                    answer.run_id
                })
            }
            Some((name, input)) => connection
                .signal_with_start_workflow_execution(with_signal(*self.request, name, input))
                .await
                .map(|answer| answer.run_id),
        };
        match run_id {
            Ok(run_id) => Ok(ToClient::started(self.client, id, run_id)),
            Err(error) => Err(StartError::of(error, id)),
        }
    }

    /// Asks for the first task, if there is somebody here to take it.
    fn reserve(&mut self) -> Option<EagerReservation> {
        let queue = self.request.task_queue.as_ref().filter(|_| self.is_eager)?;
        let kind = self.request.workflow_type.as_ref()?;
        let reservation = self.client.reserve(&queue.name, &kind.name)?;
        self.request.request_eager_execution = true;
        self.request.eager_worker_deployment_options = reservation.deployment_options.clone().map(Box::new);
        Some(reservation)
    }
}

impl<W: ?Sized, O> StartCall<W, TaskQueueSet, Execute<O>> {
    /// Starts the workflow as a Nexus operation.
    pub(crate) fn for_operation(mut self, context: NexusContext) -> StartCall<W, TaskQueueSet, OperationRun<O>> {
        self.operation = Some(context);
        self.cast()
    }
}

impl<W: ?Sized, O> StartCall<W, TaskQueueSet, OperationRun<O>> {
    /// The operation, and what starts the workflow that it is.
    pub(crate) fn into_operation(self) -> Result<(NexusContext, Box<StartWorkflowExecutionRequest>), NexusError> {
        if let Some(error) = self.error {
            return Err(NexusError::from(error).non_retryable());
        }
        match self.operation {
            Some(context) if self.signal.is_none() => Ok((context, self.request)),
            _ => {
                let message = "a workflow that is a Nexus operation cannot be started together with a signal";
                Err(NexusError::new(message).non_retryable())
            }
        }
    }
}

// Neither is bound to workflows, so that the start of what is none is reported as that alone.
impl<W: ?Sized + 'static, H: Messages> IntoFuture for StartCall<W, TaskQueueSet, Start<H>> {
    type Output = Result<WorkflowHandle<H::Workflow>, StartError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let start = self.into_sending().start();
        Box::pin(async move { Ok(Handle::of(start.await?)) })
    }
}

impl<W: ?Sized + 'static, O: Data> IntoFuture for StartCall<W, TaskQueueSet, Execute<O>> {
    type Output = Result<O, ExecuteError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let client = self.client.clone();
        let execution = self.into_sending().execute();
        Box::pin(async move {
            let result = execution.await?;
            let output = client.converter().decode_result(result.as_ref());
            Ok(output.map_err(ResultError::from)?)
        })
    }
}

/// The messages of a workflow's handle.
pub trait Messages: 'static {
    /// The workflow.
    type Workflow: Workflow + ?Sized;
}

impl<W: Workflow + ?Sized, M: Deref<Target = HandleCore<W, ToClient>> + 'static> Messages for M {
    type Workflow = W;
}

/// What was not named gets a new id, and what is told of the start reaches a workflow that runs already.
pub(super) fn prepare(request: &mut StartWorkflowExecutionRequest) {
    let uses_existing = request.workflow_id_conflict_policy() == WorkflowIdConflictPolicy::UseExisting;
    let (has_callbacks, has_links) = (!request.completion_callbacks.is_empty(), !request.links.is_empty());
    if uses_existing && (has_callbacks || has_links) {
        request.on_conflict_options = Some(OnConflictOptions {
            attach_request_id: true,
            attach_completion_callbacks: has_callbacks,
            attach_links: has_links,
        });
    }
    for id in [&mut request.workflow_id, &mut request.request_id] {
        if id.is_empty() {
            *id = new_id();
        }
    }
}

/// A field of a memo, say; what can't be encoded is told when the call is awaited.
pub(super) fn encode_field<T: Serialize + 'static>(
    client: &Client,
    value: &T,
    failed: &mut Option<EncodeError>,
) -> Option<Payload> {
    client
        .converter()
        .encode(value)
        .map_err(|error| *failed = Some(error))
        .ok()
}

/// A field of a memo, if it could be encoded.
pub(super) fn add_note(memo: &mut Option<Memo>, name: String, payload: Option<Payload>) {
    if let Some(payload) = payload {
        memo.get_or_insert_default().fields.insert(name, payload);
    }
}

impl StartError {
    pub(crate) fn of(error: RpcError, workflow_id: String) -> Self {
        if let Some(Codec::Out(error)) = Codec::of(&error) {
            return Self::Encode(error);
        }
        match error.detail() {
            Some(ErrorDetail::WorkflowAlreadyStarted(detail)) => {
                Self::AlreadyStarted(AlreadyStarted::new(workflow_id, detail.run_id.clone()))
            }
            None if error.code() == Code::AlreadyExists => {
                Self::AlreadyStarted(AlreadyStarted::new(workflow_id, String::new()))
            }
            _ => Self::Rpc(error),
        }
    }
}

/// To a workflow that is about to be started, by [`StartCall::with_signal`] or [`StartCall::with_update`].
#[derive(Debug, Clone)]
pub struct ToStart {
    converter: Converter,
}

/// A signal that goes along with a start.
#[must_use = "return it from the closure of `with_signal`"]
pub struct StartSignal {
    name: String,
    arguments: Result<Payloads, EncodeError>,
}

impl Target for ToStart {
    type Signal = StartSignal;

    fn converter(&self) -> &Converter {
        &self.converter
    }

    fn signal(&self, name: Cow<'static, str>, arguments: Result<Payloads, EncodeError>) -> StartSignal {
        StartSignal {
            name: name.into_owned(),
            arguments,
        }
    }
}

impl UpdateTarget for ToStart {
    type Update<O: Data> = StartUpdate<O>;

    fn update<O: Data>(&self, name: Cow<'static, str>, arguments: Result<Payloads, EncodeError>) -> StartUpdate<O> {
        StartUpdate::new(name.into_owned(), arguments)
    }
}

fn with_signal(
    start: StartWorkflowExecutionRequest,
    signal_name: String,
    signal_input: Option<Payloads>,
) -> SignalWithStartWorkflowExecutionRequest {
    SignalWithStartWorkflowExecutionRequest {
        namespace: start.namespace,
        workflow_id: start.workflow_id,
        workflow_type: start.workflow_type,
        task_queue: start.task_queue,
        input: start.input,
        workflow_execution_timeout: start.workflow_execution_timeout,
        workflow_run_timeout: start.workflow_run_timeout,
        workflow_task_timeout: start.workflow_task_timeout,
        identity: start.identity,
        request_id: start.request_id,
        workflow_id_reuse_policy: start.workflow_id_reuse_policy,
        workflow_id_conflict_policy: start.workflow_id_conflict_policy,
        signal_name,
        signal_input,
        retry_policy: start.retry_policy.map(|policy| *policy),
        cron_schedule: start.cron_schedule,
        memo: start.memo,
        search_attributes: start.search_attributes,
        header: start.header,
        workflow_start_delay: start.workflow_start_delay,
        user_metadata: start.user_metadata.map(|metadata| *metadata),
        links: start.links,
        versioning_override: start.versioning_override.map(|versioning| *versioning),
        priority: start.priority,
        time_skipping_config: start.time_skipping_config.map(|config| *config),
        ..SignalWithStartWorkflowExecutionRequest::default()
    }
}
